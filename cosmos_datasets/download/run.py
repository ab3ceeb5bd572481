"""The downloads of one source, into one folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from filelock import Timeout

from cosmos_datasets.download.fetch import fetch, file_name
from cosmos_datasets.download.record import Checked, Fetched, read_record, write_record
from cosmos_datasets.download.unpack import is_archive, unpack
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.locks import locked
from cosmos_datasets.source import Download, Source


def download(source: Source, folder: Path, *, keep: bool = False, progress: bool = False) -> list[Fetched]:
    """Fetch, check and unpack all files of a source; what the folder's record lists is not fetched again.

    Args:
        source: one with ``downloads``.
        folder: where the layout of the source is to stand.
        keep: keep the archives after they were unpacked.
        progress: show bars on a terminal.

    Returns:
        The record of the folder, in the source's order.

    Raises:
        CosmosError: see :func:`cosmos_datasets.download.fetch.fetch` and
            :func:`cosmos_datasets.download.unpack.unpack`. The same call goes on where it stopped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder / ".download.lock", wait=False):
            known = read_record(folder)
            for file in source.downloads:
                if file.url not in known:
                    known[file.url] = _fetched(file, folder, progress)
                    write_record(folder, source.id, known)
                path = _place(file, folder)
                if not known[file.url].unpacked and path.is_file() and is_archive(path):
                    unpack(path, path.parent, progress=progress)
                    known[file.url] = replace(known[file.url], unpacked=True)
                    write_record(folder, source.id, known)
                    if not keep:
                        path.unlink()
    except Timeout as error:
        raise CosmosError(f"another download into {folder} is running; wait for it.") from error
    return [known[file.url] for file in source.downloads]


def _place(file: Download, folder: Path) -> Path:
    return folder / file.into / file_name(file)


def _fetched(file: Download, folder: Path, progress: bool) -> Fetched:
    path = _place(file, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    hosts: dict[str, None] = {}
    digest = fetch(file, path, progress=progress, led_to=hosts.setdefault)
    checked: Checked = "sha256" if file.sha256 else "size" if file.size else "unknown"
    return Fetched(file.url, path.name, path.stat().st_size, digest, checked, unpacked=False, hosts=list(hosts))
