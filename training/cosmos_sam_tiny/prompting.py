"""Prompts as the experiments give them, and others like them: what the mask loss is trained under."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.evaluation.prompts import POSITIVES, make_prompt
from cosmos_datasets.evaluation.sample import Target
from cosmos_sam_tiny.canvas import Mask

#: How often each strategy is trained.
STRATEGIES = {"S2": 0.34, "S3": 0.14, "S4": 0.08, "S5": 0.35, "S6": 0.09}


@dataclass(frozen=True, eq=False)
class TrainingPrompt:
    """One prompt in pixels of the image.

    Attributes:
        points: float32 ``(n, 2)``, (x, y); n is fixed by the strategy.
        labels: int64 ``(n,)``: 1 inside, 0 outside, -10 no point at all.
        box: float32 ``(4,)`` or ``None``.
    """

    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    box: NDArray[np.float32] | None


def target_of(mask: Mask) -> Target:
    """A mask in the form that the product's prompts take."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    return Target(mask[y0 : y1 + 1, x0 : x1 + 1], (x0, y0, x1, y1), "object", "object")


def training_prompt(rng: np.random.Generator, strategy: str, mask: Mask, own: float = 0.5) -> TrainingPrompt:
    """The strategy's own prompt, or a random one of the same shape.

    Args:
        rng: the source of randomness.
        strategy: one of :data:`STRATEGIES`.
        mask: bool ``(H, W)``, not empty.
        own: how likely the first is.
    """
    height, width = mask.shape
    target = target_of(mask)
    prompt = make_prompt(strategy, target, height, width)
    points, labels, box = prompt.points, prompt.labels, prompt.box
    if rng.random() >= own:
        points = _random_points(rng, mask, target, points, labels)
        if box is not None:
            box = _jittered(rng, box, height, width)
    wanted = POSITIVES[strategy] + (5 if strategy == "S4" else 0)
    missing = wanted - len(points)
    return TrainingPrompt(
        np.concatenate([points, np.zeros((missing, 2), dtype=np.float32)]),
        np.concatenate([labels, np.full(missing, -10, dtype=np.int64)]),
        box,
    )


def _random_points(
    rng: np.random.Generator,
    mask: Mask,
    target: Target,
    points: NDArray[np.float32],
    labels: NDArray[np.int64],
) -> NDArray[np.float32]:
    """As many points of each label anywhere inside, or anywhere near but outside."""
    x0, y0, x1, y1 = target.bbox
    dx, dy = (x1 - x0 + 1) // 2 + 1, (y1 - y0 + 1) // 2 + 1
    near = np.zeros_like(mask)
    near[max(0, y0 - dy) : y1 + dy + 1, max(0, x0 - dx) : x1 + dx + 1] = True
    chosen = np.array(points)
    for label, area in ((1, mask), (0, near & ~mask)):
        count = int((labels == label).sum())
        if count:
            rows, columns = np.nonzero(area)
            picks = rng.integers(len(rows), size=count)
            chosen[labels == label] = np.stack([columns[picks], rows[picks]], axis=1)
    return chosen


def _jittered(rng: np.random.Generator, box: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    x0, y0, x1, y1 = box
    sides = np.array([x1 - x0 + 1, y1 - y0 + 1, x1 - x0 + 1, y1 - y0 + 1])
    moved = box + np.clip(rng.normal(0, 0.05, 4), -0.1, 0.1) * sides
    low, high = np.minimum(moved[:2], moved[2:]), np.maximum(moved[:2], moved[2:])
    limits = np.array([width - 1, height - 1])
    return np.concatenate([np.clip(low, 0, limits), np.clip(high, 0, limits)]).astype(np.float32)
