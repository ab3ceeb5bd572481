import math
from typing import cast

import numpy as np
import pytest
import SimpleITK
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist, directed_hausdorff

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.distances import (
    hausdorff,
    hausdorff_points,
    surface_points,
)
from cosmos_datasets.evaluation.metrics import Convention, counts, dice, jaccard
from cosmos_datasets.evaluation.sample import Mask

masks = hnp.arrays(np.bool_, (13, 17))
pairs = st.tuples(masks, masks)
full_pairs = pairs.filter(lambda pair: bool(pair[0].any() and pair[1].any()))
spacings = st.tuples(st.floats(0.1, 5), st.floats(0.1, 5))


@given(pairs)
def test_scores_are_the_textbook_ratios(pair: tuple[Mask, Mask]) -> None:
    prediction, reference = pair
    union = int((prediction | reference).sum())
    both = int((prediction & reference).sum())
    found = counts(prediction, reference)
    assert found == (both, prediction.sum(), reference.sum())
    assert dice(*found) == (2 * both / (prediction.sum() + reference.sum()) if union else 1.0)
    assert jaccard(*found) == (both / union if union else 1.0)


@given(pairs)
def test_scores_are_symmetric_and_bound_to_each_other(pair: tuple[Mask, Mask]) -> None:
    a, b = counts(*pair), counts(*reversed(pair))
    assert dice(*a) == dice(*b)
    assert 0 <= jaccard(*a) <= dice(*a) <= 1
    assert jaccard(*a) == pytest.approx(dice(*a) / (2 - dice(*a)))


@given(masks)
def test_a_mask_agrees_wholly_with_itself(mask: Mask) -> None:
    assert dice(*counts(mask, mask)) == 1
    assert jaccard(*counts(mask, mask)) == 1


@pytest.mark.parametrize(("convention", "both_empty"), [("standard", 1.0), ("released", 0.0)])
def test_empty_masks(convention: Convention, both_empty: float) -> None:
    assert dice(0, 0, 0, convention) == jaccard(0, 0, 0, convention) == both_empty
    assert dice(0, 0, 7, convention) == jaccard(0, 0, 7, convention) == 0
    assert dice(0, 7, 0, convention) == jaccard(0, 7, 0, convention) == 0


def test_one_formula_for_numbers_arrays_and_tensors() -> None:
    tp, predicted, reference = np.array([3, 0, 5]), np.array([4, 0, 5]), np.array([6, 0, 5])
    expected = [dice(int(t), int(p), int(r)) for t, p, r in zip(tp, predicted, reference, strict=True)]
    assert dice(tp, predicted, reference).tolist() == expected
    tensors = (torch.from_numpy(tp), torch.from_numpy(predicted), torch.from_numpy(reference))
    assert dice(*tensors).tolist() == pytest.approx(expected)
    assert isinstance(dice(3, 4, 6), float)


def test_batches_are_counted_at_once() -> None:
    rng = np.random.default_rng(5)
    predictions, references = rng.random((3, 1, 20, 30)) < 0.5, rng.random((4, 20, 30)) < 0.5
    found = counts(predictions, references)
    assert found.tp.shape == (3, 4)
    assert found.tp[2, 1] == (predictions[2, 0] & references[1]).sum()
    on_torch = counts(torch.from_numpy(predictions), torch.from_numpy(references))
    for array, tensor in zip(found, on_torch, strict=True):
        assert tensor.dtype == torch.int64
        np.testing.assert_array_equal(array, tensor.numpy())


def test_different_shapes_are_refused() -> None:
    with pytest.raises(CosmosError, match=r"\(4, 5\) and \(4, 6\)"):
        counts(np.zeros((4, 5), dtype=np.bool_), np.zeros((4, 6), dtype=np.bool_))
    with pytest.raises(CosmosError, match=r"\(4, 5\) and \(3, 5\)"):
        hausdorff(np.zeros((4, 5), dtype=np.bool_), np.zeros((3, 5), dtype=np.bool_))


def test_an_unknown_convention_is_refused() -> None:
    unknown = cast(Convention, "lenient")
    with pytest.raises(CosmosError, match=r"'lenient'.*standard and released"):
        dice(1, 2, 3, unknown)
    with pytest.raises(CosmosError, match="'lenient'"):
        hausdorff(np.ones((2, 2), dtype=np.bool_), np.ones((2, 2), dtype=np.bool_), convention=unknown)


@given(masks)
def test_the_surface_is_the_mask_without_its_erosion(mask: Mask) -> None:
    expected = np.argwhere(mask & ~binary_erosion(mask))
    np.testing.assert_array_equal(surface_points(mask), expected)
    np.testing.assert_array_equal(surface_points(mask, origin=(7, 3)), expected + np.array([7, 3]))


@given(full_pairs, spacings)
def test_hd_agrees_with_brute_force_and_scipy(pair: tuple[Mask, Mask], spacing: tuple[float, float]) -> None:
    a, b = (surface_points(mask) * np.asarray(spacing) for mask in pair)
    apart = cdist(a, b)
    found = hausdorff(*pair, spacing)
    assert found == pytest.approx(max(apart.min(axis=0).max(), apart.min(axis=1).max()), abs=1e-9)
    assert found == pytest.approx(max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0]), abs=1e-9)


@given(full_pairs)
def test_hd_is_a_distance(pair: tuple[Mask, Mask]) -> None:
    a, b = pair
    assert hausdorff(a, a) == 0
    assert hausdorff(a, b) == hausdorff(b, a)
    assert hausdorff(a, b) <= math.hypot(*a.shape)
    assert hausdorff(a, b, (2.0, 2.0)) == pytest.approx(2 * hausdorff(a, b))
    wide_a, wide_b = np.pad(a, 3), np.pad(b, 3)
    assert hausdorff(wide_a, wide_b) == hausdorff(a, b)


@given(st.integers(0, 2**32 - 1))
def test_hd_agrees_with_simpleitk_on_surfaces(seed: int) -> None:
    """SimpleITK measures between filled masks, so it is given masks that are their own surfaces."""
    rng = np.random.default_rng(seed)
    outlines = []
    for _ in range(2):
        outline = np.zeros((40, 50), dtype=np.bool_)
        points = surface_points(np.ones((int(rng.integers(3, 15)), int(rng.integers(3, 15))), dtype=np.bool_))
        outline[tuple((points + rng.integers(0, 25, 2)).T)] = True
        outlines.append(outline)
    images = [SimpleITK.GetImageFromArray(outline.astype(np.uint8)) for outline in outlines]
    measured = SimpleITK.HausdorffDistanceImageFilter()
    measured.Execute(*images)
    assert hausdorff(outlines[0], outlines[1]) == pytest.approx(measured.GetHausdorffDistance(), abs=1e-5)


def test_cropping_does_not_change_hd() -> None:
    rng = np.random.default_rng(11)
    prediction, reference = np.zeros((2, 200, 300), dtype=np.bool_)
    prediction[50:90, 60:100], reference[55:120, 40:95] = rng.random((40, 40)) < 0.7, True
    cropped = hausdorff_points(
        surface_points(prediction[50:90, 60:100], origin=(50, 60)),
        surface_points(reference[55:120, 40:95], origin=(55, 40)),
    )
    assert cropped == hausdorff(prediction, reference)


def test_hd_of_an_empty_mask_is_undefined() -> None:
    empty, some = np.zeros((5, 5), dtype=np.bool_), np.ones((5, 5), dtype=np.bool_)
    for pair in ((empty, some), (some, empty), (empty, empty)):
        assert math.isnan(hausdorff(*pair))
        assert hausdorff(*pair, convention="released") == 0
