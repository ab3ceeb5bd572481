"""Moving finished shards in place and rewriting manifest and README, under a lock."""

from __future__ import annotations

import shutil
from pathlib import Path

from filelock import FileLock

from cosmos_datasets.build.manifest import SourceEntry, read_manifest, write_manifest
from cosmos_datasets.build.readme import render_readme
from cosmos_datasets.build.spool import atomic


def publish(out: Path, source_id: str, entry: SourceEntry, staging: Path) -> None:
    """Replace a source of a data set by the shards in ``staging``.

    Every step can be repeated: after an interruption the next build finds what is still in ``staging`` and goes on.

    Args:
        out: the data set's folder.
        source_id: which source.
        entry: its manifest entry; shards without a row are left out of the data set.
        staging: holds ``data/...`` and ``index/...`` as named in the entry.
    """
    with FileLock(out / ".lock"):
        kept = [shard for shard in entry.shards if shard.rows]
        entry.shards = kept
        wanted = {out / path for shard in kept for path in (shard.path, shard.index)}
        for target in sorted(wanted):
            staged = staging / target.relative_to(out)
            if staged.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)
        manifest = read_manifest(out)
        manifest.sources[source_id] = entry
        write_manifest(out, manifest)
        with atomic(out / "README.md") as temporary:
            temporary.write_text(render_readme(manifest), encoding="utf-8")
        for folder in (out / "data" / source_id, out / "index" / source_id):
            for path in folder.rglob("*"):
                if path.is_file() and path not in wanted:
                    path.unlink()
        shutil.rmtree(out / ".build" / source_id, ignore_errors=True)
        _remove_if_empty(out / ".build")


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
