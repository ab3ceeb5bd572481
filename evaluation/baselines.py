"""Blind baselines: the masks that follow from a prompt alone, without a look at the image.

A DICE means something only above them. For a box it is the ellipse inscribed in the box; for points the disc
of the target's mean size about the best of the positive points; for the grid of S1, which says nothing of a
target, the empty mask.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.metrics import dice
from cosmos_datasets.evaluation.prompts import STRATEGIES, Pixel, Prompt
from cosmos_datasets.evaluation.sample import Mask, Target

Box = tuple[int, int, int, int]


def blind_dice(
    strategy: str, target: Target, prompt: Prompt | None, height: int, width: int, *, mean_area: float
) -> float:
    """The DICE that a strategy's prompt reaches without the image.

    Args:
        strategy: one of `prompts.STRATEGIES`.
        target: the reference mask.
        prompt: what the strategy made of it; not looked at for S1.
        height: rows of the image.
        width: columns of the image.
        mean_area: mean pixels of the target's class, see
            :attr:`cosmos_datasets.evaluation.selection.Selection.mean_areas`: the size of the disc (S2 to S4).

    Returns:
        0 to 1. S1: 0, the empty mask. S2 to S4: the best over the positive points. S5 and S6: the ellipse.

    Raises:
        CosmosError: the strategy does not exist, or the prompt lacks what the strategy prompts with.
    """
    if strategy not in STRATEGIES:
        raise CosmosError(f"no strategy {strategy!r}; there are {', '.join(STRATEGIES)}")
    if strategy == "S1":
        return 0.0
    if strategy in ("S5", "S6"):
        if prompt is None or prompt.box is None:
            raise CosmosError(f"strategy {strategy} needs a prompt with a box for its baseline")
        return _dice(*ellipse(prompt.box, height, width), target)
    positive = [] if prompt is None else prompt.points[prompt.labels == 1]
    if len(positive) == 0:
        raise CosmosError(f"strategy {strategy} needs a prompt with a positive point for its baseline")
    return max(_dice(*disc(point, mean_area, height, width), target) for point in positive)


def ellipse(box: NDArray[np.float32], height: int, width: int) -> tuple[Mask, Box]:
    """The ellipse inscribed in a box: the pixels whose centre lies in it.

    The box covers its end pixels whole: from ``x0 - 1/2`` to ``x1 + 1/2`` in coordinates of pixel centres, so
    that its width is ``x1 - x0 + 1``.

    Args:
        box: (x0, y0, x1, y1) in pixels of the image, ends inclusive, not necessarily whole.
        height: rows of the image.
        width: columns of the image.

    Returns:
        The mask, bool, cropped, and the crop's (x0, y0, x1, y1), ends inclusive, clipped to the image.

    Raises:
        CosmosError: no pixel of the image lies in the box.
    """
    x0, y0, x1, y1 = (float(value) for value in box)
    left, right = math.ceil(x0 - 0.5), math.floor(x1 + 0.5)
    top, bottom = math.ceil(y0 - 0.5), math.floor(y1 + 0.5)
    left, top, right, bottom = _clipped((left, top, right, bottom), height, width)
    x = (np.arange(left, right + 1) - (x0 + x1) / 2) / ((x1 - x0 + 1) / 2)
    y = (np.arange(top, bottom + 1) - (y0 + y1) / 2) / ((y1 - y0 + 1) / 2)
    return np.asarray((x * x)[None, :] + (y * y)[:, None] <= 1.0), (left, top, right, bottom)


def disc(point: Pixel | NDArray[np.float32], area: float, height: int, width: int) -> tuple[Mask, Box]:
    """The disc of an area about a point: the pixels whose centre lies within ``sqrt(area / pi)`` of it.

    Args:
        point: (x, y) in pixels of the image, rounded half up to a pixel.
        area: pixels of the whole disc, before the image's border cuts it.
        height: rows of the image.
        width: columns of the image.

    Returns:
        The mask, bool, cropped, and the crop's (x0, y0, x1, y1), ends inclusive, clipped to the image.

    Raises:
        CosmosError: no pixel of the disc's square lies in the image.
    """
    whole = _centred_disc(float(area))
    radius = len(whole) // 2
    x, y = (math.floor(float(value) + 0.5) for value in point)
    left, top, right, bottom = _clipped((x - radius, y - radius, x + radius, y + radius), height, width)
    crop = whole[top - y + radius : bottom - y + radius + 1, left - x + radius : right - x + radius + 1]
    return crop, (left, top, right, bottom)


@lru_cache(maxsize=32)
def _centred_disc(area: float) -> Mask:
    """The disc in its own square, ``(2 r + 1, 2 r + 1)``; kept, because a class has one mean area."""
    radius = math.isqrt(int(area / math.pi))
    offset = np.arange(-radius, radius + 1)
    mask = np.asarray((offset * offset)[None, :] + (offset * offset)[:, None] <= area / math.pi)
    mask.flags.writeable = False
    return mask


def _clipped(box: Box, height: int, width: int) -> Box:
    left, top, right, bottom = max(box[0], 0), max(box[1], 0), min(box[2], width - 1), min(box[3], height - 1)
    if left > right or top > bottom:
        raise CosmosError(f"the prompt lies outside of the image: {box} in {width} x {height} pixels")
    return left, top, right, bottom


def _dice(mask: Mask, box: Box, target: Target) -> float:
    """DICE of a cropped mask and a target, counted where their boxes overlap."""
    x0, y0, x1, y1 = target.bbox
    left, top, right, bottom = max(box[0], x0), max(box[1], y0), min(box[2], x1), min(box[3], y1)
    tp = 0
    if left <= right and top <= bottom:
        a = mask[top - box[1] : bottom - box[1] + 1, left - box[0] : right - box[0] + 1]
        b = target.mask[top - y0 : bottom - y0 + 1, left - x0 : right - x0 + 1]
        tp = int(np.count_nonzero(a & b))
    return dice(tp, int(np.count_nonzero(mask)), target.area)
