"""Results while they are made: parts that ranks append, which chunks these answer, and the file they are merged into.

A part holds whole chunks, one row group each, so that it can be merged without reading more than a chunk at a time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.selection import Chunk

Row = dict[str, Any]

#: Parts that are open at a time while they are merged.
OPEN_PARTS = 64
_ROWS_PER_GROUP = 100_000


@dataclass(frozen=True)
class Wanted:
    """What a run is to hold.

    Attributes:
        chunks: in data set order.
        strategies: in order; one with moved prompts has its variant behind a space, see
            :func:`cosmos_datasets.evaluation.jitter.named`.
        pictures: ids of the images whose predicted masks are all kept.
    """

    chunks: Sequence[Chunk]
    strategies: tuple[str, ...]
    pictures: frozenset[str]


@dataclass(frozen=True)
class Stored:
    """A chunk that a part holds.

    Attributes:
        path, row_group: where.
        strategies: which strategies it answers, with their variants.
        digest: of the masks it answers for, see :class:`~cosmos_datasets.evaluation.selection.Chunk`.
        pictures: ids of its images whose predicted masks are all there.
    """

    path: Path
    row_group: int
    strategies: frozenset[str]
    digest: str
    pictures: frozenset[str]

    def answers(self, chunk: Chunk, pictures: frozenset[str]) -> bool:
        """Whether it was made for the same masks and kept as many of the predicted ones."""
        return self.digest == chunk.digest and pictures.intersection(chunk.image_ids) <= self.pictures


class PartWriter:
    """Collects the chunks of one rank and writes them as a part now and then.

    Args:
        folder: ``RUN/parts``.
        rank: number of the process.
        run_key: what the results depend on; parts of another key are not mixed in.
        schema: of the rows.
    """

    def __init__(self, folder: Path, rank: int, run_key: str, schema: pa.Schema) -> None:
        # Never the name of an older part, nor one of a second run of the same command at the same time.
        self._stem = folder / f"rank{rank:05d}-{uuid.uuid4().hex[:12]}"
        self._run_key, self._schema = run_key, schema
        self._written = 0
        self._tables: list[pa.Table] = []
        self._notes: list[dict[str, Any]] = []

    def add(self, chunk: Chunk, strategies: Sequence[str], pictures: frozenset[str], rows: list[Row]) -> None:
        """Take over a finished chunk; masks are encoded already."""
        self._tables.append(pa.Table.from_pylist(rows, schema=self._schema))
        kept = sorted(pictures.intersection(chunk.image_ids))
        note = {"chunk": chunk.name, "strategies": list(strategies), "digest": chunk.digest, "pictures": kept}
        self._notes.append(note)

    def flush(self) -> None:
        """Write what was collected as a part of its own; nothing is ever appended to a file."""
        if not self._tables:
            return
        schema = self._schema.with_metadata({"run": self._run_key, "chunks": json.dumps(self._notes)})
        with (
            atomic(self._stem.with_name(f"{self._stem.name}-{self._written:05d}.parquet")) as temporary,
            pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
        ):
            for table in self._tables:
                writer.write_table(table.cast(schema), row_group_size=len(table))
        self._written += 1
        self._tables, self._notes = [], []


def stored_chunks(folder: Path, run_key: str) -> dict[str, list[Stored]]:
    """Which chunks the parts of a run hold, by name.

    Raises:
        CosmosError: if a part was made with another model, data, or settings that change results, or is damaged.
    """
    found: dict[str, list[Stored]] = {}
    for path in sorted(folder.glob("rank*.parquet")):
        try:
            metadata = pq.read_schema(path).metadata
            key, notes = metadata[b"run"].decode(), json.loads(metadata[b"chunks"])
        except (pa.ArrowException, OSError, KeyError, TypeError) as error:
            raise CosmosError(f"{path} is damaged; delete it and its images are evaluated again.") from error
        if key != run_key:
            raise CosmosError(
                f"{path.parent.parent} holds results of another model, data set or setting. "
                "Give --out a new folder, or delete this one if its results are no longer needed."
            )
        for row_group, note in enumerate(notes):
            stored = Stored(
                path, row_group, frozenset(note["strategies"]), note["digest"], frozenset(note["pictures"])
            )
            found.setdefault(note["chunk"], []).append(stored)
    return found


def missing(stored: dict[str, list[Stored]], wanted: Wanted) -> list[tuple[Chunk, tuple[str, ...]]]:
    """The chunks that the parts do not answer, each with the strategies that are missing."""
    left = []
    for chunk in wanted.chunks:
        done = {s for one in stored.get(chunk.name, ()) if one.answers(chunk, wanted.pictures) for s in one.strategies}
        strategies = tuple(strategy for strategy in wanted.strategies if strategy not in done)
        if strategies:
            left.append((chunk, strategies))
    return left


def complete(run: Path, run_key: str, wanted: Wanted) -> dict[str, list[Stored]]:
    """What the parts of a run hold, see :func:`stored_chunks`.

    Raises:
        CosmosError: if a chunk is missing.
    """
    stored = stored_chunks(run / "parts", run_key)
    if left := missing(stored, wanted):
        raise CosmosError(
            f"{run}: {len(left)} of {len(wanted.chunks)} chunks have no result yet; run the command again."
        )
    return stored


def write_merged(target: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> Path:
    """Write the tables of all chunks, in order, as one file whose row groups do not depend on the parts."""
    with atomic(target) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for table in tables:
            waiting.append(table)
            if sum(map(len, waiting)) >= _ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    return target
