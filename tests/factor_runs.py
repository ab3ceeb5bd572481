"""A run without a model: every mask of a data set, with scores that are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.evaluation.results import SCHEMA
from cosmos_datasets.evaluation.selection import select
from cosmos_datasets.load.access import open_dataset


def write_run(folder: Path, data: Path, *, limit: int | None = None, config: str = "all") -> Path:
    """Results of S1, S5 and a second variant of it; the larger a mask, the higher its DICE by trend."""
    whole = select(open_dataset(data), config=config)
    chosen = select(open_dataset(data), config=config, limit=limit)
    rng = np.random.default_rng(0)
    names = ["source", "modality", "object", "label", "instance", "rater", "image_id", "case_id", "group_id", "split"]
    rows: list[dict[str, Any]] = []
    for mask in chosen.table[[*names, "fold", "area"]].to_dict("records"):
        for strategy, variant in (("S1", ""), ("S5", ""), ("S5", "jitter=0-10")):
            dice = float(np.clip(np.log10(mask["area"]) / 5 + rng.normal(0, 0.1), 0, 1))
            own = None if strategy == "S1" else dice / 2
            scores = {"dice_oracle": dice, "dice_predicted": own}
            rows.append({**dict.fromkeys(SCHEMA.names), **mask, **scores, "strategy": strategy, "variant": variant})
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / "results.parquet")
    facts = {"dataset": data.name, "revision": whole.data_revision, "config": config, "split": None}
    (folder / "run.json").write_text(json.dumps({"data": facts}))
    return folder
