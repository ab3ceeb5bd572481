"""NSD by length against contours that are drawn piece by piece, and these against scikit-image's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist
from skimage.measure import find_contours

from cosmos_datasets.evaluation.contour_share import contour, contour_shares, contour_shares_mm
from cosmos_datasets.evaluation.distances import distance_scores, surface_points
from cosmos_datasets.evaluation.metrics import CONVENTIONS
from cosmos_datasets.evaluation.sample import Mask

masks = hnp.arrays(np.bool_, (9, 11)).filter(lambda mask: bool(mask.any()))
spacings = st.one_of(st.just((1.0, 1.0)), st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)))
Spacing = tuple[float, float]


def pieces(mask: Mask, spacing: Spacing) -> tuple[np.ndarray, np.ndarray]:
    """Corners and lengths: lines between the middles of the sides of each square of four pixel centres."""
    padded = np.pad(mask, 1)
    middles = {"above": (0, 0.5), "below": (1, 0.5), "left": (0.5, 0), "right": (0.5, 1)}
    corners, lengths = [], []
    for row in range(padded.shape[0] - 1):
        for column in range(padded.shape[1] - 1):
            (a, b), (c, d) = padded[row : row + 2, column : column + 2]
            sides = {"above": (a, b), "below": (c, d), "left": (a, c), "right": (b, d)}
            crossed = [name for name, (one, other) in sides.items() if one != other]
            if not crossed:
                continue
            # Where all four are crossed, the corners of two pixels are cut off.
            lines = [crossed] if len(crossed) == 2 else [["above", "left"], ["below", "right"]]
            ends = [np.array([middles[name] for name in line]) * spacing for line in lines]
            corners.append((row * spacing[0], column * spacing[1]))
            lengths.append(sum(math.dist(*end) for end in ends))
    return np.array(corners), np.array(lengths)


@given(masks, masks, spacings, st.floats(0, 6))
def test_shares_of_lengths_that_are_drawn_piece_by_piece(a: Mask, b: Mask, spacing: Spacing, tolerance: float) -> None:
    (corners_a, lengths_a), (corners_b, lengths_b) = pieces(a, spacing), pieces(b, spacing)
    apart = cdist(corners_a, corners_b)
    there, back = apart.min(axis=1), apart.min(axis=0)
    # A tolerance that is a distance but for rounding belongs to either side.
    assume(all(np.abs(one - tolerance).min() > 1e-4 for one in (there, back)))
    within = lengths_a[there <= tolerance].sum() + lengths_b[back <= tolerance].sum()
    (found,) = contour_shares(contour(a), contour(b), spacing, (tolerance,))
    assert found == pytest.approx(within / (lengths_a.sum() + lengths_b.sum()))


@given(masks)
def test_a_contour_is_as_long_as_scikit_image_draws_it(mask: Mask) -> None:
    drawn = find_contours(np.pad(mask, 1).astype(float), 0.5)
    total = sum(float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum()) for line in drawn)
    assert pieces(mask, (1.0, 1.0))[1].sum() == pytest.approx(total)


@given(masks, masks, spacings, st.floats(0, 6))
def test_pixels_and_millimetres_at_once_are_what_they_are_one_by_one(
    a: Mask, b: Mask, spacing: Spacing, tolerance: float
) -> None:
    surfaces = contour(a), contour(b)
    assume(all(np.abs(cdist(*(pieces(one, spacing)[0] for one in (a, b))) - tolerance).ravel() > 1e-4))
    pixels, mm = contour_shares_mm(*surfaces, spacing, tolerance=1, tolerance_mm=tolerance)
    assert [pixels] == contour_shares(*surfaces, (1.0, 1.0), (1,))
    assert [mm] == pytest.approx(contour_shares(*surfaces, spacing, (tolerance,)))
    assert contour_shares_mm(*surfaces, None, tolerance=1, tolerance_mm=tolerance) == (pixels, None)


def test_a_crop_is_the_whole_image() -> None:
    mask = np.zeros((40, 50), dtype=np.bool_)
    mask[10:20, 30:50] = True
    crop = contour(mask[8:25, 29:], origin=(8, 29))
    assert all(np.array_equal(one, other) for one, other in zip(crop, contour(mask), strict=True))


def test_slanted_contours_weigh_more_than_their_points() -> None:
    """A diamond and a square, as many points of each within the tolerance, unequal lengths."""
    rows, columns = np.mgrid[:60, :60]
    diamond = np.abs(rows - 30) + np.abs(columns - 30) <= 20
    flat = (rows >= 25) & (rows < 45) & (columns >= 15) & (columns < 55)
    by_points = distance_scores(surface_points(diamond), surface_points(flat), tolerance=3).nsd
    (by_length,) = contour_shares(contour(diamond), contour(flat), (1.0, 1.0), (3.0,))
    assert abs(by_points - by_length) > 0.01


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_empty_masks(convention: str) -> None:
    empty, full = contour(np.zeros((5, 5), dtype=np.bool_)), contour(np.ones((5, 5), dtype=np.bool_))
    agree = float(convention == "standard")
    for pair, share in (((empty, full), 0.0), ((full, empty), 0.0), ((empty, empty), agree), ((full, full), 1.0)):
        assert contour_shares(*pair, (2.0, 1.0), (0, 1), convention) == [share, share]  # type: ignore[arg-type]
