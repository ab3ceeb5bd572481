"""Outer contours of the connected components of a mask."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label
from skimage.measure import find_contours

from cosmos_datasets.evaluation.sample import Mask

Polygon = NDArray[np.float64]

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.int8)


@dataclass(frozen=True, eq=False)
class Contour:
    """The outside of one connected component.

    Attributes:
        points: float64 ``(n, 2)``: (x, y) in pixels, pixel centres at whole numbers; a closed polygon, clockwise on
            the screen, without repeating its first point; n is 4 or more.
        area: pixels of the component, its holes left out.
    """

    points: Polygon
    area: int


def outer_contours(mask: Mask) -> list[Contour]:
    """Trace every component from outside, by marching squares at one half.

    A contour goes through the middles of the pixel edges between component and background: it encloses exactly the
    centres of the component's pixels and of its holes, also where the component is one pixel wide. Components are
    8-connected: what touches at a corner belongs together.

    Args:
        mask: bool ``(height, width)``.

    Returns:
        One contour a component, in raster order of their first pixels; none for an empty mask.
    """
    padded = np.pad(mask, 1)
    numbers, found = label(padded, structure=_EIGHT_NEIGHBOURS)
    areas = np.bincount(numbers.ravel(), minlength=found + 1)
    contours: dict[int, Contour] = {}
    for closed in find_contours(padded, 0.5, fully_connected="high"):
        points = closed[:-1, ::-1]
        first = np.lexsort(points.T)[0]
        column, edge = points[first]
        # Below the uppermost edge of an outer contour lies the component's first pixel, below that of a hole the hole.
        if number := int(numbers[math.ceil(edge), int(column)]):
            contours[number] = Contour(np.concatenate([points[first:], points[:first]]) - 1, int(areas[number]))
    return [contours[number] for number in sorted(contours)]
