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
from cosmos_sam_tiny.data import HELD_OUT, HELD_OUT_MICROGRAPHS, Pictures
from cosmos_sam_tiny.prompting import target_of

_MASKS = 4
#: Points a side of S1.
GRID_OF_S1 = 12


def held_out(count: int, first: int = HELD_OUT) -> Iterator[Sample]:
    """Held-out pictures, a third of them template slices, or micrographs alone; with at most four masks each."""
    pictures = Pictures()
    for number in range(first, first + count):
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
    settings = Settings(strategies, grid=GRID_OF_S1, distances=False)
    rows = []
    for sample in samples:
        (embedding,) = adapter.encode([sample.image])
        areas = [target.area for target in sample.targets]
        rows += list(score_sample(adapter, embedding, sample, settings, areas))
    return pd.DataFrame(rows)


def validate(student: transformers.SamModel, count: int) -> dict[str, float]:
    """Mean DICE of the best mask under S2, S3 and S5, the ellipse's, and Spearman's rho of the IoU estimates.

    The numbers of micrographs, half as many, are named so; S1, everything mode, is tried on few of either kind.
    """
    adapter, found = adapter_of(student), dict[str, float]()
    for kind, first, pictures in (("", HELD_OUT, count), ("micrographs_", HELD_OUT_MICROGRAPHS, count // 2)):
        table = scores(adapter, held_out(pictures, first), ("S2", "S3", "S5"))
        box = table[table["strategy"] == "S5"]
        found |= {f"{kind}{name}": group["dice_oracle"].mean() for name, group in table.groupby("strategy")}
        found[f"{kind}ellipse"] = box["dice_blind"].mean()
        found[f"{kind}spearman"] = table["predicted_iou"].rank().corr(table["jac_predicted"].rank())
        everything = scores(adapter, held_out(count // 10, first), ("S1",))
        found[f"{kind}S1"] = everything["dice_oracle"].mean()
    return {name: round(float(value), 4) for name, value in found.items()}
