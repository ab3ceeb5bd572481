"""Whole runs with every family of models against transformers called directly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from direct_families import MADE, Family
from runs import COMMON, sure
from tiny_models import save

from cosmos_datasets.evaluation.everything import suppress
from cosmos_datasets.evaluation.prompts import Prompt, grid_points
from cosmos_datasets.load.access import open_dataset
from cosmos_datasets.load.rows import as_array, full_mask

Row = dict[str, Any]


#: Seeds with which something survives everything mode.
@pytest.fixture(scope="module", params=[("sam-hq", 6), ("edgetam", 4), ("sam3", 9)], ids=lambda one: one[0])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Family:
    name, seed = request.param
    architecture, make = MADE[name]
    return Family(architecture, save(sure(make(seed)), tmp_path_factory.mktemp(name)))


def dices(masks: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    shared = (masks & reference).flatten(1).sum(1)
    return 2 * shared / (masks.flatten(1).sum(1) + reference.sum())


def prompted(family: Family, image: np.ndarray, prompt: Prompt) -> tuple[torch.Tensor, torch.Tensor]:
    """Masks ``(3, height, width)`` and scores ``(3,)``."""
    points = torch.from_numpy(prompt.points).float()[None] if len(prompt.points) else None
    labels = torch.from_numpy(prompt.labels)[None] if len(prompt.points) else None
    boxes = None if prompt.box is None else torch.tensor(prompt.box, dtype=torch.float32)[None]
    output = family.call(image, points, labels, boxes)
    return family.full(output.pred_masks[0, 0], image.shape[:2]), output.iou_scores[0, 0]


def survivors(family: Family, image: np.ndarray, grid: int) -> torch.Tensor:
    """Everything mode's masks, by falling score."""
    points = torch.from_numpy(grid_points(grid, *image.shape[:2]))[:, None]
    output = family.call(image, points, torch.ones(points.shape[:2], dtype=torch.int64), None)
    scores = output.iou_scores[0].flatten()
    sure = scores > (0.88 if family.pads else 0.8)
    logits = family.full(output.pred_masks[0].flatten(0, 1)[sure], image.shape[:2])
    scores = scores[sure]
    stable = (logits > 1).sum((1, 2)) / (logits > -1).sum((1, 2)) >= 0.95
    masks, scores = (logits > 0)[stable], scores[stable]
    boxes = [[x.min(), y.min(), x.max(), y.max()] for y, x in (np.nonzero(mask.numpy()) for mask in masks)]
    return masks[torch.from_numpy(suppress(np.array(boxes), scores.double().numpy(), 0.7))]


def test_scores_of_a_run(family: Family, small: Path, tmp_path: Path, cli: Any) -> None:
    cli("run", small, "--config", "acdc", "--limit", 2, "--model", family.folder, *COMMON, "--out", tmp_path / "run")
    rows: list[Row] = pq.read_table(tmp_path / "run" / "results.parquet").to_pylist()
    data = open_dataset(small)
    index = data.index().to_pandas()
    found, everything = 0, 0
    for image_id in dict.fromkeys(row["image_id"] for row in rows):
        record = next(data.rows(index[index["image_id"] == image_id]))
        image = as_array(record["image"])
        kept = survivors(family, image, 7)
        everything += len(kept)
        for k, target in enumerate(record["objects"]):
            reference = torch.from_numpy(full_mask(record, k))
            of_target = {
                row["strategy"]: row for row in rows if row["image_id"] == image_id and row["label"] == target["label"]
            }
            assert list(of_target) == ["S1", "S2", "S3", "S4", "S5", "S6"]
            assert of_target.pop("S1")["dice_oracle"] == pytest.approx(float(dices(kept, reference).max()), abs=2e-3)
            for row in of_target.values():
                logits, scores = prompted(family, image, Prompt.from_json(row["prompt"]))
                values = dices(logits > 0, reference)
                assert row["dice_oracle"] == pytest.approx(float(values.max()), abs=2e-3)
                assert row["predicted_iou"] == pytest.approx(float(scores.max()), abs=1e-4)
                assert row["dice_predicted"] == pytest.approx(float(values[scores.argmax()]), abs=2e-3)
                found += row["dice_oracle"] > 0
    assert everything >= 2
    assert found > 5
