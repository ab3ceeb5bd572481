"""Walks around regions, their stretches, and the corners of polylines."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_erosion, generate_binary_structure, label

from cosmos_datasets.evaluation.annotation.outlines import Chain, border_chains, open_runs
from cosmos_datasets.evaluation.annotation.polyline import dominant_points
from cosmos_datasets.evaluation.sample import Mask

_MASKS = arrays(np.bool_, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@settings(max_examples=100)
@given(_MASKS)
def test_chains_hold_all_border_pixels(mask: Mask) -> None:
    chains = border_chains(mask)
    walked = np.zeros_like(mask)
    for chain in chains:
        walked[tuple(chain.T)] = True
        steps = np.abs(np.roll(chain, -1, axis=0) - chain).max(axis=1)
        assert len(chain) == 1 or set(steps.tolist()) == {1}
    assert np.array_equal(walked, mask & ~binary_erosion(mask, generate_binary_structure(2, 1)))
    # One chain a region and one a hole, which is 4-connected.
    holes = label(~np.pad(mask, 1))[1] - 1
    assert len(chains) == label(mask, np.ones((3, 3)))[1] + holes


@settings(max_examples=100)
@given(_MASKS, st.integers(0, 1000))
def test_runs_hold_wanted_border_pixels_once(mask: Mask, seed: int) -> None:
    wanted = np.random.default_rng(seed).random(mask.shape) < 0.7
    runs = open_runs(border_chains(mask), wanted)
    places = [tuple(place) for run in runs for place in run.tolist()]
    border = mask & ~binary_erosion(mask, generate_binary_structure(2, 1))
    assert sorted(places) == [tuple(place) for place in np.argwhere(border & wanted).tolist()]
    assert all((np.abs(np.diff(run, axis=0)).max(axis=1) == 1).all() for run in runs)


def test_a_stretch_through_the_beginning_is_one() -> None:
    mask = np.ones((6, 6), dtype=np.bool_)
    upper = np.zeros_like(mask)
    upper[:3] = True
    (run,) = open_runs(border_chains(mask), upper)
    assert run[0].tolist() == [2, 5]
    assert run[-1].tolist() == [2, 0]


def _recursive(points: list[list[int]], epsilon: float) -> int:
    """Corners after the first one."""
    if len(points) < 3:
        return len(points) - 1
    a, b = complex(*points[0]), complex(*points[-1])
    far = []
    for point in points[1:-1]:
        p = complex(*point)
        share = 0.0 if a == b else min(max(((p - a) * (b - a).conjugate()).real / abs(b - a) ** 2, 0.0), 1.0)
        far.append(round(abs(p - a - share * (b - a)), 9))
    k = far.index(max(far)) + 1
    if far[k - 1] <= epsilon:
        return 1
    return _recursive(points[: k + 1], epsilon) + _recursive(points[k:], epsilon)


@settings(max_examples=100)
@given(arrays(np.int64, st.tuples(st.integers(1, 40), st.just(2)), elements=st.integers(-1, 1)))
def test_corners_as_by_recursion(steps: Chain) -> None:
    chain = np.cumsum(steps, axis=0)
    assert dominant_points(chain, 2.1) == 1 + _recursive(chain.tolist(), 2.1)


@pytest.mark.parametrize(
    ("corners", "points"), [([(0, 0)], 1), ([(0, 0), (0, 30)], 2), ([(0, 0), (0, 30), (30, 30)], 3)]
)
def test_straight_lines(corners: list[tuple[int, int]], points: int) -> None:
    chain = [np.linspace(a, b, 31).round().astype(int) for a, b in itertools.pairwise(corners)]
    assert dominant_points(np.concatenate([*chain, [corners[-1]]]), 2.0) == points
