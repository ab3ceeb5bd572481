"""Surface distances: HD.

The surface of a mask is what its erosion by the 4-connected cross takes away; outside of the image is
background, so that a mask that touches the border has a surface there. A surface is kept as points, which
makes the distance between two masks independent of how each of them is cropped.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cosmos_datasets.evaluation.metrics import Convention, check_convention, check_shapes
from cosmos_datasets.evaluation.sample import Mask

Points = NDArray[np.int64]


def surface_points(mask: Mask, origin: tuple[int, int] = (0, 0)) -> Points:
    """The surface of a mask.

    Args:
        mask: bool ``(height, width)``, the whole image or a crop that holds all of the foreground.
        origin: (row, column) of the crop's first pixel in the image.

    Returns:
        int64 ``(n, 2)``: (row, column) in the image, in raster order; n is 0 for an empty mask.
    """
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    flat = np.flatnonzero(mask & ~inner)
    rows, columns = np.divmod(flat, max(mask.shape[1], 1))
    return np.stack([rows + origin[0], columns + origin[1]], axis=-1).astype(np.int64, copy=False)


def hausdorff(
    prediction: Mask,
    reference: Mask,
    spacing: tuple[float, float] = (1.0, 1.0),
    convention: Convention = "standard",
) -> float:
    """HD of two masks of one image: see :func:`hausdorff_points`.

    Args:
        prediction: bool ``(height, width)``.
        reference: bool, the same shape and place.
        spacing: size of a pixel as (row, column): (1, 1) gives pixels, millimetres give millimetres.
        convention: what empty masks score, see `metrics.CONVENTIONS`.

    Raises:
        CosmosError: the masks differ in shape, or the convention does not exist.
    """
    check_shapes(prediction, reference)
    return hausdorff_points(surface_points(prediction), surface_points(reference), spacing, convention)


def hausdorff_points(
    prediction: Points,
    reference: Points,
    spacing: tuple[float, float] = (1.0, 1.0),
    convention: Convention = "standard",
) -> float:
    """HD: the larger of the two directed maximum surface distances, Euclidean, no percentile.

    ``max(max_p min_r |p - r|, max_r min_p |r - p|)`` over the two surfaces (Huttenlocher et al., IEEE TPAMI
    15:850, 1993), on surfaces as :func:`surface_points` gives them.

    Args:
        prediction: int64 ``(n, 2)``, (row, column), without repeats.
        reference: int64 ``(m, 2)``, likewise.
        spacing: size of a pixel as (row, column).
        convention: what empty masks score.

    Returns:
        The distance in the unit of ``spacing``; where either surface is empty, NaN (``standard``) or 0
        (``released``).

    Raises:
        CosmosError: the convention does not exist.
    """
    check_convention(convention)
    if len(prediction) == 0 or len(reference) == 0:
        return _undefined(convention)
    scale = np.asarray(spacing, dtype=np.float64)
    only_predicted, only_reference = _apart(prediction, reference)
    return max(
        _directed(prediction[only_predicted] * scale, reference * scale),
        _directed(reference[only_reference] * scale, prediction * scale),
    )


def _undefined(convention: Convention) -> float:
    return math.nan if convention == "standard" else 0.0


def _apart(a: Points, b: Points) -> tuple[Mask, Mask]:
    """Which points of each surface are not on the other: the rest are at distance 0 and need no search."""
    columns = int(max(a[:, 1].max(), b[:, 1].max())) + 1
    flat_a, flat_b = a @ (columns, 1), b @ (columns, 1)
    return ~np.isin(flat_a, flat_b, assume_unique=True), ~np.isin(flat_b, flat_a, assume_unique=True)


def _directed(points: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """The largest distance from a point to the nearest of the others; 0 without points."""
    if len(points) == 0:
        return 0.0
    distances, _ = cKDTree(others, balanced_tree=False, compact_nodes=False).query(points)
    return float(np.max(distances))
