"""Moving finished shards in place and rewriting manifest and README, under a lock."""

from __future__ import annotations

import shutil
from pathlib import Path

from cosmos_datasets.build.files import atomic
from cosmos_datasets.build.manifest import Manifest, SourceEntry, read_manifest, write_manifest
from cosmos_datasets.build.readme import render_readme
from cosmos_datasets.locks import locked


def publish(out: Path, source_id: str, entry: SourceEntry, staging: Path) -> None:
    """Replace a source of a data set by the shards in ``staging``.

    Every step can be repeated: after an interruption the next build finds what is still in ``staging`` and goes on.
    While files are exchanged the data set does not offer the source, so that nobody loads old rows beside new ones.

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
        if manifest.sources.pop(source_id, None) is not None:
            _describe(out, manifest)
        for target in sorted(wanted):
            staged = staging / target.relative_to(out)
            if staged.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)
        _remove_others(out, source_id, wanted)
        manifest.sources[source_id] = entry
        _describe(out, manifest)
        for leftover in out.glob(".*.tmp"):
            leftover.unlink()
        discard(out, source_id)


def discard(out: Path, source_id: str) -> None:
    """Remove what was prepared for a source, and the folders that are empty without it."""
    shutil.rmtree(out / ".build" / source_id, ignore_errors=True)
    for folder in (out / ".build", out):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _describe(out: Path, manifest: Manifest) -> None:
    with atomic(out / "README.md") as temporary:
        temporary.write_text(render_readme(manifest), encoding="utf-8")
    write_manifest(out, manifest)


def _remove_others(out: Path, source_id: str, wanted: set[Path]) -> None:
    """Remove the files of the source that the manifest will not name, and folders left empty."""
    for base in (out / "data" / source_id, out / "index" / source_id):
        for path in sorted(base.rglob("*"), reverse=True):
            if path.is_file() and path not in wanted:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
