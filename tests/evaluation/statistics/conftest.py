"""Drawn runs with several strategies, targets, sources and raters, unions and instances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_runs import Row, result, write

STRATEGIES = ("S1", "S2", "S5")


def rows(seed: int, subjects: int = 8) -> list[Row]:
    """Masks of an organ in two sources, of two labels of one object, of a two-rater set, and of cells."""
    generator = np.random.default_rng(seed)
    masks: list[Row] = []
    for subject in range(subjects):
        for k in range(2 + subject % 3):
            masks += [
                {"image": f"msd/{subject}/a{k}", "object": "liver", "label": "liver"},
                {"image": f"chaos/{subject}/a{k}", "object": "liver", "label": "liver", "source": "chaos"},
                *(
                    {"image": f"msd/{subject}/a{k}", "object": "kidney", "label": f"kidney_{side}"}
                    for side in ("left", "right")
                ),
                *(
                    {"image": f"qubiq21/{subject}/a{k}", "object": "prostate", "label": "prostate", "rater": rater,
                     "source": "qubiq21", "modality": "T2W MRI"}
                    for rater in (0, 1)
                ),
                *(
                    {"image": f"cells/{subject}/a{k}", "object": "cell", "label": "cell", "instance": instance,
                     "modality": "Histopathology", "source": "cellseg_neurips22"}
                    for instance in (0, 1, 2)
                ),
            ]  # fmt: skip
    return [scored(generator, **mask, strategy=strategy) for mask in masks for strategy in STRATEGIES]


def scored(generator: np.random.Generator, image: str, strategy: str, **fields: object) -> Row:
    """A result whose DICE, JAC and counts agree; one prediction in ten is empty."""
    area = int(generator.integers(60, 400))
    scores: Row = {"area": area, "dice_blind": float(generator.uniform(0, 0.6)), "case_id": image.rpartition("/")[0]}
    for choice in ("oracle", "predicted"):
        predicted = 0 if generator.uniform() < 0.1 else int(generator.integers(60, 400))
        tp = int(generator.integers(0, min(area, predicted) + 1))
        dice = 2 * tp / (area + predicted)
        there = choice == "oracle" or strategy != "S1"
        scores |= {
            f"{name}_{choice}": value if there else None
            for name, value in {
                "dice": dice, "jac": dice / (2 - dice), "tp": tp, "pred_area": predicted,
                "hd": None if predicted == 0 else float(generator.uniform(1, 30)),
            }.items()
        }  # fmt: skip
    return result(image, 0.0, strategy=strategy, **{"diagonal": 99.0, **fields, **scores})


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("runs") / "sam_b", rows(1))


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    facts = {"name": "cosmos-sam-tiny", "digest": "d" * 64}
    return write(tmp_path_factory.mktemp("runs") / "tiny", rows(2), model=facts)
