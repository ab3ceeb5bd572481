"""Contours enclose exactly their components, holes filled."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from outlines import drawn
from scipy.ndimage import binary_fill_holes, label

from cosmos_datasets.evaluation.factors.contours import outer_contours
from cosmos_datasets.evaluation.factors.polygons import area, crossings
from cosmos_datasets.evaluation.sample import Mask

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))


@given(masks)
def test_every_component_is_enclosed_exactly(mask: Mask) -> None:
    numbers, found = label(mask, structure=np.ones((3, 3)))
    contours = outer_contours(mask)
    assert len(contours) == found
    for number, contour in enumerate(contours, start=1):
        # Background is 4-connected where the mask is 8-connected.
        filled = binary_fill_holes(numbers == number)
        np.testing.assert_array_equal(drawn(contour.points, mask.shape), filled)
        assert contour.area == (numbers == number).sum()
        assert area(crossings(contour.points)) == filled.sum()


@given(masks)
def test_contours_are_closed_clockwise_and_of_even_steps(mask: Mask) -> None:
    for contour in outer_contours(mask):
        x, y = contour.points.T
        steps = np.hypot(np.roll(x, -1) - x, np.roll(y, -1) - y)
        assert set(np.round(steps, 6)) <= {1.0, round(0.5**0.5, 6)}
        assert len(np.unique(contour.points, axis=0)) == len(contour.points) >= 4
        # y points down, so that a positive area is clockwise on the screen.
        assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0


@given(masks, st.integers(0, 5), st.integers(0, 5))
def test_a_margin_moves_contours_and_changes_nothing_else(mask: Mask, top: int, left: int) -> None:
    wide = np.pad(mask, ((top, 2), (left, 1)))
    for here, there in zip(outer_contours(mask), outer_contours(wide), strict=True):
        np.testing.assert_array_equal(here.points + np.array([left, top]), there.points)


def test_a_single_pixel_is_a_diamond() -> None:
    (contour,) = outer_contours(np.ones((1, 1), dtype=np.bool_))
    assert contour.points.tolist() == [[0, -0.5], [0.5, 0], [0, 0.5], [-0.5, 0]]


def test_what_touches_at_a_corner_is_one_component() -> None:
    assert [contour.area for contour in outer_contours(np.eye(5, dtype=np.bool_))] == [5]
    assert outer_contours(np.zeros((3, 4), dtype=np.bool_)) == []
