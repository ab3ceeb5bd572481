"""Scatter and box plots of DICE against the factors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from cosmos_datasets.evaluation.factors import ABSOLUTE, title
from cosmos_datasets.evaluation.factors.tables import SIGNIFICANT, correlate, factors_in
from cosmos_datasets.evaluation.statistics.formats import records

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS, _LINE = "#1f6f8b", "#c8553d"
_BOX: dict[str, Any] = {
    "boxprops": {"facecolor": "#cfdde3", "edgecolor": _POINTS},
    "medianprops": {"color": _LINE, "linewidth": 1.5},
    "whiskerprops": {"color": _POINTS},
    "capprops": {"color": _POINTS},
}
_UNITS = {
    "size": "pixels",
    "aspect_ratio": "short / long side",
    "intensity_difference": "grey levels, mask minus its surroundings",
    ABSOLUTE: "grey levels",
    "boundary_complexity": "elliptic Fourier order",
}
#: Points of a panel: more would be a blot, and slow.
_MOST_POINTS = 5000
#: Groups of equally many masks, from small to large values.
_BINS = 8
_COLUMNS = 3


def draw(joined: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw DICE against every factor, a panel a strategy; single instances in files of their own.

    Args:
        joined: see :func:`cosmos_datasets.evaluation.factors.tables.join`; not empty.
        folder: made if it is not there; files of the same names are replaced.

    Returns:
        The PNG files: ``<factor>_scatter.png`` (points, and the median of groups of equally many masks) and
        ``<factor>_boxes.png`` (quartiles of these groups, whiskers from 5 % to 95 %), ``modality_boxes.png``.
    """
    with matplotlib.rc_context({"font.size": 9, "axes.titlesize": 9, "figure.titlesize": 10, "axes.labelsize": 9}):
        return _draw(joined, folder)


def _draw(joined: pd.DataFrame, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for masks_are, frame in joined.groupby("masks_are", sort=False, observed=True):
        ending = "_instances" if masks_are == "instances" else ""
        partials = {(row["strategy"], row["variant"], row["factor"]): row for row in records(correlate(frame))}
        for factor in factors_in(joined):
            name = factor.removesuffix("_number")
            if factor != "modality_number":
                paths.append(_save(_scatter(frame, factor, partials), folder / f"{name}_scatter{ending}.png"))
            paths.append(_save(_boxes(frame, factor), folder / f"{name}_boxes{ending}.png"))
    return paths


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=150, metadata={"Software": ""})
    return path


def _panels(frame: pd.DataFrame, figure: Figure) -> Iterator[tuple[Axes, tuple[str, str], pd.DataFrame]]:
    """Axes for every strategy, with its name and results."""
    groups = list(frame.groupby(["strategy", "variant"], sort=True, observed=True))
    columns = min(_COLUMNS, len(groups))
    rows = math.ceil(len(groups) / columns)
    figure.set_size_inches(1 + 3.2 * columns, 0.8 + 2.5 * rows)
    places = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in places[len(groups) :]:
        axes.remove()
    for axes, ((strategy, variant), members) in zip(places, groups, strict=False):
        axes.set_title(f"{strategy} {variant}".strip(), loc="left")
        axes.set_ylim(-0.02, 1.02)
        axes.spines[["top", "right"]].set_visible(False)
        yield axes, (str(strategy), str(variant)), members


def _scatter(frame: pd.DataFrame, factor: str, partials: dict[tuple[str, str, str], dict[str, Any]]) -> Figure:
    figure = Figure(layout="constrained")
    for axes, key, members in _panels(frame[frame[factor].notna()], figure):
        shown = members.sample(min(len(members), _MOST_POINTS), random_state=0)
        opacity = float(np.clip(200 / max(len(shown), 1), 0.08, 0.6))
        axes.scatter(shown[factor], shown["dice"], s=7, color=_POINTS, alpha=opacity, linewidths=0)
        middle = members.groupby(_bins(members[factor]), observed=True)[[factor, "dice"]].median()
        axes.plot(middle[factor], middle["dice"], color=_LINE, marker="o", markersize=3, linewidth=1.5)
        partial = partials[(*key, factor)]
        if partial["rho"] is not None:
            star = "*" if partial["p_value"] < SIGNIFICANT else ""
            axes.set_title(f"ρ = {partial['rho']:+.2f}{star}", loc="right")
        if factor == "size":
            axes.set_xscale("log")
            several = members[factor].max() > 100 * members[factor].min()
            axes.xaxis.set_major_locator(LogLocator(subs=(1,) if several else (1, 2, 5)))
            axes.xaxis.set_major_formatter("{x:,.0f}")
            axes.xaxis.set_minor_formatter(NullFormatter())
    figure.suptitle(f"DICE and {title(factor)}; ρ: Spearman partial correlation, * p < {SIGNIFICANT}")
    figure.supxlabel(f"{title(factor)} ({_UNITS[factor]})")
    figure.supylabel("DICE")
    return figure


def _boxes(frame: pd.DataFrame, factor: str) -> Figure:
    figure = Figure(layout="constrained")
    frame = frame[frame[factor].notna()]
    # The same groups in all panels, so that their boxes can be compared.
    groups = frame["modality"] if factor == "modality_number" else _bins(frame[factor])
    names = sorted(groups.unique())
    for axes, _, members in _panels(frame, figure):
        values = [members["dice"][groups.loc[members.index] == name].to_numpy() for name in names]
        axes.boxplot(values, whis=(5, 95), showfliers=False, patch_artist=True, widths=0.7, **_BOX)
        axes.set_xticks(range(1, len(names) + 1), [_name(one) for one in names], rotation=60, ha="right", fontsize=7)
    unit = "" if factor == "modality_number" else f" ({_UNITS[factor]})"
    figure.suptitle(f"DICE by {title(factor)}; median, quartiles, whiskers from 5 % to 95 %")
    figure.supxlabel(f"{title(factor)}{unit}")
    figure.supylabel("DICE")
    return figure


def _bins(values: pd.Series[Any]) -> pd.Series[Any]:
    """Groups of about equally many values; fewer where many are equal."""
    return pd.qcut(values, _BINS, duplicates="drop")


def _name(group: Any) -> str:
    return f"{group.left:.3g} – {group.right:.3g}" if isinstance(group, pd.Interval) else str(group)
