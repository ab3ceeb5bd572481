"""Figures of runs: the means of every strategy with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cosmos_datasets.evaluation.gallery_drawing import PROMPTS
from cosmos_datasets.evaluation.report.plot import INK, Plot, colours, legend, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]


def run_labels(frame: pd.DataFrame) -> dict[str, str]:
    """Run -> its name in legends: the model's, where no other run has it."""
    pairs = frame[["run", "model"]].astype(str).drop_duplicates()
    unique = pairs["model"].is_unique
    return {run: model if unique else f"{run} ({model})" for run, model in pairs.itertuples(index=False)}


def overview_plot(rows: pd.DataFrame) -> Plot:
    """The means of every strategy; the rows are those of the sheet ``overview``."""
    with style():
        return _overview(rows)


def _overview(rows: pd.DataFrame) -> Plot:
    kinds = rows[["over", "masks_are"]].drop_duplicates().itertuples(index=False, name=None)
    parts = [(over, kind, rows[(rows["over"] == over) & (rows["masks_are"] == kind)]) for over, kind in kinds]
    figure, axes = panels(1.2 + 4.1 * len(parts), 3.3, columns=len(parts), sharey=True)
    labels = run_labels(rows)
    colour = colours(list(labels))
    for place, (over, kind, part) in zip(axes[0], parts, strict=True):
        strategies = sorted(part["strategy"].unique())
        for n, run in enumerate(labels):
            of_run = part[part["run"] == run].set_index("strategy").reindex(strategies)
            x: Floats = np.arange(len(strategies), dtype=np.float64) + (n - (len(labels) - 1) / 2) * 0.22
            _points(place, x, of_run, colour[run], labels[run])
        place.set_xticks(range(len(strategies)), strategies)
        place.set_xlim(-0.6, len(strategies) - 0.4)
        place.set_ylim(0, 1.02)
        place.grid(visible=False, axis="x")
        place.set_title(over + (", single instances" if kind == "instances" else ""))
    axes[0][0].set_ylabel("DICE")
    legend(figure, axes[0][0])
    text = (
        "Filled: oracle; hollow: predicted; bars: 95 % interval over subjects; the short line: the blind baseline. "
        + "; ".join(f"{name}: {PROMPTS.get(name, '')}" for name in sorted(rows["strategy"].unique()))
        + "."
    )
    values = "; ".join(
        f"{labels[row['run']]}, {row['strategy']}: {row['mean_oracle']:.3f}" for row in parts[-1][2].to_dict("records")
    )
    alt = f"Mean DICE of every strategy beside the blind baseline. Oracle, {parts[-1][0]}: {values}."
    return Plot("overview", "DICE of every strategy", text, alt, figure)


def _points(axes: Axes, x: Floats, rows: pd.DataFrame, colour: str, label: str) -> None:
    for which, face, shift in (("oracle", colour, -0.05), ("predicted", "none", 0.05)):
        mean, low, high = (rows[name].to_numpy(float) for name in (f"mean_{which}", f"{which}_low", f"{which}_high"))
        axes.vlines(x + shift, low, high, colors=colour, linewidth=1.4)
        axes.plot(
            x + shift, mean, "o", color=colour, markerfacecolor=face, markersize=6, zorder=3,
            label=label if which == "oracle" else None,
        )  # fmt: skip
    axes.plot(x, rows["blind"].to_numpy(float), "_", color=INK, markersize=13, markeredgewidth=1.6, zorder=2)
