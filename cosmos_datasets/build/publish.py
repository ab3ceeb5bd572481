"""Moving finished shards in place and rewriting manifest and README, under a lock."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.build.files import atomic
from cosmos_datasets.build.manifest import Manifest, SourceEntry, read_manifest, write_manifest
from cosmos_datasets.build.readme import is_ours, render_readme
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.locks import locked

#: How a build names its shards: nothing else is ever removed from a data set.
_SHARD = re.compile(r"(?:train|validation|test)-\d{5}-of-\d{5}\.parquet")

#: What :func:`~cosmos_datasets.build.files.atomic` writes before it renames.
_TEMPORARY = ".*.tmp"


def publish(out: Path, source_id: str, entry: SourceEntry, staging: Path) -> None:
    """Replace a source of a data set by the shards in ``staging``.

    Every step can be repeated: after an interruption the next build finds what is still in ``staging`` and goes on.
    While files are exchanged the data set does not offer the source, so that nobody loads old rows beside new ones:
    README.md never lists what the manifest does not hold, at no step.

    Args:
        out: the data set's folder.
        source_id: which source.
        entry: its manifest entry; shards without a row get no file.
        staging: holds ``data/...`` and ``index/...`` as named in the entry; a shard that is not there stays as it is.
    """
    entry.empty = [*entry.empty, *(shard for shard in entry.shards if not shard.rows)]
    entry.shards = [shard for shard in entry.shards if shard.rows]
    wanted = {out / path for shard in entry.shards for path in (shard.path, shard.index)}
    with locked(out / ".lock", wait=True):
        manifest = read_manifest(out)
        manifest.sources.pop(source_id, None)
        _write_readme(out, manifest)
        write_manifest(out, manifest)
        for target in sorted(wanted):
            staged = staging / target.relative_to(out)
            if staged.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)
        _remove_others(out, source_id, wanted)
        manifest.sources[source_id] = entry
        write_manifest(out, manifest)
        _write_readme(out, manifest)
        discard(out, source_id)


def tidy(out: Path) -> None:
    """Put right what a killed process left in the folder of a data set: temporary files and an older README.md."""
    if not (out / MANIFEST).is_file() and not any(out.glob(_TEMPORARY)):
        return
    with locked(out / ".lock", wait=True):
        for leftover in out.glob(_TEMPORARY):
            leftover.unlink()
        manifest = read_manifest(out)
        if (out / MANIFEST).is_file() and _readme(out) != render_readme(manifest):
            _write_readme(out, manifest)


def refuse_foreign(out: Path, root: Path) -> None:
    """Refuse a folder in which a build would touch what it has not written.

    Args:
        out: the data set's folder.
        root: the raw folder of the source to build.

    Raises:
        CosmosError: if ``out`` is the raw folder or a part of it, or the raw folder lies where shards go; if ``out``
            holds a README.md that is edited or somebody else's, or data without a manifest.
    """
    folder, raw = out.resolve(), root.resolve()
    where_shards_go = any(raw.is_relative_to(folder / name) for name in ("data", "index", ".build"))
    if folder == raw or where_shards_go or (folder.is_relative_to(raw) and _has_files_of_others(out)):
        raise CosmosError(f"{out} and the raw folder {root} are part of each other. Choose another --out.")
    if _readme(out) and not is_ours(_readme(out)):
        raise CosmosError(
            f"{out / 'README.md'} was not written by a build, or was edited since. Rename it, or choose another --out."
        )
    if not (out / MANIFEST).is_file() and any((out / name).exists() for name in ("data", "index")):
        raise CosmosError(
            f"{out} holds data/ or index/ without a {MANIFEST}: no build has written them. Choose another --out."
        )


def _has_files_of_others(out: Path) -> bool:
    return out.is_dir() and not (out / MANIFEST).is_file() and any(one.name != ".build" for one in out.iterdir())


def _readme(out: Path) -> str:
    path = out / "README.md"
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def discard(out: Path, source_id: str) -> None:
    """Remove what was prepared for a source, and the folders that are empty without it."""
    shutil.rmtree(out / ".build" / source_id, ignore_errors=True)
    for folder in (out / ".build", out):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _write_readme(out: Path, manifest: Manifest) -> None:
    with atomic(out / "README.md") as temporary:
        temporary.write_text(render_readme(manifest), encoding="utf-8")


def _remove_others(out: Path, source_id: str, wanted: set[Path]) -> None:
    """Remove the shards of an older plan, which the manifest will not name, and folders left empty."""
    for base in (out / "data" / source_id, out / "index" / source_id):
        for path in sorted(base.rglob("*"), reverse=True):
            if path.is_file() and path not in wanted and _SHARD.fullmatch(path.name):
                path.unlink()
            elif path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
                path.rmdir()
