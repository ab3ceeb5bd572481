"""Checking a built data set against its manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from tqdm import tqdm

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.build.digest import row_digest
from cosmos_datasets.build.files import combine, file_sha256
from cosmos_datasets.build.index import index_rows
from cosmos_datasets.build.manifest import Manifest, read_manifest
from cosmos_datasets.build.pool import worker_pool
from cosmos_datasets.build.readme import configs
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.encoding import decode_image, decode_mask
from cosmos_datasets.errors import CosmosError
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
        done: Iterable[list[Problem]] = (check_shard(folder, name, shard, deep) for name, shard in jobs)
        if pool is not None:
            futures = [pool.submit(check_shard, folder, name, shard, deep) for name, shard in jobs]
            done = (future.result() for future in as_completed(futures))
        for problems in done:
            found += problems
            bar.set_postfix(problems=len(found), refresh=False)
            bar.update()
    for name, entry in chosen.items():
        found += _check_ids(folder, name, entry.shards)
    result.problems = sorted(found, key=lambda problem: (problem.path, problem.message))
    return result


def check_shard(folder: Path, source: str, shard: Sealed, deep: bool) -> list[Problem]:
    """Check one shard and its part of the index; run in a worker."""
    for name, sha256 in ((shard.path, shard.sha256), (shard.index, shard.index_sha256)):
        path = folder / name
        if not path.is_file():
            return [Problem(name, "is missing", source)]
        if file_sha256(path) != sha256:
            return [Problem(name, f"differs from the manifest (sha256 is not {sha256[:12]}...)", source)]
    try:
        return [Problem(name, message, source) for name, message in _check_content(folder, shard, deep)]
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        return [Problem(shard.path, f"cannot be read ({' '.join(str(error).split())})", source)]


def _check_content(folder: Path, shard: Sealed, deep: bool) -> Iterator[tuple[str, str]]:
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
    if deep:
        yield from ((shard.path, message) for message in _check_pixels(data, shard))


def _expected_index(data: pq.ParquetFile, path: str) -> Iterator[dict[str, Any]]:
    leaves = [data.schema.column(number).path for number in range(len(data.schema.names))]
    columns = [leaf for leaf in leaves if leaf not in MEDIA_COLUMNS]
    for number in range(data.num_row_groups):
        for at, row in enumerate(data.read_row_group(number, columns=columns).to_pylist()):
            yield from index_rows(row, path, number, at)


def _check_pixels(data: pq.ParquetFile, shard: Sealed) -> Iterator[str]:
    digests = []
    for number in range(data.num_row_groups):
        for batch in data.iter_batches(64, row_groups=[number]):
            for row in batch.to_pylist():
                digests.append(row_digest(row))
                yield from (f"{row['image_id']}: {message}" for message in _check_row(row))
    if combine(digests) != shard.digest:
        yield "holds other pixels or metadata than the manifest's content digest says"


def _check_row(row: dict[str, Any]) -> Iterator[str]:
    shape = (row["height"], row["width"])
    if decode_image(row["image"]["bytes"]).shape[:2] != shape:
        yield f"the image is not {shape[0]} x {shape[1]}"
    for one in row["objects"]:
        mask, (x0, y0, x1, y1) = decode_mask(one["mask"]["bytes"]), one["bbox"]
        inside = 0 <= x0 <= x1 < shape[1] and 0 <= y0 <= y1 < shape[0]
        if not inside or mask.shape != (y1 - y0 + 1, x1 - x0 + 1) or int(mask.sum()) != one["area"]:
            yield f"mask {one['label']} (instance {one['instance']}) does not fit its box, area or image"


def _check_ids(folder: Path, source: str, shards: list[Sealed]) -> Iterator[Problem]:
    """Every image id lies in one row: two shards that claim one are two copies of a case."""
    seen: Counter[str] = Counter()
    for shard in shards:
        try:
            seen.update(pq.read_table(folder / shard.index, columns=["image_id"])["image_id"].unique().to_pylist())
        except (pa.ArrowException, OSError, KeyError):
            continue  # reported with the shard
    for image_id, times in seen.items():
        if times > 1:
            yield Problem(f"data/{source}", f"{image_id} lies in {times} shards", source)


def _check_readme(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    path = folder / "README.md"
    head = path.read_text(encoding="utf-8").split("---\n") if path.is_file() else []
    try:
        # A shared data set may offer prompts as well; they are not part of what was built.
        listed = [one for one in yaml.safe_load(head[1])["configs"] if one["config_name"] != "prompts"]
        same = configs(manifest) == {
            one["config_name"]: {part["split"]: part["path"] for part in one["data_files"]} for one in listed
        }
        current = all(manifest.fingerprint.startswith(one["description"].removeprefix("files ")) for one in listed)
    except (IndexError, KeyError, TypeError, AttributeError, yaml.YAMLError):
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
