"""Reading the results of a run with the masks that it kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.selection import Chunk

Choice = Literal["oracle", "predicted"]
Row = dict[str, Any]
#: A chunk and its results.
Work = tuple[Chunk, list[Row]]

#: What names a result.
IDENTITY = (
    "source",
    "modality",
    "object",
    "label",
    "instance",
    "rater",
    "image_id",
    "group_id",
    "strategy",
    "variant",
)
#: Results that are read together, with their masks.
_BATCH = 512


def check_kept(results: Path, choice: Choice) -> int:
    """How many results there are to measure; raises :class:`CosmosError` if the masks of some are not there."""
    # Only the boxes: the pixels of all masks would not fit into memory.
    table = pq.ParquetFile(results).read([f"pred_area_{choice}", f"mask_{choice}.bbox"])
    area = table[f"pred_area_{choice}"].to_pandas()
    made = area.notna()
    if not made.any():
        raise CosmosError(f"{results} has no mask that is {choice}: everything mode has none.")
    missing = made & (area > 0) & ~table[f"mask_{choice}"].is_valid().to_pandas()
    if missing.any():
        raise CosmosError(
            f"{results.parent} kept {int((made & ~missing).sum()):,} of {int(made.sum()):,} predicted masks; give the "
            "command of its run again with --save-masks."
        )
    return int(made.sum())


def results_of(chunks: Sequence[Chunk], results: Path, choice: Choice) -> Iterator[Work]:
    """Every chunk with its results, read as they are asked for.

    Raises:
        ValueError: the results are not those of the chunks, in data set order.
    """
    images = groupby(_rows(results, choice), key=lambda row: str(row["image_id"]))
    for chunk in chunks:
        yield chunk, _take(images, chunk)


def _rows(results: Path, choice: Choice) -> Iterator[Row]:
    columns = [*IDENTITY, "prompt", f"pred_area_{choice}", f"mask_{choice}"]
    for batch in pq.ParquetFile(results).iter_batches(batch_size=_BATCH, columns=columns):
        yield from batch.to_pylist()


def _take(images: Iterator[tuple[str, Iterator[Row]]], chunk: Chunk) -> list[Row]:
    """The results of a chunk, which come in data set order."""
    taken = [(image_id, list(rows)) for image_id, rows in islice(images, len(chunk.image_ids))]
    if tuple(image_id for image_id, _ in taken) != chunk.image_ids:
        raise ValueError("its results are not in the order of the data set")
    return [row for _, rows in taken for row in rows]
