"""Areas of polygons in pixels, without drawing them: the cost grows with the outline, not with the area."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.evaluation.factors.contours import Polygon

#: Where the outline of a polygon crosses rows of pixel centres, as row * 2**32 + first column to the right, ascending.
Crossings = NDArray[np.int64]

_ROW = 1 << 32


def crossings(polygon: Polygon) -> Crossings:
    """Where a closed polygon begins and ends in each row of pixels.

    Args:
        polygon: float64 ``(n, 2)``, (x, y), pixel centres at whole numbers; it may cross itself.

    Returns:
        int64: an even number in each row; the pixels from every odd one to before the next are inside (even-odd
        rule). A centre on the outline is inside on the left and upper side only.
    """
    x, y = polygon.T
    end_x, end_y = np.roll(x, -1), np.roll(y, -1)
    first = np.ceil(np.minimum(y, end_y)).astype(np.int64)
    number = np.ceil(np.maximum(y, end_y)).astype(np.int64) - first
    edges = np.repeat(np.arange(len(x)), number)
    rows = np.arange(len(edges)) - np.repeat(np.cumsum(number) - number, number) + first[edges]
    # Multiplied first: a row through the edge's end then crosses it in that end, without an error of rounding.
    shift = (rows - y[edges]) * (end_x[edges] - x[edges]) / (end_y[edges] - y[edges])
    columns = np.ceil(x[edges] + shift).astype(np.int64)
    return np.sort(rows * _ROW + columns)


def area(outline: Crossings) -> int:
    """Pixels inside."""
    return int((outline[1::2] - outline[::2]).sum())


def dice_of(a: Crossings, b: Crossings) -> float:
    """DICE of two polygons that are not both empty, 0 to 1."""
    # By the even-odd rule, both outlines together enclose what is in one of the two only.
    apart = area(np.sort(np.concatenate([a, b]), kind="stable"))
    return 1 - apart / (area(a) + area(b))
