"""How far a mask stands out from its surroundings, in grey levels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.evaluation.sample import Target

#: Share of the box's side by which the surroundings reach beyond it, on each of the four sides: 1 / 10.
_SHARE = 10
#: Luma of ITU-R BT.601, as Pillow and OpenCV make colours grey.
_LUMA = (0.299, 0.587, 0.114)


def intensity_difference(image: NDArray[np.uint8], target: Target) -> float:
    """Mean grey level of the mask minus that of the rest of its box, enlarged by a ratio of 0.1; signed.

    The box grows on each side by a tenth of its length there, rounded up to whole pixels and clipped to the image.
    Whatever is in it and not of this mask counts as surroundings: background, other objects, holes. (Whether the
    paper's ratio of 0.1 is meant for each side or for both together is not known.)

    Args:
        image: uint8 ``(height, width)`` or ``(height, width, 3)``; colours become their luma.
        target: a mask of this image.

    Returns:
        -255 to 255, below 0 where the mask is darker; NaN where the enlarged box holds nothing but the mask.
    """
    x0, y0, x1, y1 = target.bbox
    height, width = target.mask.shape
    dy, dx = -(-height // _SHARE), -(-width // _SHARE)
    top, left = max(y0 - dy, 0), max(x0 - dx, 0)
    grey = _grey(image[top : y1 + dy + 1, left : x1 + dx + 1])
    inside = grey[y0 - top : y1 - top + 1, x0 - left : x1 - left + 1][target.mask]
    around = grey.size - inside.size
    if around == 0:
        return math.nan
    total = float(inside.sum(dtype=np.float64))
    return total / inside.size - (float(grey.sum(dtype=np.float64)) - total) / around


def _grey(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    return pixels if pixels.ndim == 2 else pixels @ np.array(_LUMA)
