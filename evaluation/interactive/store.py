"""Clicks on disk: what a row holds, and the one file that the parts are merged into."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.evaluation.parts import OPEN_PARTS, Wanted, complete, write_merged

#: The one "strategy" under which the parts note their chunks.
STRATEGY = "clicks"
#: The merged file in the run's folder.
RESULTS = "clicks.parquet"
#: One row a (image_id, label, instance, rater, click). ``rule`` and ``previous_mask`` are those of the run, see
#: :class:`cosmos_datasets.evaluation.interactive.Clicking`. ``x``, ``y``, ``positive``: the click in pixels of the
#: image; null where nothing was left to click on and the answer before stands. DICE 0..1; ``predicted`` is the mask
#: that the user sees, ``oracle`` the best of the model's masks at this click; counts in pixels, for other scores.
#: ``dice_blind``: the disc of the mean size of the class about the first click, which ignores the image.
SCHEMA = pa.schema(
    {
        **{name: pa.string() for name in ("source", "modality", "object", "label")},
        "instance": pa.int32(),
        "rater": pa.int32(),
        **{name: pa.string() for name in ("image_id", "case_id", "group_id", "split")},
        "fold": pa.int8(),
        "area": pa.int32(),
        "rule": pa.string(),
        "previous_mask": pa.bool_(),
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


def merge(run: Path, run_key: str, wanted: Wanted) -> Path:
    """Write ``RUN/clicks.parquet`` from the parts: every chunk once, in data set order.

    The file depends on neither the number of processes nor interruptions.

    Raises:
        CosmosError: if a chunk is missing.
    """
    stored = complete(run, run_key, wanted)
    opened = lru_cache(maxsize=OPEN_PARTS)(pq.ParquetFile)
    places = (
        next(one for one in stored[chunk.name] if one.answers(chunk, wanted.pictures)) for chunk in wanted.chunks
    )
    tables = (opened(one.path).read_row_group(one.row_group).replace_schema_metadata(None) for one in places)
    return write_merged(run / RESULTS, SCHEMA, tables)
