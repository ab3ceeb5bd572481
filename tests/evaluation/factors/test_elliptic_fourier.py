"""The series against its integrals, and against the contours it was made from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from outlines import random_star

from cosmos_datasets.evaluation.factors.elliptic_fourier import EllipticFourier
from cosmos_datasets.evaluation.factors.polygons import crossings, dice_of

Points = NDArray[np.float64]
seeds = st.integers(0, 10_000)


def circle(radius: float, points: int = 720) -> Points:
    angle = np.arange(points) * 2 * np.pi / points
    return np.stack([30 + radius * np.cos(angle), 20 + radius * np.sin(angle)], axis=-1)


def by_quadrature(contour: Points, order: int, samples: int = 50_000) -> NDArray[np.float64]:
    """The coefficients by the mean of x cos, x sin, y cos, y sin over the length of the polygon."""
    closed = np.concatenate([contour, contour[:1]])
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = (np.arange(samples) + 0.5) / samples
    x, y = (np.interp(at * lengths[-1], lengths, one) for one in closed.T)
    turns = 2 * np.pi * order * at
    return np.array([[2 * np.mean(one * wave(turns)) for wave in (np.cos, np.sin)] for one in (x, y)])


@given(seeds, st.integers(1, 12))
def test_coefficients_are_the_integrals_over_the_length(seed: int, order: int) -> None:
    contour = random_star(seed, 37)
    np.testing.assert_allclose(
        EllipticFourier(contour).harmonic(order), by_quadrature(contour, order), rtol=0, atol=1e-5
    )


def test_a_circle_is_its_first_order() -> None:
    series = EllipticFourier(circle(12.5))
    np.testing.assert_allclose(series.centre, (30, 20), atol=1e-9)
    np.testing.assert_allclose(series.harmonic(1), 12.5 * np.eye(2), atol=1e-3)
    for order in range(2, 9):
        np.testing.assert_allclose(series.harmonic(order), 0, atol=1e-3)
    np.testing.assert_allclose(series.decode(1, 720), circle(12.5), atol=2e-3)


@pytest.mark.parametrize("flat", [1.0, 0.8, 0.5, 0.2])
def test_an_ellipse_comes_back_from_odd_orders(flat: float) -> None:
    contour = circle(40) * (1, flat)
    series = EllipticFourier(contour)
    # It looks the same after half a turn.
    assert max(np.abs(series.harmonic(order)).max() for order in (2, 4, 6)) < 1e-6
    assert dice_of(crossings(contour), crossings(series.decode(9, 720))) > 0.98


@given(seeds)
def test_a_star_comes_back_from_many_orders(seed: int) -> None:
    contour = random_star(seed)
    series = EllipticFourier(contour)
    apart = [np.abs(series.decode(order, 400) - at_equal_lengths(contour, 400)).max() for order in (2, 8, 60)]
    assert apart[2] < 0.1
    assert apart[2] < apart[1] < apart[0] or apart[0] < 1
    assert dice_of(crossings(contour), crossings(series.decode(60, 400))) > 0.99


def at_equal_lengths(contour: Points, samples: int) -> Points:
    closed = np.concatenate([contour, contour[:1]])
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = lengths[-1] * np.arange(samples) / samples
    return np.stack([np.interp(at, lengths, one) for one in closed.T], axis=-1)


@given(seeds, st.floats(0, 7), st.floats(0.2, 5), st.tuples(st.floats(-99, 99), st.floats(-99, 99)))
def test_decoding_moves_turns_and_grows_with_the_contour(
    seed: int, angle: float, scale: float, shift: tuple[float, float]
) -> None:
    contour = random_star(seed)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    here = EllipticFourier(contour).decode(7, 50)
    there = EllipticFourier(contour @ turn + shift).decode(7, 50)
    np.testing.assert_allclose(there, here @ turn + shift, atol=1e-8)


@given(seeds, st.integers(1, 399))
def test_it_does_not_matter_where_the_contour_begins(seed: int, first: int) -> None:
    contour = random_star(seed)
    here, there = (EllipticFourier(one) for one in (contour, np.roll(contour, first, axis=0)))
    for order in (1, 3, 6):
        a, b = here.harmonic(order), there.harmonic(order)
        # Another beginning turns the phase of an order: what is left are its half axes.
        np.testing.assert_allclose(np.linalg.svd(a, compute_uv=False), np.linalg.svd(b, compute_uv=False), atol=1e-9)
    np.testing.assert_allclose(there.centre, here.centre, atol=1e-9)


def test_orders_add_up_one_by_one() -> None:
    series = EllipticFourier(random_star(3))
    approximations = series.approximations(80)
    for order in range(1, 6):
        np.testing.assert_array_equal(next(approximations), series.decode(order, 80))
