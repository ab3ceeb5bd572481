"""Human correction effort: figures of an independent computation, and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cosmos_datasets.evaluation.annotation.hce import Effort, correction_effort
from cosmos_datasets.evaluation.sample import Mask

_Y, _X = np.mgrid[:120, :120]
_NOTHING = np.zeros((120, 120), dtype=np.bool_)


def _disc(y: int, x: int, radius: int) -> Mask:
    return np.asarray((_Y - y) ** 2 + (_X - x) ** 2 <= radius * radius)


def _rectangle(top: int, bottom: int, left: int, right: int) -> Mask:
    return np.asarray((top <= _Y) & (bottom >= _Y) & (left <= _X) & (right >= _X))


_RING = _disc(60, 60, 45) & ~_disc(60, 60, 20)
_TWO = _disc(60, 60, 20) | _disc(20, 20, 12)
_CUT_VESSEL = _rectangle(58, 60, 10, 50) | _rectangle(58, 60, 70, 110)

#: Points and regions as a computation with OpenCV 5.0 (erode, dilate, findContours, approxPolyDP) and scikit-image
#: 0.26 (label) has them, by the steps of the paper's authors.
_CASES = {
    "disc from nothing": (_NOTHING, _disc(60, 60, 30), 13, 0),
    "shifted disc": (_disc(60, 75, 30), _disc(60, 60, 30), 14, 0),
    "one island too many": (_TWO, _disc(60, 60, 20), 0, 1),
    "one island missed": (_disc(60, 60, 20), _TWO, 9, 0),
    "square from nothing": (_NOTHING, _rectangle(30, 89, 30, 89), 9, 0),
    "half of a square": (_rectangle(30, 89, 30, 59), _rectangle(30, 89, 30, 89), 6, 0),
    "hole filled": (_disc(60, 60, 45), _RING, 10, 0),
    "ring from nothing": (_NOTHING, _RING, 30, 0),
    "cut by the image's border": (_NOTHING, _rectangle(0, 59, 0, 119), 2, 0),
    "gap in a vessel": (_CUT_VESSEL, _rectangle(58, 60, 10, 110), 2, 0),
    "thin rim": (_disc(60, 60, 33), _disc(60, 60, 30), 0, 0),
}


@pytest.mark.parametrize("name", _CASES)
def test_figures_of_another_implementation(name: str) -> None:
    predicted, reference, points, regions = _CASES[name]
    effort = correction_effort(predicted, reference)
    assert effort == Effort(points, regions)
    assert effort.hce == points + regions


def _blob(seed: int, size: int, share: float) -> Mask:
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), 4)
    return np.asarray(noise > np.quantile(noise, 1 - share))


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(20, 70), st.floats(0.05, 0.6))
def test_nothing_to_correct(seed: int, size: int, share: float) -> None:
    mask = _blob(seed, size, share)
    assert correction_effort(mask, mask).hce == 0
    assert correction_effort(np.zeros_like(mask), np.zeros_like(mask)).hce == 0


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 30))
def test_background_around_changes_nothing(seed: int, other: int, margin: int) -> None:
    a, b = (np.pad(_blob(one, 50, 0.3), 6) for one in (seed, other))
    wider = correction_effort(np.pad(a, margin), np.pad(b, margin))
    assert wider == correction_effort(a, b)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_apart_is_added(seed: int, other: int) -> None:
    a, b = (np.pad(_blob(one, 40, 0.3), 8) for one in (seed, other))
    once = correction_effort(a, b)
    twice = correction_effort(np.hstack([a, a]), np.hstack([b, b]))
    assert twice == Effort(2 * once.points, 2 * once.regions)


def test_false_islands_cost_one_click_whatever_their_size() -> None:
    reference = _disc(60, 60, 15)
    for radius in (7, 10, 14):
        assert correction_effort(reference | _disc(18, 18, radius), reference) == Effort(0, 1)


def test_more_relaxation_and_tolerance_cost_less() -> None:
    predicted, reference = _disc(60, 66, 30), _disc(60, 60, 30)
    by_gamma = [correction_effort(predicted, reference, gamma=gamma).hce for gamma in (0, 5, 10)]
    assert by_gamma == sorted(by_gamma, reverse=True)
    assert by_gamma[0] > by_gamma[-1] == 0
    by_epsilon = [correction_effort(_NOTHING, reference, epsilon=epsilon).hce for epsilon in (0.0, 1.0, 2.0, 8.0)]
    assert by_epsilon == sorted(by_epsilon, reverse=True)
