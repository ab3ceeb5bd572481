"""Paired tests between strategies of a run, and between models: is one better on the same masks, and how surely?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

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
_RESULTS = ["masks", "subjects", *_FIGURES, "difference", "low", "high", "p_value", "p_uncorrected"]
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
        strategies); ``masks``, ``subjects``; ``mean_a``, ``mean_b``, ``blind_a``, ``blind_b``, ``difference``
        (B - A) with ``low`` and ``high`` (95 % bootstrap over subjects; NaN for a single one); ``p_value`` (Wilcoxon's
        signed-rank test on each subject's mean difference, by Holm's correction over the rows of a run; the means over
        targets, and those over masks, are families of their own; NaN for fewer than six subjects), ``p_uncorrected``.

    Raises:
        CosmosError: if there are no two strategies with such scores, or for an unknown or missing metric or grouping.
    """
    return _between(frame, "strategy", ["model", "run"], by, metric, choice, seed)


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
    return _between(frame, "run", ["strategy"], by, metric, choice, seed)


def _between(
    frame: pd.DataFrame, what: str, apart: list[str], by: Sequence[str], metric: str, choice: Choice, seed: int
) -> pd.DataFrame:
    check_held(frame, metric)
    columns = columns_of(by)
    sums = _of_subjects(frame.assign(value=scores(frame, metric, choice), blind=blind(frame, metric)), what,
                        list(dict.fromkeys([*apart, *columns, "target", "masks_are", "group_id"])))  # fmt: skip
    pair = ["masks_are", "a", "b"]
    kinds: list[tuple[str, list[str], list[str]]] = [("", [*apart, *columns, *pair], [])] if columns else []
    kinds += [(OVER_TARGETS, [*apart, *pair], ["target"]), (OVER_MASKS, [*apart, *pair], [])]
    families = [
        in_order(_corrected(_rows(sums, keys, within, seed), apart), frame, keys).assign(over=over)
        for over, keys, within in kinds
    ]
    return pd.concat(families, ignore_index=True)[["over", *apart, *columns, *pair, *_RESULTS]]


def _of_subjects(frame: pd.DataFrame, what: str, kept: list[str]) -> pd.DataFrame:
    """For every pair ``a`` and ``b``: sums over the masks of each subject that both have, and how many these are."""
    held = frame[frame["value"].notna()]
    other = "run" if what == "strategy" else "strategy"
    rows = held.groupby([*_MASK, other], observed=True, sort=False).ngroup().to_numpy()
    # Side by side: a row a mask, a column a strategy (or run).
    names = sorted(held[what].astype(str).unique())
    columns = held[what].astype(str).map({name: n for n, name in enumerate(names)}).to_numpy(dtype=int)
    values, blinds = np.full((2, rows.max(initial=-1) + 1, len(names)), np.nan)
    values[rows, columns], blinds[rows, columns] = held["value"], held["blind"]
    about = held[kept][~pd.Series(rows, index=held.index).duplicated()]
    found: list[pd.DataFrame] = []
    for a, b in combinations(range(len(names)), 2):
        both = ~np.isnan(values[:, a] + values[:, b])
        figures = [values[both, a], values[both, b], blinds[both, a], blinds[both, b]]
        pairs = about[both].assign(**dict(zip(_FIGURES, figures, strict=True)), masks=1)
        sums = pairs.groupby(kept, observed=True)[[*_FIGURES, "masks"]].sum(min_count=1).reset_index()
        found.append(sums.assign(a=names[a], b=names[b]))
    if not any(map(len, found)):
        raise CosmosError(
            f"There are no two {_PLURAL[what]} with scores of the same masks (in S1 none is the model's own choice)."
        )
    return pd.concat([sums for sums in found if len(sums)], ignore_index=True)


def _rows(sums: pd.DataFrame, keys: list[str], within: list[str], seed: int) -> pd.DataFrame:
    subjects = sums.groupby([*keys, *within, "group_id"], observed=True)[[*_FIGURES, "masks"]].sum(min_count=1)
    subjects = subjects.assign(difference=subjects["mean_b"] - subjects["mean_a"]).reset_index()
    groups = subjects.groupby(keys, observed=True)
    found = pd.DataFrame({"masks": groups["masks"].sum(), "subjects": groups["group_id"].nunique()})
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
