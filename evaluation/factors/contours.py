"""Outer contours of the connected components of a mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

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
    """Trace every component from outside.

    A contour goes through the middles of the pixel edges between component and background, like marching squares at
    one half: it encloses exactly the centres of the component's pixels and of its holes, also where the component is
    one pixel wide. Components are 8-connected: what touches at a corner belongs together.

    Args:
        mask: bool ``(height, width)``.

    Returns:
        One contour a component, in raster order of their first pixels; none for an empty mask.
    """
    padded = np.pad(mask, 1)
    numbers, found = label(padded, structure=_EIGHT_NEIGHBOURS)
    areas = np.bincount(numbers.ravel(), minlength=found + 1)
    width = padded.shape[1]
    pixels = padded.tobytes()
    contours = []
    for number, (rows, columns) in enumerate(find_objects(numbers), start=1):
        # The first pixel of a component in raster order has background above it.
        first = columns.start + int(np.argmax(numbers[rows.start, columns] == number))
        points = _trace(pixels, width, rows.start * width + first)
        contours.append(Contour(points, int(areas[number])))
    return contours


def _trace(pixels: bytes, width: int, start: int) -> Polygon:
    """Walk along the pixel edges with the component on the right, from the upper edge of the pixel ``start``.

    Args:
        pixels: one byte a pixel of a mask with a background margin, row by row.
        width: of the mask with its margin.
        start: place in ``pixels`` of the component's first pixel.

    Returns:
        The middles of the edges, in the coordinates of the mask without its margin.
    """
    steps = (1, width, -1, -width)  # east, south, west, north
    places, headings = [], []
    pixel, heading = start, 0
    while True:
        places.append(pixel)
        headings.append(heading)
        ahead = pixel + steps[heading]
        beyond = ahead + steps[heading - 1]
        if pixels[beyond]:
            pixel, heading = beyond, (heading - 1) % 4
        elif pixels[ahead]:
            pixel = ahead
        else:
            heading = (heading + 1) % 4
        if pixel == start and heading == 0:
            break
    rows, columns = np.divmod(np.array(places), width)
    # The edge lies half a pixel to the left of the heading: north of the pixel when going east.
    outward = np.array([(0, -0.5), (0.5, 0), (0, 0.5), (-0.5, 0)])
    points: Polygon = np.stack([columns - 1, rows - 1], axis=-1) + outward[np.array(headings)]
    return points
