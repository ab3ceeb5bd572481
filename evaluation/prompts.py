"""The prompts of the six strategies, made from a reference mask by fixed rules.

S1 everything (a grid of points), S2 one positive point, S3 five positive points, S4 five positive and five
negative points, S5 the box, S6 the box and one positive point. Nothing is drawn at random: a mask on a canvas
always gives the same prompt. The rules are those of Huang et al., "Segment Anything Model for
Medical Images?", Medical Image Analysis 92:103061 (2024), section 3; what they leave open is settled and
written down here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.sample import Mask, Target

PROTOCOL_VERSION = "3"
"""Part of every result's key: raised whenever a rule changes a prompt or a choice, or a result gets more scores."""

PROMPTED = ("S2", "S3", "S4", "S5", "S6")
"""The strategies whose prompt comes from a target."""

STRATEGIES = ("S1", *PROMPTED)
"""All strategies, in the order of the tables."""

POSITIVES = {"S2": 1, "S3": 5, "S4": 5, "S5": 0, "S6": 1}
NEGATIVES = {"S4": 5}
BOXED = ("S5", "S6")

Pixel = tuple[int, int]


def _no_points() -> NDArray[np.float32]:
    return np.zeros((0, 2), dtype=np.float32)


def _no_labels() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Prompt:
    """What is shown to the model beside the image.

    Attributes:
        points: float32, ``(n, 2)``: (x, y) in pixels of the image, n may be 0.
        labels: int64, ``(n,)``: 1 for a positive point, 0 for a negative one.
        box: float32, ``(4,)``: (x0, y0, x1, y1) in pixels of the image, ends inclusive; or ``None``.
    """

    points: NDArray[np.float32] = field(default_factory=_no_points)
    labels: NDArray[np.int64] = field(default_factory=_no_labels)
    box: NDArray[np.float32] | None = None

    @property
    def shape(self) -> tuple[int, bool]:
        """Number of points, and whether there is a box: prompts of one shape batch without padding."""
        return len(self.points), self.box is not None

    def to_json(self) -> str:
        """One line of JSON, ``{"points":[[x,y],…],"labels":[…],"box":[…]}``; what is absent is left out."""
        content: dict[str, object] = {}
        if len(self.points):
            content["points"] = [_numbers(point) for point in self.points]
            content["labels"] = self.labels.tolist()
        if self.box is not None:
            content["box"] = _numbers(self.box)
        return json.dumps(content, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Prompt:
        """The prompt that :meth:`to_json` wrote, bit for bit."""
        content = json.loads(text)
        box = content.get("box")
        return cls(
            points=np.asarray(content.get("points", []), dtype=np.float32).reshape(-1, 2),
            labels=np.asarray(content.get("labels", []), dtype=np.int64),
            box=None if box is None else np.asarray(box, dtype=np.float32),
        )


def _numbers(values: NDArray[np.float32]) -> list[float | int]:
    """Whole numbers without a decimal point; every float32 is a float64, so nothing is rounded."""
    return [int(value) if value.is_integer() else value for value in values.tolist()]


def make_prompt(strategy: str, target: Target, height: int, width: int) -> Prompt:
    """The prompt of one target.

    * Positive points: the centroid (mean of the foreground pixels' coordinates, rounded half up to a pixel)
      comes first where that pixel is foreground. The remaining n points are spaced uniformly over the N
      foreground pixels in raster order: elements ``floor((2 i + 1) N / (2 n))``, i = 0 … n - 1. Should one of
      them be the centroid, they are taken from the foreground without it. A mask with fewer pixels than that
      gives all it has.
    * Negative points: the same spacing over the pixels of :func:`doubled_box` that are not the target (other
      objects count as background); fewer, down to none, where fewer exist.
    * Box: tight, ends inclusive, no margin.

    Args:
        strategy: one of :data:`PROMPTED`.
        target: the reference mask; only its crop is looked at.
        height: rows of the image.
        width: columns of the image.

    Returns:
        The prompt, in pixels of the image; positive points before negative ones.

    Raises:
        CosmosError: the strategy does not exist, or takes no prompt from a target (S1), or the mask is empty.
    """
    if strategy not in PROMPTED:
        message = f"no prompt from a target for strategy {strategy!r}; those that have one: {', '.join(PROMPTED)}"
        raise CosmosError(message)
    positives = positive_points(target, POSITIVES[strategy])
    negatives = negative_points(target, height, width, NEGATIVES.get(strategy, 0))
    pixels = [*positives, *negatives]
    return Prompt(
        points=np.asarray(pixels, dtype=np.float32).reshape(-1, 2),
        labels=np.repeat(np.asarray([1, 0], dtype=np.int64), [len(positives), len(negatives)]),
        box=np.asarray(target.bbox, dtype=np.float32) if strategy in BOXED else None,
    )


def grid_points(m: int, height: int, width: int) -> NDArray[np.float32]:
    """The grid of S1, float32 ``(m * m, 2)``: (x, y) = ``(i + 0.5) / m * (width, height)``, x fastest."""
    if m < 1:
        raise CosmosError(f"the grid of strategy S1 needs at least 1 point a side, not {m}")
    steps = (np.arange(m) + 0.5) / m
    x, y = np.meshgrid(steps * width, steps * height)
    return np.stack([x.ravel(), y.ravel()], axis=-1).astype(np.float32)


def positive_points(target: Target, n: int) -> list[Pixel]:
    """Up to n distinct (x, y) foreground pixels of the image, the centroid first where it is foreground."""
    if n == 0:
        return []
    mask = target.mask
    per_row = np.count_nonzero(mask, axis=1)
    total = int(per_row.sum())
    if total == 0:
        raise CosmosError(f"the mask of {target.label!r} is empty: there is no pixel to put a point on")
    x0, y0, _, _ = target.bbox
    x, y = _centroid(mask, per_row, total)
    if not mask[y, x]:
        picked = _pixels(spaced(total, n), per_row, lambda row: mask[row])
        return [(x0 + i, y0 + j) for i, j in picked]
    rank = int(per_row[:y].sum()) + int(np.count_nonzero(mask[y, :x]))
    ranks = spaced(total, n - 1)
    if rank in ranks:
        ranks = [k + (k >= rank) for k in spaced(total - 1, n - 1)]
    picked = [(x, y), *_pixels(ranks, per_row, lambda row: mask[row])]
    return [(x0 + i, y0 + j) for i, j in picked]


def negative_points(target: Target, height: int, width: int, n: int) -> list[Pixel]:
    """Up to n distinct (x, y) pixels of the image, in the doubled box and outside the target."""
    if n == 0:
        return []
    left, top, right, bottom = doubled_box(target.bbox, height, width)
    x0, y0, x1, y1 = target.bbox
    per_row = np.full(bottom - top + 1, right - left + 1, dtype=np.int64)
    per_row[y0 - top : y1 - top + 1] -= np.count_nonzero(target.mask, axis=1)

    def background(row: int) -> Mask:
        line = np.ones(right - left + 1, dtype=np.bool_)
        if y0 <= row + top <= y1:
            line[x0 - left : x1 - left + 1] = ~target.mask[row + top - y0]
        return line

    picked = _pixels(spaced(int(per_row.sum()), n), per_row, background)
    return [(left + i, top + j) for i, j in picked]


def doubled_box(bbox: tuple[int, int, int, int], height: int, width: int) -> tuple[int, int, int, int]:
    """The box of twice the width and height about the same centre, clipped to the image, ends inclusive.

    Each side moves outwards by half the box's width (or height) in pixels, rounded down: it stays centred.
    """
    x0, y0, x1, y1 = bbox
    dx, dy = (x1 - x0 + 1) // 2, (y1 - y0 + 1) // 2
    return max(x0 - dx, 0), max(y0 - dy, 0), min(x1 + dx, width - 1), min(y1 + dy, height - 1)


def spaced(total: int, n: int) -> list[int]:
    """``floor((2 i + 1) total / (2 n))`` for i = 0 … n - 1: n distinct of ``total`` elements, or all."""
    if total <= n:
        return list(range(total))
    return [(2 * i + 1) * total // (2 * n) for i in range(n)]


def _centroid(mask: Mask, per_row: NDArray[np.int64], total: int) -> Pixel:
    """The (x, y) of the mean coordinate, rounded half up in whole numbers: floor(sum / N + 1 / 2)."""
    per_column = np.count_nonzero(mask, axis=0)
    x = int(per_column @ np.arange(mask.shape[1]))
    y = int(per_row @ np.arange(mask.shape[0]))
    return (2 * x + total) // (2 * total), (2 * y + total) // (2 * total)


def _pixels(ranks: list[int], per_row: NDArray[np.int64], line: Callable[[int], Mask]) -> list[Pixel]:
    """The (x, y) of the pixels at these places in raster order; only the rows that hold one are looked at."""
    ends = np.cumsum(per_row)
    picked = []
    for rank in ranks:
        row = int(np.searchsorted(ends, rank, side="right"))
        place = rank - int(ends[row] - per_row[row])
        picked.append((int(np.flatnonzero(line(row))[place]), row))
    return picked
