"""Human correction effort: figures of the authors' rules, the same pixel by pixel, and properties."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter
from skimage.morphology import skeletonize

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

#: Points and regions that the evaluation script of the paper's authors gives, with OpenCV 5.0 and scikit-image 0.26.
_CASES = {
    "disc from nothing": (_NOTHING, _disc(60, 60, 30), 13, 0),
    "shifted disc": (_disc(60, 75, 30), _disc(60, 60, 30), 13, 0),
    "one island too many": (_TWO, _disc(60, 60, 20), 0, 1),
    "one island missed": (_disc(60, 60, 20), _TWO, 9, 0),
    "square from nothing": (_NOTHING, _rectangle(30, 89, 30, 89), 9, 0),
    "half of a square": (_rectangle(30, 89, 30, 59), _rectangle(30, 89, 30, 89), 6, 0),
    "hole filled": (_disc(60, 60, 45), _RING, 10, 0),
    "ring from nothing": (_NOTHING, _RING, 30, 0),
    "cut by the image's border": (_NOTHING, _rectangle(0, 59, 0, 119), 2, 0),
    "gap in a vessel": (_CUT_VESSEL, _rectangle(58, 60, 10, 110), 2, 0),
    "thin rim": (_disc(60, 60, 33), _disc(60, 60, 30), 0, 0),
    "smallest square from nothing": (_NOTHING, _rectangle(50, 51, 50, 51), 2, 0),
}


@pytest.mark.parametrize("name", _CASES)
def test_figures_of_another_implementation(name: str) -> None:
    predicted, reference, points, regions = _CASES[name]
    effort = correction_effort(predicted, reference)
    assert effort == Effort(points, regions)
    assert effort.hce == points + regions


Pixels = set[tuple[int, int]]


def _near(places: Pixels, height: int, width: int) -> Pixels:
    """With their neighbours above, below, left and right, as far as the image reaches."""
    steps = ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))
    near = {(y + dy, x + dx) for y, x in places for dy, dx in steps}
    return {(y, x) for y, x in near if 0 <= y < height and 0 <= x < width}


def _draw(wrong: Pixels, against: Pixels, height: int, width: int) -> tuple[int, int]:
    """Points and regions of one kind of error, walking from pixel to pixel."""
    image = np.zeros((height, width), dtype=np.uint8)
    for place in wrong:
        image[place] = 1
    touching, passed, points, clicked = _near(against, height, width), set(), 0, set()
    numbers = cv2.connectedComponents(image, connectivity=8)[1]
    for walk in cv2.findContours(image, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)[0]:
        stretches: list[list[tuple[int, int]]] = [[]]
        for x, y in walk.reshape(-1, 2).tolist():
            if (y, x) in touching and (y, x) not in passed:
                passed.add((y, x))
                stretches[-1].append((x, y))
                clicked.add(int(numbers[y, x]))
            elif stretches[-1]:
                stretches.append([])
        if not stretches[-1]:
            stretches.pop()
        if len(stretches) > 1:
            (a, b), (c, d) = stretches[0][0], stretches[-1][-1]
            if max(abs(a - c), abs(b - d)) == 1:
                stretches = [*stretches[1:-1], stretches[-1] + stretches[0][::-1]]
        points += sum(len(cv2.approxPolyDP(np.array(one, dtype=np.int32), 2.0, False)) for one in stretches)
    return points, int(numbers.max()) - len(clicked)


def _by_pixels(predicted: Mask, reference: Mask) -> Effort:
    """The steps of the module's text with gamma 5 and epsilon 2, on sets of pixels."""
    height, width = reference.shape
    whole: Pixels = {(y, x) for y in range(height) for x in range(width)}
    p, r, lines = (
        {(int(y), int(x)) for y, x in np.argwhere(one)} for one in (predicted, reference, skeletonize(reference))
    )
    outside = whole - (p | r)
    for _ in range(5):
        outside = _near(outside, height, width)
    left = []
    for wrong, free in ((p - r, whole - r), (r - p, whole - p)):
        grown = wrong - outside
        for _ in range(5):
            grown = _near(grown, height, width) & free
        left.append(grown & wrong)
    extra, lacking = left[0], left[1] | (lines - p)
    drawn = [
        _draw(extra, (p & r) | lacking, height, width),
        _draw(lacking, whole - (p & r) - extra - lacking, height, width),
    ]
    return Effort(drawn[0][0] + drawn[1][0], drawn[0][1] + drawn[1][1])


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(4, 60), st.floats(0.05, 0.6))
def test_as_pixel_by_pixel(seed: int, other: int, size: int, share: float) -> None:
    a, b = _blob(seed, size, share), _blob(other, size, share)
    for predicted in (b, np.roll(a, 8, axis=1), np.zeros_like(a)):
        assert correction_effort(predicted, a) == _by_pixels(predicted, a)


@settings(max_examples=60)
@given(st.data())
def test_as_pixel_by_pixel_on_ragged_masks(data: st.DataObject) -> None:
    masks = arrays(np.bool_, data.draw(st.tuples(st.integers(1, 14), st.integers(1, 14))))
    predicted, reference = data.draw(masks), data.draw(masks)
    assert correction_effort(predicted, reference) == _by_pixels(predicted, reference)


def test_no_reference_is_too_small_for_a_click() -> None:
    for height in range(1, 5):
        for width in range(1, 5):
            reference = np.zeros((9, 9), dtype=np.bool_)
            reference[2 : 2 + height, 2 : 2 + width] = True
            assert correction_effort(np.zeros_like(reference), reference).hce > 0


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
