"""The statistics of paired differences, beside other computations of the same."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cosmos_datasets.evaluation.resampling import MIN_GROUPS, holm, interval, signed_rank


def ratio(sums: np.ndarray, counts: np.ndarray, axis: int = -1) -> np.ndarray:
    return sums.sum(axis=axis) / counts.sum(axis=axis)


def drawn(groups: int, seed: int, targets: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    counts = generator.integers(1, 30, (groups, targets)).astype(float)
    return counts * generator.normal(0.03, 0.05, (groups, targets)), counts


@pytest.mark.parametrize("groups", [2, 7, 40])
def test_the_interval_is_that_of_scipy(groups: int) -> None:
    sums, counts = drawn(groups, seed=groups)
    theirs = stats.bootstrap(
        (sums[:, 0], counts[:, 0]), ratio, paired=True, n_resamples=40_000, method="percentile", rng=1
    )
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert interval(sums, counts, resamples=40_000) == pytest.approx(
        tuple(theirs.confidence_interval), abs=0.03 * width
    )


def test_the_mean_over_targets_is_that_of_a_loop_over_drawn_subjects() -> None:
    sums, counts = drawn(9, seed=3, targets=3)
    counts[:6, 2] = sums[:6, 2] = 0
    generator = np.random.default_rng(5)
    means = []
    for _ in range(8_000):
        picked = generator.integers(0, 9, 9)
        of_targets = [sums[picked, t].sum() / counts[picked, t].sum() for t in range(3) if counts[picked, t].any()]
        means.append(np.mean(of_targets))
    low, high = np.quantile(means, [0.025, 0.975])
    assert interval(sums, counts) == pytest.approx((low, high), abs=0.04 * (high - low))


def test_the_draws_of_the_first_subjects_are_the_same_however_many_follow() -> None:
    sums, counts = drawn(700, seed=1)
    alone = interval(sums[:600], counts[:600])
    sums[600:] = counts[600:] = 0
    assert interval(sums, counts) == pytest.approx(alone, abs=1e-12)


@pytest.mark.parametrize("groups", [99, 100, 1300])
def test_many_subjects_are_drawn_as_scipy_draws_them(groups: int) -> None:
    sums, counts = drawn(groups, seed=groups)
    theirs = stats.bootstrap((sums[:, 0], counts[:, 0]), ratio, paired=True, method="percentile", batch=500, rng=1)
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert interval(sums, counts) == pytest.approx(tuple(theirs.confidence_interval), abs=0.04 * width)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Masks of a subject share most of their difference; an interval over masks would cover far less often."""
    generator = np.random.default_rng(0)
    hits = {"subjects": 0, "masks": 0}
    for _ in range(200):
        of_masks = 0.02 + generator.normal(0, 0.05, (20, 1)) + generator.normal(0, 0.01, (20, 8))
        bounds = {
            "subjects": interval(of_masks.sum(axis=1, keepdims=True), np.full((20, 1), 8.0), resamples=400),
            "masks": interval(of_masks.reshape(-1, 1), np.ones((160, 1)), resamples=400),
        }
        for unit, bound in bounds.items():
            assert bound is not None
            hits[unit] += bound[0] <= 0.02 <= bound[1]
    assert 0.85 <= hits["subjects"] / 200 <= 0.99
    assert hits["masks"] / 200 < 0.65


@settings(max_examples=30)
@given(st.integers(2, 20), st.integers(0, 1000))
def test_swapping_sides_mirrors_the_interval(groups: int, seed: int) -> None:
    sums, counts = drawn(groups, seed)
    there, back = interval(sums, counts, resamples=500), interval(-sums, counts, resamples=500)
    assert there is not None
    assert back is not None
    assert there == pytest.approx((-back[1], -back[0]), abs=1e-12)
    assert interval(0 * sums, counts, resamples=500) == (0.0, 0.0)


def test_one_subject_has_no_interval() -> None:
    assert interval(np.ones((1, 1)), np.ones((1, 1))) is None


def test_the_signed_rank_test_counted_by_hand() -> None:
    """Every way to give signs to the ranks is as likely; how many are as far from the middle?"""
    differences = np.array([0.01, 0.05, -0.02, 0.07, 0.03, 0.09, 0.04])
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    middle = ranks.sum() / 2
    found = abs(ranks[differences > 0].sum() - middle)
    every = [sum(chosen) for n in range(8) for chosen in combinations(ranks, n)]
    assert signed_rank(differences) == pytest.approx(np.mean([abs(one - middle) >= found for one in every]))


def test_no_test_of_few_subjects_and_none_of_no_difference() -> None:
    assert signed_rank(np.ones(MIN_GROUPS - 1)) is None
    assert signed_rank(np.zeros(MIN_GROUPS)) == 1.0
    # The limit is where a p-value below 0.05 becomes possible.
    assert stats.wilcoxon(np.arange(1.0, MIN_GROUPS)).pvalue > 0.05
    smallest = signed_rank(np.arange(1.0, MIN_GROUPS + 1))
    assert smallest is not None
    assert smallest < 0.05


@given(st.lists(st.floats(0, 1) | st.none(), max_size=6))
def test_holm_is_the_closed_test_of_bonferroni(p_values: list[float | None]) -> None:
    """A hypothesis falls when every intersection that it belongs to falls by Bonferroni."""
    known = [n for n, p in enumerate(p_values) if p is not None]
    expected: list[float | None] = [None] * len(p_values)
    for n in known:
        families = [c for size in range(1, len(known) + 1) for c in combinations(known, size) if n in c]
        largest = max(len(family) * min(p_values[k] or 0.0 for k in family) for family in families)
        expected[n] = min(1.0, largest)
    assert holm(p_values) == [p if p is None else pytest.approx(p) for p in expected]
