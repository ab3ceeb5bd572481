"""Results on disk: parts that ranks append while they work, and the one file they are merged into.

A part holds whole chunks, one row group each, so that it can be merged without reading more than a chunk at a time.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.jitter import named
from cosmos_datasets.evaluation.kept_masks import DECISIVE, Extremes
from cosmos_datasets.evaluation.selection import Chunk

Row = dict[str, Any]

_MASK = pa.struct({"png": pa.binary(), "bbox": pa.list_(pa.int32(), 4)})
_IDENTITY = {
    **{name: pa.string() for name in ("source", "modality", "object", "label")},
    "instance": pa.int32(),
    "rater": pa.int32(),
    **{name: pa.string() for name in ("image_id", "case_id", "group_id", "split")},
    "fold": pa.int8(),
    **{name: pa.string() for name in ("strategy", "variant", "prompt")},
    "area": pa.int32(),
}
#: One row a (image_id, label, instance, rater, strategy, variant). DICE and JAC 0..1, HD in pixels; ``oracle`` is the
#: mask of highest DICE, ``predicted`` the one of the model's highest IoU estimate (null for S1); HD is null where the
#: prediction is empty; ``dice_blind`` is what ignores the image. Masks are 1-bit PNGs of their box, kept for few rows,
#: see :mod:`cosmos_datasets.evaluation.kept_masks`.
SCHEMA = pa.schema(
    {
        **_IDENTITY,
        **{f"{score}_{choice}": pa.float64() for score in ("dice", "jac", "hd") for choice in ("oracle", "predicted")},
        **{f"{n}_{choice}": pa.int32() for n in ("tp", "pred_area", "choice") for choice in ("oracle", "predicted")},
        "predicted_iou": pa.float32(),
        "dice_blind": pa.float64(),
        "mask_oracle": _MASK,
        "mask_predicted": _MASK,
    }
)
_MASKS = ("mask_oracle", "mask_predicted")
_ROWS_PER_GROUP = 100_000
#: Parts that are open at a time while they are merged.
_OPEN_PARTS = 64


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
    """

    def __init__(self, folder: Path, rank: int, run_key: str) -> None:
        # Never the name of an older part, nor one of a second run of the same command at the same time.
        self._stem = folder / f"rank{rank:05d}-{uuid.uuid4().hex[:12]}"
        self._run_key = run_key
        self._written = 0
        self._tables: list[pa.Table] = []
        self._notes: list[dict[str, Any]] = []

    def add(self, chunk: Chunk, strategies: Sequence[str], pictures: frozenset[str], rows: list[Row]) -> None:
        """Take over a finished chunk; masks are encoded already."""
        self._tables.append(pa.Table.from_pylist(rows, schema=SCHEMA))
        kept = sorted(pictures.intersection(chunk.image_ids))
        note = {"chunk": chunk.name, "strategies": list(strategies), "digest": chunk.digest, "pictures": kept}
        self._notes.append(note)

    def flush(self) -> None:
        """Write what was collected as a part of its own; nothing is ever appended to a file."""
        if not self._tables:
            return
        schema = SCHEMA.with_metadata({"run": self._run_key, "chunks": json.dumps(self._notes)})
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


def merge(run: Path, run_key: str, wanted: Wanted) -> Path:
    """Write ``RUN/results.parquet`` from the parts: every chunk and strategy once, in data set order.

    The file depends on neither the number of ranks nor interruptions. The parts are read twice, a chunk at a time:
    first to find the best and the worst rows, whose masks are kept beside those of ``wanted.pictures``.

    Raises:
        CosmosError: if a chunk is missing.
    """
    parts = _Parts(stored_chunks(run / "parts", run_key), wanted)
    if left := missing(parts.stored, wanted):
        raise CosmosError(
            f"{run}: {len(left)} of {len(wanted.chunks)} chunks have no result yet; run the command again."
        )
    extremes = Extremes()
    for chunk in wanted.chunks:
        rows_of_chunk = parts.table(chunk, (*DECISIVE, "variant")).to_pylist()
        extremes.add({**row, "strategy": named(row["strategy"], row["variant"])} for row in rows_of_chunk)
    best_and_worst = extremes.places
    target = run / "results.parquet"
    rows = 0
    with atomic(target) as temporary, pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for chunk in wanted.chunks:
            table = parts.table(chunk)
            waiting.append(_without_masks(table, wanted.pictures, best_and_worst, rows))
            rows += len(table)
            if sum(map(len, waiting)) >= _ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    return target


class _Parts:
    """The parts of a run as tables."""

    def __init__(self, stored: dict[str, list[Stored]], wanted: Wanted) -> None:
        self.stored, self._wanted = stored, wanted
        self._open = lru_cache(maxsize=_OPEN_PARTS)(pq.ParquetFile)

    def table(self, chunk: Chunk, columns: Sequence[str] = tuple(SCHEMA.names)) -> pa.Table:
        """The rows of a chunk, image by image; of an image the strategies in order, of these the targets."""
        strategies = self._wanted.strategies
        left = set(strategies)
        tables: list[pa.Table] = []
        for one in self.stored[chunk.name]:
            usable = left.intersection(one.strategies) if one.answers(chunk, self._wanted.pictures) else set()
            if usable:
                file = self._open(one.path)
                table = file.read_row_group(one.row_group, columns=list(columns)).replace_schema_metadata(None)
                tables.append(table.filter(pa.array([name in usable for name in _names(table)], type=pa.bool_())))
                left -= usable
        table = pa.concat_tables(tables)
        place = {image_id: n for n, image_id in enumerate(chunk.image_ids)}
        order = {name: n for n, name in enumerate(strategies)}
        keys = zip(table["image_id"].to_pylist(), _names(table), strict=True)
        ranks = [(place[image_id], order[name]) for image_id, name in keys]
        return table.take(pa.array(sorted(range(len(table)), key=ranks.__getitem__), type=pa.int64()))


def _names(table: pa.Table) -> list[str]:
    """The strategy of every row with its variant."""
    return list(map(named, table["strategy"].to_pylist(), table["variant"].to_pylist()))


def _without_masks(table: pa.Table, pictures: frozenset[str], places: frozenset[int], first: int) -> pa.Table:
    """The table with only the masks of these images and of the rows at these places, counted from ``first``."""
    image_ids = enumerate(table["image_id"].to_pylist())
    # Taking the row at place null gives null.
    kept = pa.array([n if one in pictures or first + n in places else None for n, one in image_ids], type=pa.int64())
    for name in _MASKS:
        table = table.set_column(table.schema.get_field_index(name), SCHEMA.field(name), table[name].take(kept))
    return table
