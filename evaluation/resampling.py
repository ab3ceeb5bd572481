"""Statistics of paired differences whose unit is the subject: masks of one subject are not independent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
CONFIDENCE = 0.95
#: With fewer subjects the smallest p-value that the signed-rank test can give (two sided) is above 0.05.
MIN_GROUPS = 6
#: Numbers of drawn subjects held at a time.
_BLOCK = 1 << 23


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
    for start, weights in _draws(groups, resamples, seed):
        rows = weights.shape[1]
        over_targets, present, all_sums, all_counts = np.zeros((4, quantities, rows))
        for target, own in enumerate(owners):
            picked = (weights if len(own) == groups else weights[own]).astype(np.float64)
            total, number = sums[own, target].T @ picked, counts[own, target].T @ picked
            over_targets += np.divide(total, number, out=np.zeros_like(total), where=number > 0)
            present += number > 0
            all_sums += total
            all_counts += number
        means[0, :, start : start + rows] = over_targets / present
        means[1, :, start : start + rows] = all_sums / all_counts
    tail = (1 - CONFIDENCE) / 2
    return np.moveaxis(np.quantile(means, [tail, 1 - tail], axis=2), 0, 2)


def _draws(groups: int, resamples: int, seed: int) -> Iterator[tuple[int, NDArray[np.unsignedinteger]]]:
    """Blocks of (first resample, how often each subject was drawn); they depend on nothing but the arguments."""
    size = max(1, _BLOCK // groups)
    for block, start in enumerate(range(0, resamples, size)):
        yield start, _block(groups, min(size, resamples - start), seed, block)


@lru_cache(maxsize=8)
def _block(groups: int, rows: int, seed: int, block: int) -> NDArray[np.unsignedinteger]:
    """Whole numbers (subjects, resamples); kept, because many quantities of as many subjects ask for the same."""
    generator = np.random.default_rng([seed, block])
    # Several times faster than a multinomial draw for thousands of subjects.
    drawn = generator.integers(groups, size=(rows, groups)) + groups * np.arange(rows)[:, None]
    often = np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups)
    # Bytes, because a block has millions of numbers.
    weights = np.ascontiguousarray(often.astype(np.uint8 if often.max() < 256 else np.uint32).T)
    weights.flags.writeable = False
    return weights


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
