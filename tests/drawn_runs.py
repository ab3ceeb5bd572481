"""Finished runs with results that were drawn, not measured: for tests of what is computed from results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.evaluation.results import SCHEMA
from cosmos_datasets.evaluation.summary import write_summary

Row = dict[str, Any]
FACTS: Row = {
    "protocol": "2",
    "data": {"dataset": "drawn", "revision": "a" * 64},
    "model": {"name": "model", "digest": "b" * 64},
    "settings": {"strategies": ["S5"], "grid": 32, "convention": "standard", "distances": False},
    "inference": {"dtype": "float32", "preprocess": "sam", "resizing": "8 bits", "device": "cpu"},
}


def result(image: str, dice: float | None, **fields: Any) -> Row:
    """A row of ``results.parquet``; ``group_id`` is the image's id up to its last slash."""
    names = {"source": "msd", "modality": "CT", "object": "liver", "label": "liver", "strategy": "S5", "variant": ""}
    identity = {"instance": 0, "rater": -1, "image_id": image, "case_id": image, "group_id": image.rpartition("/")[0]}
    scores: Row = {}
    for choice in ("oracle", "predicted"):
        scores |= {f"dice_{choice}": dice, f"jac_{choice}": None if dice is None else dice / (2 - dice)}
        scores[f"pred_area_{choice}"] = 100
    return {**dict.fromkeys(SCHEMA.names), **names, **identity, "area": 100, **scores, "dice_blind": 0.5, **fields}


def write(run: Path, rows: Sequence[Row], **facts: Any) -> Path:
    """Write a run's folder; ``facts`` replace parts of :data:`FACTS`."""
    run.mkdir(parents=True)
    everything = {**FACTS, **facts}
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), run / "results.parquet")
    (run / "run.json").write_text(json.dumps(everything))
    write_summary(run, everything)
    return run


def drawn(seed: int, *, subjects: int = 8, slices: int = 4, objects: Sequence[str] = ("liver",)) -> list[Row]:
    """Results of some subjects; every second has fewer slices."""
    generator = np.random.default_rng(seed)
    return [
        result(f"msd/{subject}/a{k}", float(generator.uniform(0.3, 1)), object=one, label=one)
        for subject in range(subjects)
        for k in range(slices - subject % 2)
        for one in objects
    ]
