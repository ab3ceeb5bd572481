"""Partial correlations against residuals of rank regressions, SciPy, and figures of another library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import pearsonr, rankdata, spearmanr
from scipy.stats import t as student

from cosmos_datasets.evaluation.factors.correlation import partial_spearman

Data = tuple[NDArray[np.float64], NDArray[np.float64]]


def example(seed: int = 42, n: int = 60) -> Data:
    """Five factors, with ties and with correlations among them, and a score that is clipped."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 5))
    factors[:, 1] = np.round(factors[:, 1] + factors[:, 0])
    factors[:, 4] = rng.integers(0, 3, n)
    noise = rng.normal(0, 0.2, n)
    score = 0.5 + 0.2 * factors[:, 0] - 0.3 * factors[:, 3] + 0.1 * factors[:, 4] + noise
    return factors, np.clip(score, 0, 1)


def by_residuals(factors: NDArray[np.float64], score: NDArray[np.float64], k: int) -> float:
    ranks = np.column_stack([rankdata(column) for column in factors.T])
    others = np.column_stack([np.ones(len(score)), np.delete(ranks, k, axis=1)])

    def residual(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values - others @ np.linalg.lstsq(others, values, rcond=None)[0]

    return float(pearsonr(residual(ranks[:, k]), residual(rankdata(score)))[0])


def test_figures_of_pingouin() -> None:
    """``pingouin.partial_corr(..., method="spearman")``, version 0.7.0, on the same data."""
    found = partial_spearman(*example())
    rho = [0.3181462434536342, 0.281694337483967, 0.12117876772740944, -0.7498122367545522, 0.35431947794771895]
    p_values = [
        0.01686944312666906,
        0.03544295408062095,
        0.373653419593346,
        2.9301086214623014e-11,
        0.007379635217141949,
    ]
    assert [one.rho for one in found] == pytest.approx(rho, rel=1e-12)
    assert [one.p_value for one in found] == pytest.approx(p_values, rel=1e-9)
    assert {one.controls for one in found} == {4}


@given(st.integers(0, 10_000), st.integers(12, 200))
def test_correlations_of_residuals_and_of_the_inverse(seed: int, n: int) -> None:
    factors, score = example(seed, n)
    found = partial_spearman(factors, score)
    ranks = np.column_stack([rankdata(column) for column in (*factors.T, score)])
    precision = np.linalg.inv(np.cov(ranks, rowvar=False))
    for k, one in enumerate(found):
        assert one.rho == pytest.approx(by_residuals(factors, score, k), abs=1e-9)
        assert one.rho == pytest.approx(-precision[k, 5] / math.sqrt(precision[k, k] * precision[5, 5]), abs=1e-9)
        statistic = one.rho * math.sqrt((n - 6) / (1 - one.rho**2))
        assert one.p_value == pytest.approx(2 * student.cdf(-abs(statistic), n - 6), rel=1e-6)


@given(st.integers(0, 10_000))
def test_a_factor_alone_has_spearmans_correlation(seed: int) -> None:
    factors, score = example(seed, 30)
    expected = spearmanr(factors[:, 1], score)
    (found,) = partial_spearman(factors[:, 1:2], score)
    assert found == pytest.approx((expected.statistic, expected.pvalue, 0))


@given(st.integers(0, 10_000))
def test_only_the_order_of_values_counts(seed: int) -> None:
    factors, score = example(seed)
    stretched = np.exp(factors), score**3
    for here, there in zip(partial_spearman(factors, score), partial_spearman(*stretched), strict=True):
        assert here == pytest.approx(there)
    turned = factors * np.array([-1, 1, 1, 1, 1])
    assert partial_spearman(turned, score)[0].rho == pytest.approx(-partial_spearman(factors, score)[0].rho)


def test_what_another_factor_explains_is_taken_away() -> None:
    rng = np.random.default_rng(1)
    cause = rng.normal(size=2000)
    factors = np.column_stack([cause, cause + rng.normal(0, 0.5, 2000)])
    score = cause + rng.normal(0, 0.5, 2000)
    assert spearmanr(factors[:, 1], score).statistic > 0.7
    found = partial_spearman(factors, score)
    assert abs(found[1].rho) < 0.1
    assert found[1].p_value > 0.001 > found[0].p_value


def test_a_factor_that_never_changes_is_no_control() -> None:
    factors, score = example()
    fixed = factors.copy()
    fixed[:, 2] = 7
    found = partial_spearman(fixed, score)
    assert math.isnan(found[2].rho)
    assert math.isnan(found[2].p_value)
    without = partial_spearman(np.delete(factors, 2, axis=1), score)
    for k, expected in zip((0, 1, 3, 4), without, strict=True):
        assert found[k] == pytest.approx(expected)
    assert {one.controls for one in found} == {3}


@pytest.mark.parametrize(
    "data",
    [
        (np.zeros((0, 5)), np.zeros(0)),
        (example()[0][:6], example()[1][:6]),
        (example()[0], np.zeros(60)),
        (np.ones((60, 5)), example()[1]),
        (np.column_stack([example()[0], example()[0][:, 0]]), example()[1]),
    ],
    ids=["no masks", "too few masks", "one score", "fixed factors", "a factor twice"],
)
def test_what_cannot_be_told_is_not_a_number(data: Data) -> None:
    assert all(math.isnan(one.rho) and math.isnan(one.p_value) for one in partial_spearman(*data))


def test_a_score_that_a_factor_determines() -> None:
    factors, _ = example()
    found = partial_spearman(factors, factors[:, 0] ** 3)
    assert found[0].rho == pytest.approx(1)
    assert found[0].p_value < 1e-100
    assert all(math.isnan(one.rho) for one in found[1:])
