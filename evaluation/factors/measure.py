"""Measuring the factors of every mask of a run, once: what is known is kept in ``RUN/factors.parquet``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from cosmos_datasets.build.files import atomic
from cosmos_datasets.build.pool import worker_pool
from cosmos_datasets.evaluation.evaluated import evaluated, reader_of
from cosmos_datasets.evaluation.factors.aspect import aspect_ratio
from cosmos_datasets.evaluation.factors.complexity import boundary_complexity
from cosmos_datasets.evaluation.factors.intensity import intensity_difference
from cosmos_datasets.evaluation.factors.modality import modality_number
from cosmos_datasets.evaluation.factors.size import size
from cosmos_datasets.evaluation.gallery_rows import KEY
from cosmos_datasets.evaluation.sample import Sample
from cosmos_datasets.evaluation.selection import Chunk, Selection
from cosmos_datasets.load.access import CosmosDataset

#: Changes when a factor is defined otherwise: then what is kept is measured again.
FACTORS_VERSION = "1"
#: One row a reference mask: its key and its factors. ``intensity_difference`` is signed, null where it has no
#: surroundings; ``components`` is the number of 8-connected ones.
SCHEMA = pa.schema(
    {
        **{"image_id": pa.string(), "label": pa.string(), "instance": pa.int32(), "rater": pa.int32()},
        **{"size": pa.int32(), "aspect_ratio": pa.float64(), "intensity_difference": pa.float64()},
        **{"boundary_complexity": pa.float64(), "components": pa.int32(), "modality_number": pa.int32()},
    }
)
#: Seconds of work after which what was measured is written.
_FLUSH_SECONDS = 60.0

Row = dict[str, Any]


def measure(run: Path, dataset: str, *, workers: int = 1, progress: bool = True) -> pd.DataFrame:
    """Measure what is not known yet of the masks that a run evaluated.

    Args:
        run: the run's folder; gets ``factors.parquet``, which a later call goes on from, also after an interruption.
        dataset: folder or Hub id of the data set that the run was made from.
        workers: processes.
        progress: show a bar on standard error.

    Returns:
        The columns of :data:`SCHEMA`, one row a mask, in data set order.

    Raises:
        CosmosError: the run is not finished, is damaged, or was made from other data.
    """
    data, chosen = evaluated(run, dataset)
    path = run / "factors.parquet"
    table, revision = chosen.table, chosen.data_revision
    known = _known(path, revision)
    fresh = table.merge(known[KEY], on=KEY, how="left", indicator=True)["_merge"] == "left_only"
    todo = Selection(table[fresh.to_numpy()], {}, revision)
    if fresh.any():
        known = _measure(todo.chunks, data, known, table[KEY], path, revision, workers, progress)
    return table[KEY].merge(known, on=KEY)


def _measure(
    chunks: Sequence[Chunk],
    data: CosmosDataset,
    known: pd.DataFrame,
    order: pd.DataFrame,
    path: Path,
    revision: str,
    workers: int,
    progress: bool,
) -> pd.DataFrame:
    """Measure chunks and write all that is known, now and then and at the end."""
    tables = [pa.Table.from_pandas(known, schema=SCHEMA, preserve_index=False)]

    def write() -> pd.DataFrame:
        ordered: pd.DataFrame = order.merge(pa.concat_tables(tables).to_pandas(), on=KEY)
        table = pa.Table.from_pandas(ordered, schema=SCHEMA, preserve_index=False)
        note = {"data": revision, "version": FACTORS_VERSION}
        with atomic(path) as temporary:
            pq.write_table(table.replace_schema_metadata(note), temporary, compression="zstd")
        return ordered

    flushed = time.monotonic()
    try:
        with (
            worker_pool(workers) as pool,
            tqdm(
                total=sum(map(_masks, chunks)), unit="mask", desc="factors", disable=None if progress else True
            ) as bar,
        ):
            job = partial(_of_chunk, data.location)
            for chunk, found in zip(chunks, (pool.map if pool else map)(job, chunks), strict=True):
                tables.append(found)
                bar.update(_masks(chunk))
                if time.monotonic() - flushed > _FLUSH_SECONDS:
                    write()
                    flushed = time.monotonic()
    except BaseException:
        # Also after Ctrl-C: the next call goes on behind what is done.
        write()
        raise
    return write()


def _masks(chunk: Chunk) -> int:
    return sum(map(len, chunk.masks))


def _known(path: Path, revision: str) -> pd.DataFrame:
    """What was measured before on the same data by the same definitions; nothing if that cannot be told."""
    nothing: pd.DataFrame = SCHEMA.empty_table().to_pandas()
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError):
        return nothing
    note = table.schema.metadata or {}
    if (note.get(b"data"), note.get(b"version")) != (revision.encode(), FACTORS_VERSION.encode()):
        return nothing
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _of_chunk(location: str, chunk: Chunk) -> pa.Table:
    rows = [row for sample in reader_of(location).read(chunk) for row in factors_of(sample)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def factors_of(sample: Sample) -> list[Row]:
    """The factors of every target of an image, with the columns of :data:`SCHEMA`."""
    rows = []
    for target in sample.targets:
        complexity, components = boundary_complexity(target.mask)
        rows.append(
            {
                "image_id": sample.row["image_id"],
                **{"label": target.label, "instance": target.instance, "rater": target.rater},
                "size": size(target),
                "aspect_ratio": aspect_ratio(target),
                "intensity_difference": intensity_difference(sample.image, target),
                "boundary_complexity": complexity,
                "components": components,
                "modality_number": modality_number(sample.row["modality"]),
            }
        )
    return rows
