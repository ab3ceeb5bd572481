"""HD, HD95, ASD and NSD against SciPy, brute force and SimpleITK; conformity against its two formulas."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
import SimpleITK
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion, distance_transform_edt
from scipy.spatial.distance import cdist

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.distances import (
    Distances,
    distance_scores,
    distance_scores_mm,
    hausdorff_points,
    surface_distances,
    surface_points,
)
from cosmos_datasets.evaluation.metrics import CONVENTIONS, Convention, conformity, counts, dice
from cosmos_datasets.evaluation.sample import Mask

masks = hnp.arrays(np.bool_, (13, 17))
pairs = st.tuples(masks, masks)
full_pairs = pairs.filter(lambda pair: bool(pair[0].any() and pair[1].any()))
spacings = st.tuples(st.floats(0.1, 5), st.floats(0.1, 5))
Spacing = tuple[float, float]
Directed = tuple[NDArray[np.float64], NDArray[np.float64]]


def scores(prediction: Mask, reference: Mask, spacing: Spacing = (1.0, 1.0), **options: Any) -> Distances:
    return distance_scores(surface_points(prediction), surface_points(reference), spacing, **options)


def by_brute_force(prediction: Mask, reference: Mask, spacing: Spacing) -> Directed:
    """All distances between the pixels that erosion takes away."""
    outlines = [np.argwhere(mask & ~binary_erosion(mask)) * spacing for mask in (prediction, reference)]
    apart = cdist(*outlines)
    return apart.min(axis=1), apart.min(axis=0)


def by_distance_maps(prediction: Mask, reference: Mask, spacing: Spacing) -> Directed:
    outlines = [mask & ~binary_erosion(mask) for mask in (prediction, reference)]
    maps = [distance_transform_edt(~outline, sampling=spacing) for outline in outlines]
    return maps[1][outlines[0]], maps[0][outlines[1]]


def by_simpleitk(prediction: Mask, reference: Mask, spacing: Spacing) -> Directed:
    """Its contours (4-connected, the border belongs to them after padding) and its distance maps."""
    maps, outlines = [], []
    for mask in (prediction, reference):
        image = SimpleITK.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
        image.SetSpacing(spacing[::-1])
        outline = SimpleITK.BinaryContour(image, fullyConnected=False)
        outlines.append(SimpleITK.GetArrayFromImage(outline).astype(np.bool_))
        distance = SimpleITK.SignedMaurerDistanceMap(outline, squaredDistance=False, useImageSpacing=True)
        maps.append(np.abs(SimpleITK.GetArrayFromImage(distance)).astype(np.float64))
    return maps[1][outlines[0]], maps[0][outlines[1]]


def expected(directed: Directed, tolerance: float) -> Distances:
    """The scores as the literature defines them."""
    there, back = directed
    points = len(there) + len(back)
    within = np.count_nonzero(there <= tolerance) + np.count_nonzero(back <= tolerance)
    return Distances(
        hd=max(there.max(), back.max()),
        hd95=max(np.percentile(there, 95), np.percentile(back, 95)),
        asd=(there.sum() + back.sum()) / points,
        nsd=within / points,
    )


@given(full_pairs, spacings, st.floats(0, 6))
def test_scores_agree_with_brute_force_and_distance_maps(
    pair: tuple[Mask, Mask], spacing: Spacing, tolerance: float
) -> None:
    for independent in (by_brute_force, by_distance_maps):
        directed = independent(*pair, spacing)
        # A tolerance that is a distance but for rounding belongs to either side.
        assume(all(np.abs(one - tolerance).min() > 1e-5 for one in directed))
        assert scores(*pair, spacing, tolerance=tolerance) == pytest.approx(expected(directed, tolerance), abs=1e-9)


@given(full_pairs, spacings)
def test_scores_agree_with_simpleitk(pair: tuple[Mask, Mask], spacing: Spacing) -> None:
    directed = by_simpleitk(*pair, spacing)
    # Its maps are in single precision.
    assume(all(np.abs(one - 1.7).min() > 1e-4 for one in directed))
    assert scores(*pair, spacing, tolerance=1.7) == pytest.approx(expected(directed, 1.7), rel=1e-5, abs=1e-5)


@given(full_pairs, spacings)
def test_every_point_has_its_distance(pair: tuple[Mask, Mask], spacing: Spacing) -> None:
    found = surface_distances(*(surface_points(mask) for mask in pair), spacing)
    for here, there in zip(found, by_brute_force(*pair, spacing), strict=True):
        np.testing.assert_allclose(here, there, atol=1e-9)
    assert hausdorff_points(*(surface_points(mask) for mask in pair), spacing) == max(one.max() for one in found)


@given(full_pairs, st.floats(0.1, 9))
def test_scores_are_symmetric_ordered_and_scale(pair: tuple[Mask, Mask], factor: float) -> None:
    a, b = pair
    found = scores(a, b, tolerance=2)
    assert scores(b, a, tolerance=2) == pytest.approx(found)
    assert 0 <= found.hd95 <= found.hd
    assert 0 <= found.asd <= found.hd
    assert 0 <= found.nsd <= 1
    assert scores(a, b, tolerance=found.hd).nsd == 1
    scaled = scores(a, b, (factor, factor), tolerance=2 * factor)
    assert scaled == pytest.approx((factor * found.hd, factor * found.hd95, factor * found.asd, found.nsd))
    assert scores(a, a, tolerance=0) == (0, 0, 0, 1)


def test_squares_one_pixel_apart() -> None:
    a = np.zeros((40, 40), dtype=np.bool_)
    a[10:20, 10:20] = True
    b = np.roll(a, 1, axis=1)
    found = scores(a, b, tolerance=0.5)
    # Of 36 points each, 10 of the trailing side and 8 behind the leading one lie apart, all by one pixel.
    assert found == (1, 1, pytest.approx(36 / 72), pytest.approx(36 / 72))
    assert scores(a, b, tolerance=1).nsd == 1
    assert scores(a, b, (1.0, 0.3), tolerance=0.3) == pytest.approx((0.3, 0.3, 0.15, 1))


def test_a_tolerance_that_is_met_but_for_rounding() -> None:
    a = np.zeros((9, 9), dtype=np.bool_)
    a[2, 2] = True
    b = np.roll(a, 3, axis=1)
    assert scores(a, b, (0.1, 0.1), tolerance=0.3).nsd == 1
    assert 3 * 0.1 > 0.3


def test_one_stray_pixel_sets_hd_and_not_the_others() -> None:
    disc = np.hypot(*(np.mgrid[:200, :200] - 100)) < 60
    stray = disc.copy()
    stray[3, 3] = True
    found = scores(stray, disc, tolerance=1)
    assert found.hd > 70
    assert found.hd95 == 0
    assert found.asd < 0.2
    assert found.nsd > 0.99


def test_what_a_prediction_misses_counts_unless_it_is_the_released_asd() -> None:
    whole = np.zeros((60, 60), dtype=np.bool_)
    whole[5:15, 5:15] = whole[40:50, 40:50] = True
    half = whole & (np.arange(60) < 30)
    assert scores(half, whole, tolerance=1).asd > 10
    assert scores(half, whole, tolerance=1, convention="released").asd == 0
    grown = binary_dilation(half)
    there, _ = by_brute_force(grown, half, (1, 1))
    assert scores(grown, half, tolerance=1, convention="released").asd == pytest.approx(there.mean())


@given(full_pairs, spacings, st.booleans(), st.floats(0, 6))
def test_pixels_and_millimetres_at_once_are_what_they_are_one_by_one(
    pair: tuple[Mask, Mask], spacing: Spacing, square: bool, tolerance: float
) -> None:
    size = (spacing[0], spacing[0]) if square else spacing
    for convention in CONVENTIONS:
        surfaces = [surface_points(mask) for mask in pair]
        pixels, mm = distance_scores_mm(*surfaces, size, tolerance=1, tolerance_mm=tolerance, convention=convention)
        assert pixels == scores(*pair, tolerance=1, convention=convention)
        assume(all(np.abs(one - tolerance).min() > 1e-5 for one in by_brute_force(*pair, size)))
        assert mm == pytest.approx(scores(*pair, size, tolerance=tolerance, convention=convention))
        unknown = distance_scores_mm(*surfaces, None, tolerance=1, tolerance_mm=tolerance, convention=convention)
        assert unknown == (pixels, None)


@pytest.mark.parametrize("spacing", [(0.4, 0.4), (0.4, 0.3), (0.4, np.nextafter(np.float32(0.4), np.float32(1)))])
def test_a_spacing_in_single_precision(spacing: tuple[Any, Any]) -> None:
    a = np.zeros((9, 9), dtype=np.bool_)
    a[2, 2] = True
    b = np.roll(a, 5, axis=0)
    size = (float(np.float32(spacing[0])), float(np.float32(spacing[1])))
    assert 5 * size[0] > 2
    for tolerance, within in ((2.0, 1), (1.99, 0)):
        surfaces = (surface_points(a), surface_points(b))
        _, mm = distance_scores_mm(*surfaces, size, tolerance=1, tolerance_mm=tolerance)
        assert mm is not None
        assert mm.nsd == within


@pytest.mark.parametrize(("convention", "distance", "agree"), [("standard", math.nan, 1), ("released", 0, 0)])
def test_empty_masks(convention: Convention, distance: float, agree: float) -> None:
    empty, full = np.zeros((5, 5), dtype=np.bool_), np.ones((5, 5), dtype=np.bool_)
    for pair, nsd in (((empty, full), 0), ((full, empty), 0), ((empty, empty), agree)):
        found = scores(*pair, tolerance=2, convention=convention)
        assert found[:3] == pytest.approx([distance] * 3, nan_ok=True)
        assert found.nsd == nsd
        surfaces = [surface_points(mask) for mask in pair]
        for spacing in ((2.0, 2.0), (2.0, 1.0), None):
            pixels, mm = distance_scores_mm(*surfaces, spacing, tolerance=2, tolerance_mm=2, convention=convention)
            assert pixels == pytest.approx(found, nan_ok=True)
            assert mm is None if spacing is None else mm == pytest.approx(found, nan_ok=True)


def test_an_unknown_convention_is_refused() -> None:
    full = np.ones((2, 2), dtype=np.bool_)
    with pytest.raises(CosmosError, match="'lenient'"):
        scores(full, full, tolerance=1, convention=cast(Convention, "lenient"))
    with pytest.raises(CosmosError, match="'lenient'"):
        points = surface_points(full)
        unknown = cast(Convention, "lenient")
        distance_scores_mm(points, points, None, tolerance=1, tolerance_mm=1, convention=unknown)
    with pytest.raises(CosmosError, match="'lenient'"):
        conformity(1, 2, 3, cast(Convention, "lenient"))


@given(pairs)
def test_conformity_is_what_two_papers_call_so(pair: tuple[Mask, Mask]) -> None:
    found = counts(*pair)
    value = conformity(*found)
    if found.tp == 0:
        assert math.isnan(value) == bool(found.predicted or found.reference)
        assert conformity(*found, "released") == 0
        return
    score = dice(*found)
    assert value == pytest.approx((3 * score - 2) / score)
    wrong = np.count_nonzero(pair[0] ^ pair[1])
    assert value == pytest.approx(1 - wrong / np.count_nonzero(pair[0] & pair[1]))
    assert conformity(*found, "released") == value <= 1


def test_conformity_of_numbers_arrays_and_tensors() -> None:
    tp, predicted, reference = np.array([3, 0, 5, 0]), np.array([4, 0, 5, 2]), np.array([6, 0, 5, 1])
    assert conformity(tp, predicted, reference).tolist() == pytest.approx([-1 / 3, 1, 1, math.nan], nan_ok=True)
    assert conformity(tp, predicted, reference, "released").tolist() == pytest.approx([-1 / 3, 0, 1, 0])
    tensors = (torch.from_numpy(tp), torch.from_numpy(predicted), torch.from_numpy(reference))
    assert conformity(*tensors).tolist() == pytest.approx([-1 / 3, 1, 1, math.nan], nan_ok=True)
    assert conformity(3, 4, 6) == pytest.approx(-1 / 3)
    assert math.isnan(conformity(0, 2, 1))
