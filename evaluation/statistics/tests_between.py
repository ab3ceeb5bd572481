"""Paired tests between strategies of a run, and between models: is one better on the same masks, and how surely?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.resampling import holm, signed_rank
from cosmos_datasets.evaluation.statistics.bounds import bounds_of_sums
from cosmos_datasets.evaluation.statistics.measures import blind, check_held, scores
from cosmos_datasets.evaluation.statistics.options import Choice, columns_of
from cosmos_datasets.evaluation.statistics.tables import in_order
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

#: What names a mask.
_MASK = ["image_id", "label", "instance", "rater"]
_FIGURES = ["mean_a", "mean_b", "blind_a", "blind_b"]
_RESULTS = ["masks", "subjects", "targets", *_FIGURES, "difference", "low", "high", "p_value", "p_uncorrected"]
_PLURAL = {"strategy": "strategies", "run": "runs"}


def between_strategies(
    frame: pd.DataFrame,
    by: Sequence[str] = ("target",),
    metric: str = "dice",
    choice: Choice = "oracle",
    seed: int = 0,
) -> pd.DataFrame:
    """Every pair of strategies of each run, on the masks that both were evaluated on.

    Args:
        frame: see :func:`cosmos_datasets.evaluation.statistics.scores.read_runs`.
        by: what a row is about: keys of :data:`~cosmos_datasets.evaluation.statistics.options.UNITS`.
        metric: a key of :data:`~cosmos_datasets.evaluation.statistics.options.METRICS`.
        choice: of which of the model's masks.
        seed: of the bootstrap.

    Returns:
        One row a model, run, group, ``masks_are`` and pair of strategies, then the means over targets and over masks:
        ``over`` (empty for a group), ``model``, ``run``, the columns of ``by``, ``masks_are``, ``a``, ``b`` (the
        strategies); ``masks``, ``subjects``, ``targets``; ``mean_a``, ``mean_b``, ``blind_a``, ``blind_b``,
        ``difference`` (B - A) with ``low`` and ``high`` (95 % bootstrap over subjects; NaN for a single one);
        ``p_value`` (Wilcoxon's signed-rank test on each subject's mean difference, by Holm's correction over the rows
        of a run; the means over targets, and those over masks, are families of their own; NaN for fewer than six
        subjects), ``p_uncorrected``.

    Raises:
        CosmosError: if there are no two strategies with such scores, or for an unknown or missing metric or grouping.
    """
    return between(SideBySide(frame, "strategy"), ["model", "run"], columns_of(by), metric, choice, seed)


def between_models(
    frame: pd.DataFrame,
    by: Sequence[str] = ("target",),
    metric: str = "dice",
    choice: Choice = "oracle",
    seed: int = 0,
) -> pd.DataFrame:
    """Every pair of runs, on the masks that both evaluated; see :func:`between_strategies`.

    Returns:
        As there, with ``strategy`` in place of ``model`` and ``run``; ``a`` and ``b`` are runs, and Holm's correction
        is over the rows of all pairs.
    """
    return between(SideBySide(frame, "run"), ["strategy"], columns_of(by), metric, choice, seed)


class SideBySide:
    """The results of a frame as a matrix: a row a mask, a column a strategy (or run).

    Args:
        frame: see :func:`cosmos_datasets.evaluation.statistics.scores.read_runs`.
        what: ``strategy`` or ``run``; the other one is part of what names a row of the matrix.

    Attributes:
        frame, what: as given.
        names: of the columns, sorted.
        about: the first result of the frame for each row of the matrix.

    Raises:
        CosmosError: if a run holds a result twice.
    """

    def __init__(self, frame: pd.DataFrame, what: Literal["strategy", "run"]) -> None:
        other = "run" if what == "strategy" else "strategy"
        self.frame, self.what = frame, what
        self._rows = frame.groupby([*_MASK, "variant", other], observed=True, sort=False).ngroup().to_numpy()
        if (self._rows < 0).any():
            raise CosmosError("A result does not say whose it is; give the command of its run again with a new --out.")
        used = frame[what].cat.remove_unused_categories().cat
        self.names = sorted(used.categories)
        self._columns = used.set_categories(self.names).cat.codes.to_numpy()
        self._shape = (int(self._rows.max(initial=-1)) + 1, len(self.names))
        if (np.bincount(self._rows * len(self.names) + self._columns) > 1).any():
            raise CosmosError("A run holds a result twice; give the command of its run again with a new --out.")
        self.about = frame.iloc[np.unique(self._rows, return_index=True)[1]]

    def matrix(self, values: pd.Series[Any]) -> NDArray[np.float64]:
        """The values of the frame as float64 (masks, strategies or runs), NaN where there is none."""
        found = np.full(self._shape, np.nan)
        found[self._rows, self._columns] = values
        return found


def between(
    sides: SideBySide, apart: list[str], columns: list[str], metric: str, choice: Choice, seed: int = 0
) -> pd.DataFrame:
    """Compare what is side by side, with what is kept ``apart`` and the ``columns`` that make a group."""
    frame = sides.frame
    check_held(frame, metric)
    sums = _of_subjects(sides, list(dict.fromkeys([*apart, *columns, "target", "masks_are", "group_id"])),
                        scores(frame, metric, choice), blind(frame, metric))  # fmt: skip
    pair = ["masks_are", "a", "b"]
    kinds: list[tuple[str, list[str], list[str]]] = [("", [*apart, *columns, *pair], [])] if columns else []
    kinds += [(OVER_TARGETS, [*apart, *pair], ["target"]), (OVER_MASKS, [*apart, *pair], [])]
    families = [
        in_order(_corrected(_rows(sums, keys, within, seed), apart), frame, keys).assign(over=over)
        for over, keys, within in kinds
    ]
    return pd.concat(families, ignore_index=True)[["over", *apart, *columns, *pair, *_RESULTS]]


def _of_subjects(
    sides: SideBySide, kept: list[str], value: pd.Series[float], without: pd.Series[float]
) -> pd.DataFrame:
    """For every pair ``a`` and ``b``: sums over the masks of each subject that both have, and how many these are."""
    names, values, blinds = sides.names, sides.matrix(value), sides.matrix(without)
    groups = sides.about.groupby(kept, observed=True, sort=False).ngroup().to_numpy()
    firsts = sides.about[kept].iloc[np.unique(groups, return_index=True)[1]]
    found: list[pd.DataFrame] = []
    for a, b in combinations(range(len(names)), 2):
        both = ~np.isnan(values[:, a] + values[:, b])
        figures = [values[both, a], values[both, b], blinds[both, a], blinds[both, b]]
        sums = [np.bincount(groups[both], one, minlength=len(firsts)) for one in figures]
        pairs = firsts.assign(**dict(zip(_FIGURES, sums, strict=True)), a=names[a], b=names[b])
        pairs["masks"] = np.bincount(groups[both], minlength=len(firsts))
        found.append(pairs[pairs["masks"] > 0])
    if not any(map(len, found)):
        raise CosmosError(
            f"There are no two {_PLURAL[sides.what]} with scores of the same masks (in S1 none is the model's own "
            "choice)."
        )
    return pd.concat([sums for sums in found if len(sums)], ignore_index=True)


def _rows(sums: pd.DataFrame, keys: list[str], within: list[str], seed: int) -> pd.DataFrame:
    subjects = sums.groupby([*keys, *within, "group_id"], observed=True)[[*_FIGURES, "masks"]].sum(min_count=1)
    subjects = subjects.assign(difference=subjects["mean_b"] - subjects["mean_a"]).reset_index()
    groups = subjects.groupby(keys, observed=True)
    found = pd.DataFrame({"masks": groups["masks"].sum(), "subjects": groups["group_id"].nunique()})
    found["targets"] = sums.groupby(keys, observed=True)["target"].nunique()
    totals = subjects.groupby([*keys, *within], observed=True)[[*_FIGURES, "difference", "masks"]].sum(min_count=1)
    means = totals.drop(columns="masks").div(totals["masks"], axis=0)
    found = found.join(means.groupby(keys, observed=True).mean())
    parts = subjects.rename(columns={"difference": "sum", "masks": "count"})
    ends = bounds_of_sums(parts, keys, within=within, seed=seed)
    over = 0 if within else 1
    found[["low", "high"]] = np.array([ends[key][over] for key in found.index], dtype=float).reshape(-1, 2)
    subjects["difference"] /= subjects["masks"]
    of_subjects = subjects.groupby([*keys, "group_id"], observed=True)["difference"].mean()
    tests = of_subjects.groupby(keys, observed=True)
    found["p_uncorrected"] = tests.agg(lambda values: _or_nan(signed_rank(values.to_numpy(float))))
    return found.reset_index()


def _corrected(rows: pd.DataFrame, apart: list[str]) -> pd.DataFrame:
    """Holm's correction: each run asks for itself, so that what else is in a report does not change its answers."""
    tests = rows["p_uncorrected"]
    families = [family for _, family in tests.groupby(rows["run"], observed=True)] if "run" in apart else [tests]
    corrected = [
        pd.Series(map(_or_nan, holm([None if np.isnan(p) else float(p) for p in family])), family.index, dtype=float)
        for family in families
    ]
    return rows.assign(p_value=pd.concat(corrected))


def _or_nan(p: float | None) -> float:
    return float("nan") if p is None else p
