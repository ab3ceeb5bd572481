"""NSD by length: the share of two contours, measured along them, that agrees within a tolerance.

A contour is what marching squares draws between the pixels: at every corner where pixels of the mask and of the
background meet, a piece whose length follows from the four pixels around it. Distances go from corner to corner. This
is the surface DICE of Nikolov et al. (J. Med. Internet Res. 23:e26151, 2021) in two dimensions; :mod:`.distances` has
the one that counts points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.evaluation.distances import (
    ROUNDING,
    Points,
    check_spacing,
    check_tolerance,
    is_square,
    surface_distances,
)
from cosmos_datasets.evaluation.metrics import Convention, check_convention
from cosmos_datasets.evaluation.sample import Mask


class Contour(NamedTuple):
    """The contour of a mask.

    Attributes:
        corners: int64 ``(n, 2)``: (row, column) of the pixel below and right of each corner, in raster order.
        around: uint8 ``(n,)``: which of the four pixels around it are of the mask: 8 above left, 4 above right,
            2 below left, 1 below right.
    """

    corners: Points
    around: NDArray[np.uint8]


def contour(mask: Mask, origin: tuple[int, int] = (0, 0)) -> Contour:
    """The contour of a mask; outside of the image is background.

    Args:
        mask: bool ``(height, width)``, the whole image or a crop that holds all of the foreground.
        origin: (row, column) of the crop's first pixel in the image.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    around = 8 * padded[:-1, :-1] + 4 * padded[:-1, 1:] + 2 * padded[1:, :-1] + padded[1:, 1:]
    rows, columns = np.nonzero((around > 0) & (around < 15))
    return Contour(np.stack([rows + origin[0], columns + origin[1]], axis=-1), around[rows, columns])


def contour_shares(
    prediction: Contour,
    reference: Contour,
    spacing: tuple[float, float],
    tolerances: Sequence[float],
    convention: Convention = "standard",
) -> list[float]:
    """NSD by length for several tolerances, from one search.

    Args:
        prediction: see :func:`contour`.
        reference: likewise.
        spacing: size of a pixel as (row, column): (1, 1) gives pixels, millimetres give millimetres.
        tolerances: each 0 or more, in the unit of ``spacing``.
        convention: what empty masks score, see :data:`cosmos_datasets.evaluation.metrics.CONVENTIONS`.

    Returns:
        0 to 1 for each tolerance.

    Raises:
        CosmosError: the spacing is no size of a pixel, a tolerance no distance, or the convention does not exist.
    """
    check_convention(convention)
    check_spacing(spacing)
    for tolerance in tolerances:
        check_tolerance(tolerance)
    if len(prediction.corners) == 0 or len(reference.corners) == 0:
        agree = len(prediction.corners) == len(reference.corners) and convention == "standard"
        return [float(agree)] * len(tolerances)
    limits = [tolerance * ROUNDING for tolerance in tolerances]
    found = surface_distances(prediction.corners, reference.corners, spacing, farthest=max(limits))
    distances, lengths = (
        np.concatenate(found),
        _lengths(spacing)[np.concatenate([prediction.around, reference.around])],
    )
    return [float(lengths[distances <= limit].sum() / lengths.sum()) for limit in limits]


def contour_shares_mm(
    prediction: Contour,
    reference: Contour,
    spacing: tuple[float, float] | None,
    *,
    tolerance: float,
    tolerance_mm: float,
    convention: Convention = "standard",
) -> tuple[float, float | None]:
    """NSD by length in pixels, and in millimetres (``None`` without a spacing); where pixels are square, at once.

    Arguments and errors as for :func:`cosmos_datasets.evaluation.distances.distance_scores_mm`.
    """
    if spacing is not None and is_square(spacing):
        tolerances = (tolerance, tolerance_mm / spacing[0])
        in_pixels, in_mm = contour_shares(prediction, reference, (1.0, 1.0), tolerances, convention)
        return in_pixels, in_mm
    (in_pixels,) = contour_shares(prediction, reference, (1.0, 1.0), (tolerance,), convention)
    if spacing is None:
        return in_pixels, None
    return in_pixels, contour_shares(prediction, reference, spacing, (tolerance_mm,), convention)[0]


def _lengths(spacing: tuple[float, float]) -> NDArray[np.float64]:
    """Length of the piece of contour at a corner, by the pixels around it."""
    row, column = spacing
    lengths = np.full(16, math.hypot(row, column) / 2)  # one pixel alone, or one that lacks: the corner is cut off
    lengths[[3, 12]], lengths[[5, 10]] = column, row
    lengths[[6, 9]] *= 2  # two that meet in the corner
    return lengths
