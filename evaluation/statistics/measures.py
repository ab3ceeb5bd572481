"""The metrics of the tables, from the columns of the results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.metrics import conformity, dice, jaccard
from cosmos_datasets.evaluation.results import LENGTHS, diagonal_of
from cosmos_datasets.evaluation.statistics.options import CHOICES, METRICS, OF_COUNTS, WITH_BLIND, Choice


_OF_COUNTS: dict[str, Callable[..., Any]] = {"dice": dice, "jac": jaccard, "conformity": conformity}


def columns_of(metric: str) -> list[str]:
    """The columns of the results that a metric, its blind baseline and its empty predictions follow from.

    Raises:
        CosmosError: if there is no such metric.
    """
    check(metric)
    stored = [*(("tp",) if metric in OF_COUNTS else ()), *((metric,) if metric != "conformity" else ())]
    diagonal = [diagonal_of(metric)] if metric in LENGTHS else []
    return [f"{name}_{choice}" for name in (*stored, "pred_area") for choice in CHOICES] + [*diagonal, "dice_blind"]


def of_counts(counted: pd.DataFrame, metric: str, choice: Choice) -> pd.Series[float]:
    """A metric from counts of pixels, of masks or summed over several; NaN where there are none.

    Args:
        counted: with ``area`` (of the reference), and ``tp_*`` and ``pred_area_*`` of the choice.
        metric: one of :data:`~cosmos_datasets.evaluation.statistics.options.OF_COUNTS`.
        choice: which prediction.
    """
    tp, predicted, area = (counted[name].to_numpy(float) for name in (f"tp_{choice}", f"pred_area_{choice}", "area"))
    return pd.Series(_OF_COUNTS[metric](tp, predicted, area), index=counted.index, dtype=float)


def scores(frame: pd.DataFrame, metric: str, choice: Choice) -> pd.Series[float]:
    """A metric of every row, as float64; NaN where it is undefined.

    A missed object never improves a mean: where the prediction is empty, a length is the largest one that is possible
    in the image. See :func:`defined` for those that exist.

    Raises:
        CosmosError: if there is no such metric.
    """
    values = defined(frame, metric, choice)
    if metric not in LENGTHS:
        return values
    return values.where(frame[f"pred_area_{choice}"] != 0, frame[diagonal_of(metric)].astype(float))


def defined(frame: pd.DataFrame, metric: str, choice: Choice) -> pd.Series[float]:
    """A metric of every row, as float64; NaN where it is undefined, as a distance to an empty prediction is.

    Raises:
        CosmosError: if there is no such metric.
    """
    check(metric)
    if metric == "conformity":  # not stored, because it follows
        return of_counts(frame, metric, choice)
    return frame[f"{metric}_{choice}"].astype(float)


def blind(frame: pd.DataFrame, metric: str) -> pd.Series[float]:
    """The metric of what ignores the image; NaN where the metric has none."""
    found = frame["dice_blind"].astype(float)
    if metric == "jac":
        return found / (2 - found)
    return found if metric in WITH_BLIND else found * np.nan


def check(metric: str) -> None:
    """Raise :class:`CosmosError` if there is no such metric."""
    if metric not in METRICS:
        raise CosmosError(f"no metric {metric!r}; choose of {', '.join(METRICS)}")


def check_held(frame: pd.DataFrame, metric: str) -> None:
    """Raise :class:`CosmosError` if a run of the frame does not hold the metric at all."""
    check(metric)
    values = scores(frame, metric, "oracle")
    for run, held in values.notna().groupby(frame["run"], observed=True).any().items():
        if not held:
            why = (
                "its data have no spacing, or it was made with --no-hd"
                if metric.endswith("_mm")
                else "it was made with --no-hd"
            )
            raise CosmosError(f"{run} holds no {METRICS[metric]}: {why}. Choose another --metric.")
