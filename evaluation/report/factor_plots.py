"""Figures of what DICE depends on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator, NullLocator

from cosmos_datasets.evaluation.factors import FACTORS, title
from cosmos_datasets.evaluation.factors.correlation import partial_spearman
from cosmos_datasets.evaluation.factors.tables import SIGNIFICANT
from cosmos_datasets.evaluation.report.plot import INK, SERIES, Plot, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Points of a panel; more would be a blot.
_MOST_POINTS = 3000
#: Points of a panel that are drawn as such; more become pixels.
_MOST_VECTORS = 300
_BOTH = "#3d8be0"
_FITTED = tuple(factor for factor in FACTORS if factor != "modality_number")
_UNITS = {"size": "px", "aspect_ratio": "short / long side", "intensity_difference": "grey levels",
          "boundary_complexity": "Fourier order"}  # fmt: skip


def factor_plots(joined: Mapping[str, pd.DataFrame], labels: Mapping[str, str]) -> list[Plot]:
    """A figure a run and kind of masks."""
    plots = []
    for n, (run, frame) in enumerate(joined.items(), start=1):
        for masks_are, part in frame.groupby("masks_are", observed=True, sort=False):
            ending = ("" if len(joined) == 1 else f"-{n}") + ("-instances" if masks_are == "instances" else "")
            plots.append(factor_plot(f"factors{ending}", labels[run], part, str(masks_are)))
    return plots


def factor_plot(name: str, label: str, joined: pd.DataFrame, masks_are: str) -> Plot:
    """DICE of every mask against four factors, with a straight fit and medians.

    Args:
        name: of the figure's files.
        label: of the run.
        joined: see :func:`.run_sheets.factor_frames`, of one kind of masks.
        masks_are: that kind.
    """
    groups = list(joined.groupby("strategy", observed=True, sort=True))
    with style():
        figure, grid = panels(11.5, 1 + 1.7 * len(groups), len(groups), len(_FITTED), sharey=True, sharex="col")
        told = []
        for line, (strategy, members) in zip(grid, groups, strict=True):
            whole = members[members[list(FACTORS)].notna().all(axis=1)]
            partials = partial_spearman(whole[list(FACTORS)].to_numpy(float), whole["dice"].to_numpy(float))
            for axes, factor in zip(line, _FITTED, strict=True):
                partial = partials[FACTORS.index(factor)]
                _scatter(axes, members, factor)
                axes.set_title(f"{strategy}" + _rho(partial.rho, partial.p_value))
                told.append(f"{strategy}, {title(factor)}{_rho(partial.rho, partial.p_value)}")
            line[0].set_ylabel("DICE")
        for axes, factor in zip(grid[-1], _FITTED, strict=True):
            axes.set_xlabel(f"{title(factor)}, {_UNITS[factor]}")
    kind = ", single instances" if masks_are == "instances" else ""
    text = (
        "A point a mask; the line: least squares (size in logarithms); rings: medians of equally large groups. "
        f"ρ: Spearman's partial correlation, * p < {SIGNIFICANT}."
    )
    return Plot(
        name, f"DICE and factors: {label}{kind}", text, f"Scatter of DICE against factors. {'; '.join(told)}.", figure
    )


def _rho(rho: float, p_value: float) -> str:
    return "" if math.isnan(rho) else f"   ρ = {rho:+.2f}{'*' if p_value < SIGNIFICANT else ''}"


def _scatter(axes: Axes, members: pd.DataFrame, factor: str) -> None:
    members = members[members[factor].notna()]
    shown = members.sample(min(len(members), _MOST_POINTS), random_state=0)
    opacity = float(np.clip(150 / max(len(shown), 1), 0.1, 0.6))
    # Thousands of points would make the page slow; as pixels they have a colour for both light and dark.
    many = len(shown) > _MOST_VECTORS
    colour = _BOTH if many else SERIES[0]
    axes.scatter(shown[factor], shown["dice"], s=9, color=colour, alpha=opacity, linewidths=0, rasterized=many)
    x, y = members[factor].to_numpy(float), members["dice"].to_numpy(float)
    scale = np.log if factor == "size" else np.asarray
    if np.ptp(x) > 0:
        ends = np.array([x.min(), x.max()])
        slope, height = np.polyfit(scale(x), y, 1)
        axes.plot(ends, slope * scale(ends) + height, color=SERIES[1], linewidth=1.6)
        middle = members.groupby(pd.qcut(members[factor], 6, duplicates="drop"), observed=True)[
            [factor, "dice"]
        ].median()
        axes.plot(middle[factor], middle["dice"], "o", color=INK, markerfacecolor="none", markersize=5)
    if factor == "size":
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.0f}")
        if np.ptp(np.log10(x)) < 1:
            axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(-0.03, 1.03)
