"""Writing a shard once: the parquet file, its part of the index, and its entry in the manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.build.files import atomic, combine, file_sha256
from cosmos_datasets.build.index import index_rows
from cosmos_datasets.build.plan import Shard
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.build.spool import read_spool
from cosmos_datasets.finding import Finding, grouped, ungrouped
from cosmos_datasets.schema import DICTIONARY_COLUMNS, INDEX_SCHEMA, MEDIA_COLUMNS, ROW_SCHEMA
from cosmos_datasets.standardise import Row

#: Media bytes of a row group. A reader fetches whole row groups, so one row costs at most this; the Hub's viewer
#: asks for 100 MB or less.
ROW_GROUP_BYTES = 32_000_000


def seal(shard: Shard, spools: Mapping[str, Path], broken: dict[str, str], staging: Path) -> Sealed:
    """Write a shard from the spooled cases, below ``staging``.

    Args:
        shard: its plan.
        spools: case id -> where it is spooled, for the cases that could be read, in plan order.
        broken: the others, with the reason.
        staging: folder that gets ``data/<name>``, ``index/<name>`` and ``sealed/<name>.json``; the last is written
            when the other two are complete.
    """
    entry = Sealed(f"data/{shard.name}", f"index/{shard.name}", shard.modality, shard.split, broken=broken)
    dropped: Counter[str] = Counter()
    digests: list[str] = []
    index: list[Row] = []
    findings: list[Finding] = []
    with atomic(staging / entry.path) as temporary:
        with _writer(temporary, ROW_SCHEMA, MEDIA_COLUMNS) as writer:
            for number, group in enumerate(_row_groups(_rows(spools, entry, dropped, digests, findings))):
                writer.write_table(pa.Table.from_pylist(group, schema=ROW_SCHEMA), row_group_size=len(group))
                index += [mask for row, one in enumerate(group) for mask in index_rows(one, entry.path, number, row)]
                entry.rows += len(group)
        entry.bytes, entry.sha256 = temporary.stat().st_size, file_sha256(temporary)
    entry.instances = sum(mask["instance"] > 0 for mask in index)
    entry.masks = len(index) - entry.instances
    entry.digest, entry.dropped = combine(digests), dict(sorted(dropped.items()))
    entry.findings = grouped(findings)
    with atomic(staging / entry.index) as temporary:
        with _writer(temporary, INDEX_SCHEMA, []) as writer:
            writer.write_table(pa.Table.from_pylist(index, schema=INDEX_SCHEMA))
        entry.index_sha256 = file_sha256(temporary)
    with atomic(sealed_path(staging, shard)) as temporary:
        temporary.write_text(json.dumps(asdict(entry)))
    return entry


def sealed_path(staging: Path, shard: Shard) -> Path:
    """The note that says a shard is complete."""
    return staging / "sealed" / f"{shard.name}.json"


def read_sealed(staging: Path, shard: Shard) -> Sealed | None:
    """The entry of a shard that was sealed before, or ``None``."""
    path = sealed_path(staging, shard)
    return Sealed(**json.loads(path.read_text())) if path.is_file() else None


def _rows(
    spools: Mapping[str, Path], entry: Sealed, dropped: Counter[str], digests: list[str], findings: list[Finding]
) -> Iterator[Row]:
    for case_id, path in spools.items():
        rows, notes = read_spool(path)
        entry.pixels[case_id] = notes.pixels
        findings += ungrouped(notes.findings)
        entry.cases += 1
        dropped.update(notes.dropped)
        digests += notes.digests
        yield from rows


def _row_groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    size = 0
    for row in rows:
        weight = len(row["image"]["bytes"]) + sum(len(mask["mask"]["bytes"]) for mask in row["objects"])
        if group and size + weight > ROW_GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(row)
        size += weight
    if group:
        yield group


def _writer(path: Path, schema: pa.Schema, media: list[str]) -> pq.ParquetWriter:
    columns = _parquet_columns(schema)
    return pq.ParquetWriter(
        path,
        schema,
        compression={column: "NONE" if column in media else "ZSTD" for column in columns},
        use_dictionary=[column for column in columns if column in DICTIONARY_COLUMNS or not media],
        write_page_index=True,
        write_statistics=[column for column in columns if column not in media],
    )


def _parquet_columns(schema: pa.Schema) -> list[str]:
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    parsed = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [parsed.column(number).path for number in range(len(parsed.names))]
