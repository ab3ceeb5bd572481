"""Statistics of paired differences whose unit is the subject: masks of one subject are not independent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
CONFIDENCE = 0.95
#: With fewer subjects the smallest p-value that the signed-rank test can give (two sided) is above 0.05.
MIN_GROUPS = 6
#: From so many subjects on, each is drawn independently of the others.
MANY = 100
#: Subjects, and resamples, whose draws (a byte each) are made and kept together.
BLOCK, _RESAMPLES = 512, 2_000


def interval(sums: Floats, counts: Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float] | None:
    """Bootstrap interval (percentiles) of the mean over targets of the mean over masks; whole subjects are redrawn.

    Args:
        sums: (subjects, targets), the sum of a subject's values for a target.
        counts: (subjects, targets), how many values these are.
        seed: of the draws.
        resamples: how often as many subjects as there are, are drawn with replacement.

    Returns:
        The 95 % interval; ``None`` for a single subject, which says nothing of how subjects vary. A target that
        no drawn subject has is left out of that draw's mean.
    """
    if len(sums) < 2:
        return None
    ((low, high),) = intervals(sums[:, :, None], counts[:, :, None], seed=seed, resamples=resamples)[0]
    return float(low), float(high)


def intervals(sums: Floats, counts: Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> Floats:
    """The same for several quantities of as many subjects at once, which share the draws.

    Args:
        sums: (subjects, targets, quantities).
        counts: (subjects, targets, quantities).
        seed: of the draws, which depend on it and on the number of subjects alone.
        resamples: see :func:`interval`.

    Returns:
        (2, quantities, 2): of the mean over targets and of the mean over all values, the lower and upper bounds; NaN
        for a single subject.
    """
    groups, targets, quantities = sums.shape
    if groups < 2:
        return np.full((2, quantities, 2), np.nan)
    means = np.empty((2, quantities, resamples))
    owners = [np.flatnonzero(counts[:, target].any(axis=1)) for target in range(targets)]
    for start in range(0, resamples, _RESAMPLES):
        number = min(_RESAMPLES, resamples - start)
        over_targets, present, all_sums, all_counts = np.zeros((4, quantities, number))
        for target, own in enumerate(owners):
            of_target, values = np.zeros((2, quantities, number))
            for first, weights in _draws(groups, (seed, start), number):
                rows = own[(own >= first) & (own < first + len(weights))]
                picked = weights[rows - first].astype(np.float64)
                of_target += sums[rows, target].T @ picked
                values += counts[rows, target].T @ picked
            over_targets += np.divide(of_target, values, out=np.zeros_like(values), where=values > 0)
            present += values > 0
            all_sums += of_target
            all_counts += values
        means[:, :, start : start + number] = over_targets / present, all_sums / all_counts
    tail = (1 - CONFIDENCE) / 2
    return np.moveaxis(np.quantile(means, [tail, 1 - tail], axis=2, overwrite_input=True), 0, 2)


def _draws(groups: int, seed: tuple[int, int], resamples: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Blocks of (first subject, how often each is drawn: (subjects, resamples)), which depend on the arguments alone.

    Many subjects are drawn independently of each other, as often as a Poisson distribution of mean 1 says (Hanley and
    MacGibbon 2006, doi:10.1016/j.cmpb.2006.04.006): the first ones are then the same however many follow.
    """
    if groups < MANY:
        yield 0, _drawn_exactly(groups, seed, resamples)
        return
    for first in range(0, groups, BLOCK):
        yield first, _drawn_independently(first, seed, resamples)[: groups - first]


@lru_cache(maxsize=4)
def _drawn_exactly(groups: int, seed: tuple[int, int], resamples: int) -> NDArray[np.uint8]:
    drawn = np.random.default_rng(seed).integers(groups, size=(resamples, groups))
    often = np.bincount((drawn + groups * np.arange(resamples)[:, None]).ravel(), minlength=resamples * groups)
    return np.ascontiguousarray(often.reshape(resamples, groups).T.astype(np.uint8))


@lru_cache(maxsize=64)
def _drawn_independently(first: int, seed: tuple[int, int], resamples: int) -> NDArray[np.uint8]:
    """Drawn from a table of 2^16 quantiles, several times faster than one by one."""
    drawn = np.random.default_rng([*seed, first]).integers(1 << 16, size=(BLOCK, resamples), dtype=np.uint16)
    return _quantiles()[drawn]


@cache
def _quantiles() -> NDArray[np.uint8]:
    at_most = np.cumsum([math.exp(-1) / math.factorial(n) for n in range(12)])
    return np.searchsorted(at_most, (np.arange(1 << 16) + 0.5) / (1 << 16)).astype(np.uint8)


def signed_rank(differences: Floats) -> float | None:
    """Two-sided p-value of Wilcoxon's signed-rank test over subjects; ``None`` where there are too few of them."""
    if len(differences) < MIN_GROUPS:
        return None
    if not differences.any():
        return 1.0
    from scipy import stats  # slow to import, and tables without tests do not need it

    return float(stats.wilcoxon(differences).pvalue)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's correction for several tests; what is ``None`` was no test and stays so."""
    tests = sorted((p, n) for n, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, n) in enumerate(tests):
        largest = max(largest, min(1.0, p * (len(tests) - rank)))
        corrected[n] = largest
    return corrected
