"""Results on disk: parts that ranks append while they work, and the one file they are merged into.

A part holds whole chunks, one row group each, so that it can be merged without reading more than a chunk at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cosmos_datasets.build.spool import atomic
from cosmos_datasets.encoding import encode_mask
from cosmos_datasets.errors import CosmosError
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
#: prediction is empty; ``dice_blind`` is what ignores the image. Masks are kept for the gallery only.
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
_ROWS_PER_GROUP = 100_000


@dataclass(frozen=True)
class Stored:
    """A chunk that a part holds.

    Attributes:
        path, row_group: where.
        strategies: which strategies it answers.
        digest: of the masks it answers for, see :class:`~cosmos_datasets.evaluation.selection.Chunk`.
    """

    path: Path
    row_group: int
    strategies: tuple[str, ...]
    digest: str


class PartWriter:
    """Collects the chunks of one rank and writes them as a part now and then.

    Args:
        folder: ``RUN/parts``.
        rank: number of the process.
        run_key: what the results depend on; parts of another key are not mixed in.
    """

    def __init__(self, folder: Path, rank: int, run_key: str) -> None:
        self._folder, self._rank, self._run_key = folder, rank, run_key
        self._tables: list[pa.Table] = []
        self._notes: list[dict[str, Any]] = []

    def add(self, chunk: Chunk, strategies: Sequence[str], rows: list[Row]) -> None:
        """Take over a finished chunk; masks still as arrays are encoded."""
        for row in rows:
            for name in ("mask_oracle", "mask_predicted"):
                one = row[name]
                row[name] = None if one is None else {"png": encode_mask(one.mask), "bbox": list(one.bbox)}
        self._tables.append(pa.Table.from_pylist(rows, schema=SCHEMA))
        self._notes.append({"chunk": chunk.name, "strategies": list(strategies), "digest": chunk.digest})

    def flush(self) -> None:
        """Write what was collected as a part of its own; nothing is ever appended to a file."""
        if not self._tables:
            return
        number = len(list(self._folder.glob(f"rank{self._rank:05d}-*.parquet")))
        metadata = {"run": self._run_key, "chunks": json.dumps(self._notes)}
        schema = SCHEMA.with_metadata(metadata)
        with (
            atomic(self._folder / f"rank{self._rank:05d}-{number:05d}.parquet") as temporary,
            pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
        ):
            for table in self._tables:
                writer.write_table(table.cast(schema), row_group_size=len(table))
        self._tables, self._notes = [], []


def stored_chunks(folder: Path, run_key: str) -> dict[str, list[Stored]]:
    """Which chunks the parts of a run hold, by name.

    Raises:
        CosmosError: if a part was made with another model, data, or settings that change results.
    """
    found: dict[str, list[Stored]] = {}
    for path in sorted(folder.glob("rank*.parquet")):
        metadata = pq.read_schema(path).metadata
        if metadata[b"run"].decode() != run_key:
            raise CosmosError(
                f"{path.parent.parent} holds results of another model, data set or setting. "
                "Give --out a new folder, or delete this one if its results are no longer needed."
            )
        for row_group, note in enumerate(json.loads(metadata[b"chunks"])):
            stored = Stored(path, row_group, tuple(note["strategies"]), note["digest"])
            found.setdefault(note["chunk"], []).append(stored)
    return found


def missing_strategies(chunk: Chunk, stored: dict[str, list[Stored]], strategies: Sequence[str]) -> tuple[str, ...]:
    """The strategies that no part answers for the masks of a chunk."""
    done = {s for one in stored.get(chunk.name, []) if one.digest == chunk.digest for s in one.strategies}
    return tuple(strategy for strategy in strategies if strategy not in done)


def merge(run: Path, run_key: str, chunks: Sequence[Chunk], strategies: Sequence[str]) -> Path:
    """Write ``RUN/results.parquet`` from the parts: every chunk and strategy once, in data set order.

    The file depends on neither the number of ranks nor interruptions.

    Raises:
        CosmosError: if a chunk is missing.
    """
    stored = stored_chunks(run / "parts", run_key)
    missing = [chunk.name for chunk in chunks if missing_strategies(chunk, stored, strategies)]
    if missing:
        raise CosmosError(f"{run}: {len(missing)} of {len(chunks)} chunks have no result yet; run the command again.")
    target = run / "results.parquet"
    with atomic(target) as temporary, pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for chunk in chunks:
            waiting.append(_table_of(chunk, stored[chunk.name], strategies))
            if sum(map(len, waiting)) >= _ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    return target


def _table_of(chunk: Chunk, stored: list[Stored], strategies: Sequence[str]) -> pa.Table:
    """The rows of a chunk, image by image; of an image the strategies in order, of these the targets."""
    left = set(strategies)
    parts: list[pa.Table] = []
    for one in stored:
        usable = left.intersection(one.strategies) if one.digest == chunk.digest else set()
        if usable:
            table = pq.ParquetFile(one.path).read_row_group(one.row_group).replace_schema_metadata(None)
            parts.append(table.filter(pc.is_in(table["strategy"], pa.array(sorted(usable)))))
            left -= usable
    table = pa.concat_tables(parts)
    image_ids, names = table["image_id"].to_pylist(), table["strategy"].to_pylist()
    # Every part holds the images in data set order.
    image_order = {image_id: n for n, image_id in enumerate(dict.fromkeys(image_ids))}
    order = sorted(range(len(table)), key=lambda n: (image_order[image_ids[n]], strategies.index(names[n]), n))
    return table.take(pa.array(order, type=pa.int64()))
