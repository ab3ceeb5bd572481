"""The score on held-out drawn pictures and template slices: the only one that decisions may rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import torch
import transformers

from cosmos_datasets.evaluation.models.preprocess import Normalisation
from cosmos_datasets.evaluation.models.sam import SamAdapter
from cosmos_datasets.evaluation.sample import Sample
from cosmos_datasets.evaluation.scoring import Settings, score_sample
from cosmos_sam_tiny.data import HELD_OUT, Pictures
from cosmos_sam_tiny.prompting import target_of

_MASKS = 4


def held_out(count: int) -> Iterator[Sample]:
    """Held-out pictures, a third of them template slices, with at most four masks each."""
    pictures = Pictures()
    for number in range(HELD_OUT, HELD_OUT + count):
        picture = pictures[number]
        targets = tuple(target_of(mask) for mask in picture.masks[:_MASKS])
        names = ("source", "modality", "case_id", "group_id", "split")
        row: dict[str, Any] = dict.fromkeys(names, picture.kind) | {"image_id": str(number), "fold": 0}
        yield Sample(picture.image, targets, row)


def adapter_of(student: transformers.SamModel) -> SamAdapter:
    """The student as the experiments see it, float32 on the CPU."""
    return SamAdapter(
        student,
        name="student",
        digest="",
        device=torch.device("cpu"),
        dtype=torch.float32,
        normalisation=Normalisation(),
        preprocess="sam",
    )


def scores(adapter: SamAdapter, samples: Iterable[Sample], strategies: tuple[str, ...]) -> pd.DataFrame:
    """The product's own rows, one a mask and strategy. The blind disc has each mask's own area: the best there is."""
    settings = Settings(strategies, distances=False)
    rows = []
    for sample in samples:
        (embedding,) = adapter.encode([sample.image])
        areas = [target.area for target in sample.targets]
        rows += list(score_sample(adapter, embedding, sample, settings, areas))
    return pd.DataFrame(rows)


def validate(student: transformers.SamModel, count: int) -> dict[str, float]:
    """Mean DICE of the best mask for S2, S3 and S5, the ellipse's, and Spearman's rho of the IoU estimates."""
    table = scores(adapter_of(student), held_out(count), ("S2", "S3", "S5"))
    summary = {
        f"{strategy}": round(float(group["dice_oracle"].mean()), 4) for strategy, group in table.groupby("strategy")
    }
    box = table[table["strategy"] == "S5"]
    rho = table["predicted_iou"].rank().corr(table["jac_predicted"].rank())
    return summary | {"ellipse": round(float(box["dice_blind"].mean()), 4), "spearman": round(float(rho), 4)}
