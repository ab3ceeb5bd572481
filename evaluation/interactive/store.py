"""Clicks on disk: parts that processes append while they work, and the one file they are merged into."""

from __future__ import annotations

import json
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.results import Wanted, missing, stored_chunks
from cosmos_datasets.evaluation.selection import Chunk

Row = dict[str, Any]

#: The one "strategy" under which the parts note their chunks.
STRATEGY = "clicks"
#: The merged file in the run's folder.
RESULTS = "clicks.parquet"
#: One row a (image_id, label, instance, rater, click). ``x``, ``y``, ``positive``: the click in pixels of the image;
#: null where nothing was left to click on and the answer before stands. DICE 0..1; ``predicted`` is the mask that the
#: user sees, ``oracle`` the best of the model's masks at this click; counts in pixels, so that other scores follow.
#: ``dice_blind``: the disc of the mean size of the class about the first click, which ignores the image.
SCHEMA = pa.schema(
    {
        **{name: pa.string() for name in ("source", "modality", "object", "label")},
        "instance": pa.int32(),
        "rater": pa.int32(),
        **{name: pa.string() for name in ("image_id", "case_id", "group_id", "split")},
        "fold": pa.int8(),
        "area": pa.int32(),
        "click": pa.int32(),
        "x": pa.int32(),
        "y": pa.int32(),
        "positive": pa.bool_(),
        "dice_oracle": pa.float64(),
        "dice_predicted": pa.float64(),
        **{f"{n}_{choice}": pa.int32() for n in ("tp", "pred_area", "choice") for choice in ("oracle", "predicted")},
        "predicted_iou": pa.float32(),
        "dice_blind": pa.float64(),
    }
)
_ROWS_PER_GROUP = 100_000
_OPEN_PARTS = 64


class PartWriter:
    """Collects finished chunks of one process and writes them as a part now and then.

    Args:
        folder: ``RUN/parts``.
        rank: number of the process.
        run_key: what the results depend on.
    """

    def __init__(self, folder: Path, rank: int, run_key: str) -> None:
        # Never the name of an older part, nor one of a second run of the same command at the same time.
        self._stem = folder / f"rank{rank:05d}-{uuid.uuid4().hex[:12]}"
        self._run_key = run_key
        self._written = 0
        self._tables: list[pa.Table] = []
        self._notes: list[dict[str, Any]] = []

    def add(self, chunk: Chunk, rows: list[Row]) -> None:
        """Take over a finished chunk."""
        self._tables.append(pa.Table.from_pylist(rows, schema=SCHEMA))
        # The notes of the other experiments, so that stored_chunks() and missing() read them.
        note = {"chunk": chunk.name, "strategies": [STRATEGY], "digest": chunk.digest, "pictures": []}
        self._notes.append(note)

    def flush(self) -> None:
        """Write what was collected as a part of its own, a row group a chunk."""
        if not self._tables:
            return
        schema = SCHEMA.with_metadata({"run": self._run_key, "chunks": json.dumps(self._notes)})
        path = self._stem.with_name(f"{self._stem.name}-{self._written:05d}.parquet")
        with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for table in self._tables:
                writer.write_table(table.cast(schema), row_group_size=len(table))
        self._written += 1
        self._tables, self._notes = [], []


def merge(run: Path, run_key: str, wanted: Wanted) -> Path:
    """Write ``RUN/clicks.parquet`` from the parts: every chunk once, in data set order.

    The file depends on neither the number of processes nor interruptions.

    Raises:
        CosmosError: if a chunk is missing.
    """
    stored = stored_chunks(run / "parts", run_key)
    if left := missing(stored, wanted):
        raise CosmosError(
            f"{run}: {len(left)} of {len(wanted.chunks)} chunks have no result yet; run the command again."
        )
    opened = lru_cache(maxsize=_OPEN_PARTS)(pq.ParquetFile)
    target = run / RESULTS
    with atomic(target) as temporary, pq.ParquetWriter(temporary, SCHEMA, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for chunk in wanted.chunks:
            one = next(one for one in stored[chunk.name] if one.answers(chunk, wanted.pictures))
            waiting.append(opened(one.path).read_row_group(one.row_group).replace_schema_metadata(None))
            if sum(map(len, waiting)) >= _ROWS_PER_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    return target
