"""Surface distances: HD, HD95, ASD and NSD.

The surface of a mask is what its erosion by the 4-connected cross takes away; outside of the image is
background, so that a mask that touches the border has a surface there. A surface is kept as points, which
makes the distance between two masks independent of how each of them is cropped. Distances go from pixel
centre to pixel centre, and every pixel of a surface counts once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.metrics import Convention, check_convention, check_shapes
from cosmos_datasets.evaluation.sample import Mask

Points = NDArray[np.int64]

#: A distance that equals the tolerance of NSD but for rounding is within it: 3 * 0.1 > 0.3, and data sets store a
#: spacing of 0.4 mm in single precision, as 0.4000000059.
ROUNDING = 1 + 1e-6


class Distances(NamedTuple):
    """The scores of two surfaces, P of the prediction and R of the reference.

    With d(a, B) the Euclidean distance of a point to the nearest one of a surface, in the unit of the spacing:

    Attributes:
        hd: the larger of ``max_p d(p, R)`` and ``max_r d(r, P)``.
        hd95: the larger of the 95th percentiles of d(p, R) and of d(r, P), each with linear interpolation between
            ranks. (Some libraries take one percentile of both pooled, which is mostly smaller.)
        asd: ``(sum_p d(p, R) + sum_r d(r, P)) / (|P| + |R|)``, the symmetric average (Heimann et al., IEEE TMI
            28:1251, 2009). With the convention ``released`` the mean of d(p, R) alone, as in the paper's released
            code: it does not see what a prediction misses.
        nsd: the share of the points of both surfaces, 0 to 1, whose distance to the other is the tolerance or less
            (Nikolov et al., J. Med. Internet Res. 23:e26151, 2021; by points, see :mod:`.contour_share` for lengths).
    """

    hd: float
    hd95: float
    asd: float
    nsd: float


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
        CosmosError: the masks differ in shape, the spacing is no size of a pixel, or the convention does not exist.
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
        CosmosError: the spacing is no size of a pixel, or the convention does not exist.
    """
    check_convention(convention)
    check_spacing(spacing)
    if len(prediction) == 0 or len(reference) == 0:
        return _undefined(convention)
    return max(float(one.max()) for one in surface_distances(prediction, reference, spacing))


def distance_scores(
    prediction: Points,
    reference: Points,
    spacing: tuple[float, float] = (1.0, 1.0),
    *,
    tolerance: float,
    convention: Convention = "standard",
) -> Distances:
    """HD, HD95, ASD and NSD of two surfaces from one search.

    Args:
        prediction: int64 ``(n, 2)``, (row, column), without repeats, as :func:`surface_points` gives it.
        reference: int64 ``(m, 2)``, likewise.
        spacing: size of a pixel as (row, column): (1, 1) gives pixels, millimetres give millimetres.
        tolerance: of NSD, 0 or more, in the unit of ``spacing``.
        convention: what empty masks score.

    Returns:
        The scores. Where either surface is empty the distances are NaN (``standard``) or 0 (``released``), and NSD is
        0; where both are, NSD is 1 (``standard``) or 0 (``released``), like DICE.

    Raises:
        CosmosError: the spacing is no size of a pixel, the tolerance no distance, or the convention does not exist.
    """
    check_convention(convention)
    check_spacing(spacing)
    check_tolerance(tolerance)
    if len(prediction) == 0 or len(reference) == 0:
        return _of_nothing(len(prediction) == len(reference), convention)
    return _scores(*surface_distances(prediction, reference, spacing), tolerance, convention)


def distance_scores_mm(
    prediction: Points,
    reference: Points,
    spacing: tuple[float, float] | None,
    *,
    tolerance: float,
    tolerance_mm: float,
    convention: Convention = "standard",
) -> tuple[Distances, Distances | None]:
    """The scores in pixels and in millimetres; where pixels are square, from one search.

    Args:
        prediction: see :func:`distance_scores`.
        reference: likewise.
        spacing: size of a pixel in mm as (row, column); ``None`` where it is not known.
        tolerance: of NSD in pixels, 0 or more.
        tolerance_mm: of NSD in mm, likewise.
        convention: what empty masks score.

    Returns:
        The scores in pixels, and in mm (``None`` without a spacing); NSD is a share in both.

    Raises:
        CosmosError: as :func:`distance_scores`.
    """
    check_convention(convention)
    if spacing is not None:
        check_spacing(spacing)
    check_tolerance(tolerance)
    check_tolerance(tolerance_mm)
    if len(prediction) == 0 or len(reference) == 0:
        nothing = _of_nothing(len(prediction) == len(reference), convention)
        return nothing, None if spacing is None else nothing
    found = surface_distances(prediction, reference)
    pixels = _scores(*found, tolerance, convention)
    if spacing is None:
        return pixels, None
    row = spacing[0]
    if not is_square(spacing):
        in_mm = surface_distances(prediction, reference, spacing)
        return pixels, _scores(*in_mm, tolerance_mm, convention)
    within = _share_within(np.concatenate(found), tolerance_mm / row)
    return pixels, Distances(pixels.hd * row, pixels.hd95 * row, pixels.asd * row, within)


def diagonal(height: int, width: int, spacing: tuple[float, float] = (1.0, 1.0)) -> float:
    """The largest distance of two pixels of an image, from centre to centre, in the unit of ``spacing``."""
    return math.hypot((height - 1) * spacing[0], (width - 1) * spacing[1])


def is_square(spacing: tuple[float, float]) -> bool:
    """Whether pixels are as high as wide; headers tell the two sides with rounding of their own."""
    return math.isclose(*spacing, rel_tol=1e-6)


def check_spacing(spacing: Sequence[float]) -> None:
    """Raise a CosmosError unless this is the size of a pixel: two finite numbers (row, column) above 0."""
    sides = tuple(spacing) if isinstance(spacing, (Sequence, np.ndarray)) else ()
    if len(sides) != 2 or not all(_is_number(side) and 0 < side < math.inf for side in sides):
        raise CosmosError(f"spacing is the size of a pixel as two numbers above 0, (row, column), not {spacing!r}")


def check_tolerance(tolerance: float) -> None:
    """Raise a CosmosError unless this is a distance: a finite number of 0 or more."""
    if not (_is_number(tolerance) and 0 <= tolerance < math.inf):
        raise CosmosError(f"a tolerance is a distance of 0 or more, not {tolerance!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _of_nothing(agree: bool, convention: Convention) -> Distances:
    """The scores where a surface is empty; ``agree`` where both are."""
    nothing = _undefined(convention)
    return Distances(nothing, nothing, nothing, float(agree and convention == "standard"))


def _scores(
    there: NDArray[np.float64], back: NDArray[np.float64], tolerance: float, convention: Convention
) -> Distances:
    both = np.concatenate([there, back])
    return Distances(
        hd=float(both.max()),
        hd95=max(float(np.percentile(one, 95)) for one in (there, back)),
        asd=float(there.mean() if convention == "released" else both.mean()),
        nsd=_share_within(both, tolerance),
    )


def _share_within(distances: NDArray[np.float64], tolerance: float) -> float:
    return int(np.count_nonzero(distances <= tolerance * ROUNDING)) / len(distances)


def surface_distances(
    prediction: Points,
    reference: Points,
    spacing: tuple[float, float] = (1.0, 1.0),
    farthest: float = math.inf,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far every point of each surface is from the other surface.

    Args:
        prediction: int64 ``(n, 2)``, (row, column), without repeats; not empty.
        reference: int64 ``(m, 2)``, likewise.
        spacing: size of a pixel as (row, column).
        farthest: what is farther apart may be infinitely far: a small one is found out sooner.

    Returns:
        float64 ``(n,)`` and ``(m,)``, in the unit of ``spacing`` and the order of the points.
    """
    scale = np.asarray(spacing, dtype=np.float64)
    only_predicted, only_reference = _apart(prediction, reference)
    return (
        _directed(prediction * scale, only_predicted, reference * scale, farthest),
        _directed(reference * scale, only_reference, prediction * scale, farthest),
    )


def _undefined(convention: Convention) -> float:
    return math.nan if convention == "standard" else 0.0


def _apart(a: Points, b: Points) -> tuple[Mask, Mask]:
    """Which points of each surface are not on the other: the rest are at distance 0 and need no search."""
    columns = int(max(a[:, 1].max(), b[:, 1].max())) + 1
    flat_a, flat_b = a @ (columns, 1), b @ (columns, 1)
    return ~np.isin(flat_a, flat_b, assume_unique=True), ~np.isin(flat_b, flat_a, assume_unique=True)


def _directed(
    points: NDArray[np.float64], apart: Mask, others: NDArray[np.float64], farthest: float
) -> NDArray[np.float64]:
    """The distance of every point to the nearest of the others; only those that are apart are searched."""
    distances = np.zeros(len(points))
    if apart.any():
        tree = cKDTree(others, balanced_tree=False, compact_nodes=False)
        # The bound itself is not within it.
        distances[apart], _ = tree.query(points[apart], distance_upper_bound=farthest * 1.001 + 1e-9)
    return distances
