"""One file over HTTP: goes on where it stopped, and is kept only if it is what was promised."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

import requests
from tqdm import tqdm

from cosmos_datasets.build.files import file_sha256
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.plain_text import printable
from cosmos_datasets.source import Download

_CHUNK = 1 << 16
#: Seconds to connect, and without a byte.
_TIMEOUT = (20, 60)
#: Seconds to wait before the connection is tried again; any byte received starts over.
_PAUSES = (1, 3, 10, 30)
_REDIRECTS = 10


def file_name(file: Download) -> str:
    """The name a file gets: its own, else the last part of its address."""
    return file.name or PurePosixPath(unquote(urlsplit(file.url).path)).name


def fetch(
    file: Download, target: Path, *, progress: bool = False, led_to: Callable[[str], object] = lambda host: None
) -> str:
    """Download a file.

    What is there of an interrupted download (``<name>.part``) is kept and gone on with, if the server can and its
    file is still the same.

    Args:
        file: address, and size and checksum where known.
        target: where it goes; its folder must exist.
        progress: show a bar on a terminal.
        led_to: called with each other host that the server leads to; it is told on standard error too.

    Returns:
        The SHA-256 of the file, lower-case hex.

    Raises:
        CosmosError: if the server refuses or offers something else, the disk is too small, or size or checksum differ
            (the file is then removed).
    """
    part = target.with_name(target.name + ".part")
    for ours in (part, _tag_file(part)):
        if ours.is_symlink():  # not to write through it
            ours.unlink()
    waits = iter(_PAUSES)
    while True:
        before = _size(part)
        try:
            total = _receive(file, part, progress, led_to)
            break
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if _size(part) > before:
                waits = iter(_PAUSES)
            pause = next(waits, None)
            if pause is None:
                raise CosmosError(
                    f"{file.url}: the connection fails ({type(error).__name__}). What was received is kept; give the "
                    "same command again to go on."
                ) from error
            time.sleep(pause)
    if total is not None and _size(part) != total:
        _discard(part)
        raise CosmosError(f"{file.url}: other bytes came than were announced; give the same command again.")
    found = file_sha256(part)
    if file.sha256 not in {None, found}:
        _discard(part)
        raise CosmosError(
            f"{file.url}: SHA-256 is {found}, {file.sha256} was expected. The file was removed: it is damaged, or the "
            "publisher has changed it."
        )
    part.replace(target)
    _discard(part)
    return found


def _receive(file: Download, part: Path, progress: bool, led_to: Callable[[str], object]) -> int | None:
    """Append what is missing to ``part``; returns the whole size if the server tells it."""
    have, tag = _size(part), _tag_file(part)
    headers = {"Accept-Encoding": "identity", "User-Agent": "cosmos-datasets"}
    if have and tag.is_file():
        # Without the tag the server could send the end of another version.
        headers |= {"Range": f"bytes={have}-", "If-Range": tag.read_text()}
    with _get(file.url, headers, led_to) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            _discard(part)
            return _receive(file, part, progress, led_to)
        _check_answer(file, answer)
        resumed = answer.status_code == requests.codes.partial_content
        have = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else file.size
        if file.size is not None and total != file.size:
            raise CosmosError(
                f"{file.url}: the server offers {total:,} bytes, {file.size:,} were expected; the publisher has "
                "changed the file."
            )
        if total is not None:
            check_space(part.parent, total - have, file.url)
        if not resumed:
            part.unlink(missing_ok=True)
            _remember_tag(answer, tag)
        bar = tqdm(
            total=total,
            initial=have,
            unit="B",
            unit_scale=True,
            desc=file_name(file),
            disable=None if progress else True,
        )
        with part.open("ab") as out, bar:
            for block in answer.iter_content(_CHUNK):
                out.write(block)
                bar.update(len(block))
    return total


def _get(url: str, headers: dict[str, str], led_to: Callable[[str], object]) -> requests.Response:
    """Ask for a file, following redirects: never from https to http, and to another host not without a word."""
    first = urlsplit(url)
    for _ in range(_REDIRECTS):
        answer = requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT, allow_redirects=False)
        if not answer.is_redirect:
            return answer
        answer.close()
        there = urlsplit(urljoin(url, answer.headers["Location"]))
        if there.scheme != "https" and (there.scheme != "http" or urlsplit(url).scheme == "https"):
            raise CosmosError(f"{url}: the server leads away from https, to {there.scheme}://{there.netloc}; refused.")
        if there.hostname != first.hostname:
            tqdm.write(printable(f"{first.hostname} leads to {there.hostname}"), file=sys.stderr)
            led_to(str(there.hostname))
        url = there.geturl()
    raise CosmosError(f"{first.geturl()}: the server leads from one address to the next without an end.")


def _check_answer(file: Download, answer: requests.Response) -> None:
    if answer.status_code >= requests.codes.server_error or answer.status_code == requests.codes.too_many_requests:
        raise requests.ConnectionError(f"status {answer.status_code}")
    if not answer.ok:
        raise CosmosError(
            f"{file.url}: the server answers {answer.status_code} {answer.reason}. The file may have moved, or needs "
            "an account by now."
        )
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith("text/html") and not re.search(r"\.html?$", file_name(file)):
        raise CosmosError(
            f"{file.url}: a web page came instead of the file; open the address in a browser, download "
            f"{file_name(file)} there and unpack it yourself."
        )


def check_space(folder: Path, needed: int, what: str) -> None:
    """Raise :class:`CosmosError` if the disk of ``folder`` has not ``needed`` bytes free."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CosmosError(
            f"{what} needs {needed / 1e9:,.2f} GB more in {folder}, and {free / 1e9:,.2f} GB are free there."
        )


def _remember_tag(answer: requests.Response, tag: Path) -> None:
    strong = answer.headers.get("ETag", "")
    value = strong if strong and not strong.startswith("W/") else answer.headers.get("Last-Modified", "")
    tag.unlink(missing_ok=True)
    if value:
        tag.write_text(value)


def _tag_file(part: Path) -> Path:
    return part.with_name(part.name + ".tag")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag_file(part).unlink(missing_ok=True)
