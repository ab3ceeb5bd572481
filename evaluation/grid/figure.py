"""DICE and seconds against the side of the grid, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from cosmos_datasets.build.files import atomic
from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.efficiency.tables import seconds_text
from cosmos_datasets.evaluation.summary import OVER_TARGETS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MEAN = {"union": "#1f6f8b", "instances": "#c8553d"}
_TARGET = {"union": "#b7c9d1", "instances": "#eccfc7"}
_APART = {"union": "", "instances": " (single instances)"}
_TIME, _BLIND = "#444444", "#777777"
#: Targets that get their own name; more would be a tangle.
_MOST_NAMES = 8


def draw(table: pd.DataFrame, path: Path, model: str) -> None:
    """Draw two panels over the same sides: DICE of targets and their mean, and seconds of everything mode.

    Args:
        table: see :func:`cosmos_datasets.evaluation.grid.tables.grid_table`.
        path: a PNG or PDF file; replaced if it exists.
        model: its name, for the title.
    """
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(10, 4), layout="constrained")
        scores, times = figure.subplots(1, 2, width_ratios=(3, 2))
        _scores(scores, table)
        _times(times, table)
        figure.suptitle(f"{model}: everything mode", fontsize=10)
        kind = path.suffix[1:].lower()
        # The same figures give the same file: no date.
        metadata = {"Software": ""} if kind == "png" else {"CreationDate": None}
        with atomic(path) as temporary:
            figure.savefig(temporary, dpi=150, format=kind, metadata=metadata)


def _scores(axes: Axes, table: pd.DataFrame) -> None:
    targets = table[table["over"] == "target"]
    groups = targets.groupby(["masks_are", "object", "modality"], sort=False)
    for (masks_are, object_, modality), rows in groups:
        axes.plot(rows["side"], rows["dice"], color=_TARGET[str(masks_are)], linewidth=1, zorder=1)
        if groups.ngroups <= _MOST_NAMES:
            end = rows.iloc[-1]
            name = f"{object_}, {modality}".replace("_", " ") + _APART[str(masks_are)]
            axes.annotate(name, (end["side"], end["dice"]), (5, 0), textcoords="offset points", fontsize=6.5,
                          va="center", color=_TIME)  # fmt: skip
    for masks_are, rows in table[table["over"] == OVER_TARGETS].groupby("masks_are", sort=False):
        colour = _MEAN[str(masks_are)]
        axes.fill_between(rows["side"], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0, zorder=2)
        axes.plot(rows["side"], rows["dice"], color=colour, marker="o", markersize=4, linewidth=2, zorder=3,
                  label=f"mean over targets{_APART[str(masks_are)]}")  # fmt: skip
    axes.axhline(
        float(table["blind"].mean()), color=_BLIND, linestyle="--", linewidth=1, label="blind: the empty mask"
    )
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("DICE of the best mask found")
    axes.set_title(f"{plural(groups.ngroups, 'target')}; band: 95 % interval over subjects", loc="left", fontsize=9)
    axes.legend(frameon=False, fontsize=7, loc="upper left")
    _sides(axes, table)
    if groups.ngroups <= _MOST_NAMES:
        axes.margins(x=0.18)


def _times(axes: Axes, table: pd.DataFrame) -> None:
    rows = table.drop_duplicates("side")
    low, high = rows["seconds"] - rows["seconds_q1"], rows["seconds_q3"] - rows["seconds"]
    axes.errorbar(rows["side"], rows["seconds"], (low, high), color=_TIME, marker="o", markersize=4, capsize=2)
    for _, row in rows.iterrows():
        axes.annotate(seconds_text(row["seconds"]), (row["side"], row["seconds"]), (-5, 4), fontsize=7, ha="right",
                      textcoords="offset points")  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.15, y=0.12)
    axes.set_ylabel("seconds per image")
    axes.set_title("without encoding; bars: quartiles", loc="left", fontsize=9)
    _sides(axes, table)


def _sides(axes: Axes, table: pd.DataFrame) -> None:
    sides = sorted(table["side"].unique().tolist())
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(sides))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}²"))
    axes.set_xlabel("points of the grid")
    axes.grid(axis="y", color="#eeeeee")
    axes.spines[["top", "right"]].set_visible(False)
