"""Spearman partial correlation of each factor with a score, given the other factors."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, t

#: Above this condition number of the ranks' correlations some factors say the same, and nothing can be told apart.
_SINGULAR = 1e10


class Partial(NamedTuple):
    """The correlation of one factor.

    Attributes:
        rho: -1 to 1; NaN where it is not defined.
        p_value: two-sided, of no correlation; NaN likewise. It takes the masks for independent of each other.
        controls: how many other factors were held fixed.
    """

    rho: float
    p_value: float
    controls: int


def partial_spearman(factors: NDArray[np.float64], score: NDArray[np.float64]) -> list[Partial]:
    """Correlate each factor with the score, the others held fixed.

    All columns become ranks (equal values their mean rank). Then it is the correlation that is left between factor and
    score when what the other factors explain linearly is taken from both (Fisher, Metron 3:329, 1924): from the ranks'
    correlation matrix R, with p the pair and o the others, that of ``R_pp - R_po R_oo^-1 R_op``. The p-value is
    that of ``rho sqrt(d / (1 - rho^2))`` under Student's t with ``d = n - 2 - controls`` degrees of freedom.

    Args:
        factors: float64 ``(n, k)``, without NaN.
        score: float64 ``(n,)``, without NaN.

    Returns:
        For each factor its correlation. A factor that is the same everywhere has none and does not count as a control;
        nothing has one where the score is the same everywhere, n is too small (d below 1), or factors can be computed
        from each other.
    """
    varying = [k for k in range(factors.shape[1]) if len(score) and np.ptp(factors[:, k]) > 0]
    controls = max(len(varying) - 1, 0)
    found = [Partial(math.nan, math.nan, controls)] * factors.shape[1]
    freedom = len(score) - 2 - controls
    if not varying or freedom < 1 or np.ptp(score) == 0:
        return found
    ranks = np.column_stack([*(rankdata(factors[:, k]) for k in varying), rankdata(score)])
    correlation = np.asarray(np.corrcoef(ranks, rowvar=False))
    if np.linalg.cond(correlation[:-1, :-1]) > _SINGULAR:
        return found
    for place, k in enumerate(varying):
        rest = [other for other in range(len(varying)) if other != place]
        found[k] = Partial(*_partial(correlation, place, rest, freedom), controls)
    return found


def _partial(correlation: NDArray[np.float64], place: int, rest: list[int], freedom: int) -> tuple[float, float]:
    """Correlation of a column and the last one given the rest, with its p-value."""
    pair = [place, correlation.shape[0] - 1]
    explained = correlation[np.ix_(pair, rest)] @ np.linalg.solve(
        correlation[np.ix_(rest, rest)], correlation[np.ix_(rest, pair)]
    )
    left = correlation[np.ix_(pair, pair)] - explained
    if min(left[0, 0], left[1, 1]) < 1 / _SINGULAR:
        return math.nan, math.nan  # the others determine the factor or the score: only rounding is left
    rho = float(np.clip(left[0, 1] / math.sqrt(left[0, 0] * left[1, 1]), -1, 1))
    if abs(rho) == 1:
        return rho, 0.0
    return rho, float(2 * t.sf(abs(rho) * math.sqrt(freedom / (1 - rho**2)), freedom))
