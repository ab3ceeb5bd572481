"""DICE against the number of clicks, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cosmos_datasets.build.files import atomic
from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PREDICTED, _ORACLE, _BLIND, _TARGET = "#1f6f8b", "#c8553d", "#777777", "#b7c9d1"
#: Targets that get their own name in a panel; more would be a tangle.
_MOST_NAMES = 6


def curve_columns(summary: pd.DataFrame) -> list[str]:
    """Names of the columns that hold DICE after 1, 2 … N clicks."""
    names = [str(name) for name in summary.columns]
    return [name for name in names if name.startswith("dice_") and name[5:].isdigit()]


def draw(summary: pd.DataFrame, path: Path, title: str) -> None:
    """Draw the means over targets, and every target behind them; single instances in a panel of their own.

    Args:
        summary: see :func:`cosmos_datasets.evaluation.interactive.summary.summarise`.
        path: a PNG file; replaced if it exists.
        title: what of the figure is not in the summary: the model and the protocol.
    """
    kinds = sorted(summary["masks_are"].unique(), reverse=True)
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(1 + 4.6 * len(kinds), 3.8), layout="constrained")
        for axes, kind in zip(figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0], kinds, strict=True):
            rows = summary[summary["masks_are"] == kind]
            _panel(axes, rows)
            ending = " (single instances)" if kind == "instances" else ""
            count = len(rows[(rows["modality"] != "") & (rows["choice"] == "predicted")])
            axes.set_title(f"{plural(count, 'target')}{ending}", loc="left", fontsize=9)
        figure.suptitle(title, fontsize=10)
        figure.supxlabel("clicks", fontsize=9)
        figure.supylabel("DICE", fontsize=9)
        with atomic(path) as temporary:
            figure.savefig(temporary, dpi=150, format="png", metadata={"Software": ""})


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    curves = curve_columns(rows)
    clicks = np.arange(1, len(curves) + 1)
    targets = rows[~rows["object"].isin([OVER_TARGETS, OVER_MASKS]) & (rows["choice"] == "predicted")]
    names = targets["object"] + ", " + targets["modality"]
    for name, values in zip(names, targets[curves].to_numpy(dtype=np.float64), strict=True):
        axes.plot(clicks, values, color=_TARGET, linewidth=1, zorder=1)
        if len(targets) <= _MOST_NAMES:
            axes.annotate(name, (clicks[-1], values[-1]), (3, 0), textcoords="offset points", fontsize=6, va="center")
    means = rows[rows["object"] == OVER_TARGETS]
    for choice, colour, name in (
        ("predicted", _PREDICTED, "predicted: what the user saw"),
        ("oracle", _ORACLE, "oracle: best of the model's masks"),
    ):
        values = means[means["choice"] == choice][curves].to_numpy(dtype=np.float64)[0]
        axes.plot(clicks, values, color=colour, marker="o", markersize=3.5, linewidth=2, label=name, zorder=3)
    blind = float(means["dice_blind"].iloc[0])
    axes.axhline(blind, color=_BLIND, linestyle="--", linewidth=1, label="blind disc at the first click", zorder=2)
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y", color="#eeeeee")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7, loc="best")
