"""Checking a built data set against its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray
from tqdm import tqdm

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.build.digest import row_digest
from cosmos_datasets.build.files import combine, file_sha256
from cosmos_datasets.build.index import index_rows
from cosmos_datasets.build.manifest import Manifest, read_manifest
from cosmos_datasets.build.pool import worker_pool
from cosmos_datasets.build.readme import configs
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.build.verify_rows import printable, row_problems
from cosmos_datasets.errors import CosmosError, reading_built
from cosmos_datasets.schema import INDEX_SCHEMA, MEDIA_COLUMNS, ROW_SCHEMA

#: Below this a worker takes longer to start than to check.
_BYTES_PER_WORKER = 100_000_000


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        path: the file, relative to the data set's folder.
        message: what is wrong with it.
        source: the source whose build puts it right; empty if any does.
    """

    path: str
    message: str
    source: str = ""


@dataclass
class Verification:
    """What was checked and what is wrong.

    Attributes:
        shards, images, masks, instances, bytes: of the data set, as its manifest says.
        deep: whether pixels were decoded.
        problems: everything that is wrong, sorted by file.
    """

    shards: int = 0
    images: int = 0
    masks: int = 0
    instances: int = 0
    bytes: int = 0
    deep: bool = False
    problems: list[Problem] = field(default_factory=list)


def verify(
    folder: Path,
    *,
    deep: bool = False,
    workers: int = 1,
    progress: bool = False,
    sources: Collection[str] | None = None,
) -> Verification:
    """Check checksums, schema and row counts of every shard, that the index agrees, and that nothing is left over.

    Args:
        folder: a built data set.
        deep: also decode every image and mask and recompute the content digest.
        workers: processes.
        progress: show a bar on standard error.
        sources: look into the files of these alone; all by default.

    Raises:
        CosmosError: if the folder holds no manifest, one that cannot be read, or an index alone.
    """
    if not (folder / MANIFEST).is_file():
        raise CosmosError(f"{folder} is not a built data set: it has no {MANIFEST}.")
    manifest = read_manifest(folder)
    if manifest.index_only:
        raise CosmosError(
            f"{folder} holds an index without pixels. Compare a build with it: cosmos-datasets verify BUILD --against "
            f"{folder}"
        )
    chosen = {name: one for name, one in sorted(manifest.sources.items()) if sources is None or name in sources}
    jobs = [(name, shard) for name, entry in chosen.items() for shard in entry.shards]
    result = Verification(
        shards=len(jobs),
        images=sum(shard.rows for _, shard in jobs),
        masks=sum(shard.masks for _, shard in jobs),
        instances=sum(shard.instances for _, shard in jobs),
        bytes=sum(shard.bytes for _, shard in jobs),
        deep=deep,
    )
    found = [*_check_readme(folder, manifest), *_check_strays(folder, manifest)]
    with (
        worker_pool(min(workers, len(jobs), result.bytes // _BYTES_PER_WORKER)) as pool,
        tqdm(total=len(jobs), unit="shard", desc="verify", disable=None if progress else True) as bar,
    ):
        one = partial(_check_job, folder, deep)
        by_source: dict[str, list[CheckedShard]] = {name: [] for name in chosen}
        for name, checked in pool.map(one, jobs) if pool else map(one, jobs):
            by_source[name].append(checked)
            found += checked.problems
            bar.set_postfix(problems=len(found), refresh=False)
            bar.update()
    for name, shards in by_source.items():
        found += _check_together(folder, name, chosen[name].shards, shards)
    result.problems = sorted(found, key=lambda problem: (problem.path, problem.message))
    return result


def _check_job(folder: Path, deep: bool, job: tuple[str, Sealed]) -> tuple[str, CheckedShard]:
    return job[0], check_shard(folder, *job, deep)


@dataclass
class CheckedShard:
    """What the check of one shard found.

    Attributes:
        problems: what is wrong with it.
        ids: image ids, hashed to 64 bits and sorted; of rows that can be read.
        groups: group id -> split and fold.
    """

    problems: list[Problem] = field(default_factory=list)
    ids: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    groups: dict[str, tuple[str, int]] = field(default_factory=dict)


def check_shard(folder: Path, source: str, shard: Sealed, deep: bool) -> CheckedShard:
    """Check one shard and its part of the index; run in a worker."""
    checked = CheckedShard()
    for name, sha256 in ((shard.path, shard.sha256), (shard.index, shard.index_sha256)):
        path = folder / name
        if not path.is_file():
            checked.problems = [Problem(name, "is missing", source)]
            return checked
        if file_sha256(path) != sha256:
            differs = f"differs from the manifest (sha256 is not {sha256[:12]}...)"
            checked.problems.append(Problem(name, differs, source))
    if checked.problems:
        return checked
    try:
        with reading_built(Path(shard.path)):
            for name, message in _check_content(folder, source, shard, deep, checked):
                checked.problems.append(Problem(name, message, source))
    except CosmosError as error:
        reason = str(error).removeprefix(f"{shard.path}: ")
        checked.problems.append(Problem(shard.path, printable(reason), source))
    return checked


def _check_content(
    folder: Path, source: str, shard: Sealed, deep: bool, checked: CheckedShard
) -> Iterator[tuple[str, str]]:
    data, index = pq.ParquetFile(folder / shard.path), pq.ParquetFile(folder / shard.index)
    for path, file, schema in ((shard.path, data, ROW_SCHEMA), (shard.index, index, INDEX_SCHEMA)):
        stored = file.schema_arrow  # its lists name their elements otherwise, which is no difference
        if not stored.equals(schema) or stored.metadata != schema.metadata:
            yield path, "has another schema than this version writes"
            return
    if data.metadata.num_rows != shard.rows:
        yield shard.path, f"holds {data.metadata.num_rows} rows, the manifest says {shard.rows}"
    if index.metadata.num_rows != shard.masks + shard.instances:
        said = f"{shard.masks} masks and {shard.instances} instances"
        yield shard.index, f"holds {index.metadata.num_rows} rows, the manifest says {said}"
    if list(_expected_index(data, shard.path)) != index.read().to_pylist():
        yield shard.index, f"does not agree with {shard.path}"
    rows = data.read(columns=["image_id", "group_id", "split", "fold"]).to_pylist()
    checked.ids = np.sort(np.array([_short_hash(row["image_id"]) for row in rows], dtype=np.uint64))
    for row in rows:
        home = (row["split"], row["fold"])
        if checked.groups.setdefault(row["group_id"], home) != home:
            yield shard.path, f"group {printable(row['group_id'])} lies in several splits or folds"
    if deep:
        yield from ((shard.path, message) for message in _check_pixels(data, source, shard))


def _short_hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _expected_index(data: pq.ParquetFile, path: str) -> Iterator[dict[str, Any]]:
    leaves = [data.schema.column(number).path for number in range(len(data.schema.names))]
    columns = [leaf for leaf in leaves if leaf not in MEDIA_COLUMNS]
    for number in range(data.num_row_groups):
        for at, row in enumerate(data.read_row_group(number, columns=columns).to_pylist()):
            yield from index_rows(row, path, number, at)


def _check_pixels(data: pq.ParquetFile, source: str, shard: Sealed) -> Iterator[str]:
    digests = []
    for number in range(data.num_row_groups):
        for batch in data.iter_batches(64, row_groups=[number]):
            for row in batch.to_pylist():
                problems = list(row_problems(row, source, shard))
                yield from problems
                if not problems:
                    digests.append(row_digest(row))
    if combine(digests) != shard.digest:
        yield "holds other pixels or metadata than the manifest's content digest says"


def _check_together(folder: Path, name: str, shards: list[Sealed], checked: list[CheckedShard]) -> Iterator[Problem]:
    """Every image id lies in one row, and every group in one split and fold: a second is a copy of a case."""
    ids = np.sort(np.concatenate([np.empty(0, dtype=np.uint64), *(one.ids for one in checked)]))
    twice = set(ids[1:][ids[1:] == ids[:-1]].tolist())
    for shard, one in zip(shards, checked, strict=True):
        if twice and not twice.isdisjoint(one.ids.tolist()):
            for image_id in pq.read_table(folder / shard.path, columns=["image_id"])["image_id"].to_pylist():
                if _short_hash(image_id) in twice:
                    yield Problem(shard.path, f"{printable(image_id)} lies in more than one row", name)
    homes: dict[str, tuple[str, int]] = {}
    for one in checked:
        for group, home in one.groups.items():
            if homes.setdefault(group, home) != home:
                yield Problem(f"data/{name}", f"group {printable(group)} lies in several splits or folds", name)


def _check_readme(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    path = folder / "README.md"
    head = path.read_text(encoding="utf-8", errors="replace").split("---\n") if path.is_file() else []
    try:
        # A shared data set may offer prompts as well; they are not part of what was built.
        listed = [one for one in yaml.safe_load(head[1])["configs"] if one["config_name"] != "prompts"]
        same = configs(manifest) == {
            one["config_name"]: {part["split"]: part["path"] for part in one["data_files"]} for one in listed
        }
        current = all(manifest.fingerprint.startswith(one["description"].removeprefix("files ")) for one in listed)
    except (IndexError, KeyError, TypeError, AttributeError, RecursionError, yaml.YAMLError):
        same = current = False
    if not same:
        yield Problem("README.md", f"does not list the configurations of {MANIFEST}; load_dataset reads it")
    elif not current:
        yield Problem("README.md", "is older than the shards; load_dataset could answer from an old cache")


def _check_strays(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Files that no manifest entry names would be loaded all the same, by the globs of the README."""
    shards = [shard for entry in manifest.sources.values() for shard in entry.shards]
    wanted = {path for shard in shards for path in (shard.path, shard.index)}
    for base in ("data", "index"):
        for path in sorted((folder / base).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and name not in wanted:
                yield Problem(name, f"is in no entry of {MANIFEST}, but would be loaded; remove it")
