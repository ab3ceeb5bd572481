"""A comparison as a picture: every target before and after, and the difference with its interval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.compare import Comparison
from cosmos_datasets.evaluation.compare_table import name_of, p_text, shown_rows, signed
from cosmos_datasets.evaluation.statistics.options import METRICS, WITH_BLIND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Of the bars, and of what is written on them.
_A, _B = ("#9db4c0", "black"), ("#1f6f8b", "white")
_BLIND, _LINE = "#d1495b", "#444444"
_INCH_A_ROW = 0.34
_SUFFIXES = (".png", ".svg", ".pdf")


def draw(comparison: Comparison, path: Path) -> None:
    """Draw both runs' means beside the blind baseline, and the difference with its 95 % interval.

    Args:
        comparison: two runs; every strategy becomes a part of the picture.
        path: a PNG, SVG or PDF file; replaced if it exists.

    Raises:
        CosmosError: if its ending names none of these.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise CosmosError(f"{path}: a figure is one of {', '.join(_SUFFIXES)}; give it such a name.")
    rows = shown_rows(comparison)
    strategies = sorted({row["strategy"] for row in rows})
    parts = [[row for row in rows if row["strategy"] == strategy] for strategy in strategies]
    heights = [1.0 + _INCH_A_ROW * len(part) for part in parts]
    figure = Figure(figsize=(10, sum(heights) + 0.8), layout="constrained")
    grid = figure.subplots(len(parts), 2, squeeze=False, sharex="col", height_ratios=heights, width_ratios=(3, 2))
    for (scores, differences), strategy, part in zip(grid, strategies, parts, strict=True):
        _scores(scores, part, comparison)
        _differences(differences, part)
        scores.set_title(strategy, loc="left")
    entries = sorted(zip(*grid[0, 0].get_legend_handles_labels(), strict=True), key=lambda entry: entry[1])
    figure.legend(*zip(*entries, strict=True), loc="outside upper left", frameon=False)
    grid[-1, 0].set_xlabel(METRICS[comparison.metric] + f" ({comparison.choice})")
    grid[-1, 1].set_xlabel("B - A, 95 % interval over subjects")
    with matplotlib.rc_context({"font.size": 9}), atomic(path) as temporary:
        figure.savefig(temporary, dpi=150, format=path.suffix[1:].lower())


def _scores(axes: Axes, rows: list[dict[str, Any]], comparison: Comparison) -> None:
    places = np.arange(len(rows))[::-1]
    for name, offset, colour, ink, side in (("A", 0.2, *_A, comparison.a), ("B", -0.2, *_B, comparison.b)):
        values = [row[f"mean_{name.lower()}"] for row in rows]
        axes.barh(places + offset, values, 0.38, color=colour, label=f"{name}: {side.run} ({side.model})")
        for place, value in zip(places, values, strict=True):
            axes.text(0.01, place + offset, f"{value:.3f}", va="center", fontsize=7, color=ink)
    if comparison.metric in WITH_BLIND:
        blind = [row["blind"] for row in rows]
        axes.plot(blind, places, "|", color=_BLIND, markersize=18, markeredgewidth=2, label="blind baseline")
    axes.set_yticks(places, [f"{name_of(row)}\n{row['masks']:,} masks, {row['groups']:,} subjects" for row in rows])
    axes.set_xlim(0, 1 if comparison.metric in WITH_BLIND else None)
    _bare(axes, len(rows))


def _differences(axes: Axes, rows: list[dict[str, Any]]) -> None:
    for place, row in zip(np.arange(len(rows))[::-1], rows, strict=True):
        low, high = row["low"], row["high"]
        if low is not None:
            axes.plot([low, high], [place, place], color=_B[0], linewidth=2)
        axes.plot(row["difference"], place, "o", color=_B[0], markersize=5)
        text = signed(row["difference"]) + ("" if row["p_value"] is None else f"  (p {p_text(row['p_value'])})")
        axes.annotate(text, (row["difference"], place), (0, 5), textcoords="offset points", ha="center", fontsize=7)
    axes.axvline(0, color=_LINE, linewidth=0.8)
    axes.margins(x=0.25)
    axes.set_yticks([])
    _bare(axes, len(rows))


def _bare(axes: Axes, rows: int) -> None:
    axes.set_ylim(-0.6, rows - 0.4)
    axes.spines[["top", "right"]].set_visible(False)
