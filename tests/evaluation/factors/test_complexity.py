"""Boundary complexity: the paper's stopping rule, and what it says of known shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outlines import disc, drawn, ellipse, random_star, star
from scipy.ndimage import label

from cosmos_datasets.evaluation.factors.complexity import FourierOrder, boundary_complexity, fourier_order
from cosmos_datasets.evaluation.factors.contours import outer_contours
from cosmos_datasets.evaluation.factors.elliptic_fourier import EllipticFourier
from cosmos_datasets.evaluation.sample import Mask


def complexity(mask: Mask) -> float:
    return boundary_complexity(mask)[0]


def by_drawing(mask: Mask) -> tuple[int, float]:
    """Order and DICE of a mask in one piece without holes, with filled masks and a scan over all orders."""
    (contour,) = outer_contours(mask)
    series = EllipticFourier(contour.points)
    scores = []
    for order in range(1, 15):
        curve = drawn(series.decode(order, max(64, len(contour.points))), mask.shape)
        scores.append(2 * (curve & mask).sum() / (curve.sum() + mask.sum()))
    good = [n for n in range(14) if scores[n] > 0.97]
    flat = [n for n in range(1, 14) if scores[n] - scores[n - 1] < 0.001]
    first = min(good + flat)
    return first + 1, scores[first]


@given(st.integers(0, 1000))
@settings(max_examples=10)  # drawing is slow
def test_the_search_ends_where_the_rule_says(seed: int) -> None:
    mask = drawn(random_star(seed) * 0.8 + 10, (150, 150))
    mask = label(mask)[0] == 1
    found = fourier_order(outer_contours(mask)[0].points)
    assert found == pytest.approx(by_drawing(mask))


def test_both_ways_to_end() -> None:
    good = fourier_order(outer_contours(disc(80))[0].points)
    assert good.order == 1
    assert good.dice > 0.999
    # Orders 2 and 3 add nothing to a star of six arms.
    flat = fourier_order(outer_contours(star(6, 0.4))[0].points)
    assert flat.order == 2
    assert flat.dice < 0.97
    assert complexity(ellipse(105, 35)) == pytest.approx(16, abs=0.5)


def test_the_figure_is_the_order_and_what_is_missing() -> None:
    assert FourierOrder(3, 0.9).complexity == pytest.approx(3 + 2 * 100 * 0.1)
    assert FourierOrder(1, 1.0).complexity == 1


def test_known_shapes() -> None:
    assert 1 <= complexity(disc(100)) < 1.2
    assert complexity(disc(100)) < complexity(ellipse(100, 80)) < complexity(ellipse(100, 40))
    depths = [complexity(star(9, depth)) for depth in (0.0, 0.1, 0.2, 0.4)]
    assert depths == sorted(depths)
    assert complexity(np.ones((1, 1), dtype=np.bool_)) == 1


@pytest.mark.parametrize("shape", [disc(70), ellipse(90, 50, 0.4), star(5, 0.2), star(7, 0.3)], ids=str)
def test_turning_mirroring_and_moving_change_little_or_nothing(shape: Mask) -> None:
    expected = complexity(shape)
    assert complexity(np.pad(shape, ((3, 0), (17, 5)))) == expected
    for turned in (np.rot90(shape), np.rot90(shape, 2), shape[::-1], shape[:, ::-1]):
        assert complexity(turned) == pytest.approx(expected, abs=0.4)


def test_size_changes_little() -> None:
    twice = np.kron(star(5, 0.2, 50), np.ones((2, 2), dtype=np.bool_)).astype(np.bool_)
    assert complexity(twice) == pytest.approx(complexity(star(5, 0.2, 100)), abs=1)


def test_components_are_averaged_by_their_pixels() -> None:
    one, other = disc(40, 100, 100), star(7, 0.3, 45, 100)
    both = np.concatenate([one, np.zeros((100, 3), dtype=np.bool_), other], axis=1)
    value, components = boundary_complexity(both)
    weights = (one.sum(), other.sum())
    assert components == 2
    assert value == pytest.approx(np.average([complexity(one), complexity(other)], weights=weights))
    twice = np.concatenate([other, other], axis=1)
    assert boundary_complexity(twice) == (pytest.approx(complexity(other)), 2)


def test_holes_are_filled() -> None:
    assert complexity(disc(80) & ~disc(30)) == complexity(disc(80))
