"""Figures of the other experiments: moved prompts, simulated clicks, and grids of everything mode."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator, NullLocator

from cosmos_datasets.evaluation.interactive.figure import curve_columns
from cosmos_datasets.evaluation.report.plot import INK, Plot, colours, legend, panels, style
from cosmos_datasets.evaluation.report.score_plots import run_labels
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

if TYPE_CHECKING:
    pass

_COLUMNS = 3


def drop_plot(rows: pd.DataFrame) -> Plot:
    """DICE against how far prompts are moved; see :func:`.run_sheets.drop_frame`."""
    rows = rows[rows["over"] == OVER_MASKS]
    labels = run_labels(rows)
    ways = ["run", "masks_are", "who", "box"]
    parts = [(tuple(map(str, way)), part) for way, part in rows.groupby(ways, sort=False)]
    columns = min(_COLUMNS, len(parts))
    with style():
        figure, grid = panels(
            1 + 3.6 * columns,
            3.2 * math.ceil(len(parts) / columns),
            math.ceil(len(parts) / columns),
            columns,
            sharey=True,
        )
        places = [axes for line in grid for axes in line]
        for axes in places[len(parts) :]:
            axes.remove()
        colour = colours(sorted(rows["strategy"].unique()))
        for axes, ((run, masks_are, who, box), part) in zip(places, parts, strict=False):
            ranges = list(dict.fromkeys(part.sort_values("pixels", key=_first_number)["pixels"]))
            for strategy, line in part.groupby("strategy"):
                moved = line.set_index("pixels").reindex(ranges)
                y = np.concatenate([[moved["unmoved"].iloc[0]], moved["moved"].to_numpy(float)])
                axes.plot(
                    range(len(y)), y, "o-", color=colour[str(strategy)], linewidth=1.6, markersize=4.5, label=strategy
                )
                low, high = (moved["unmoved"] - moved[f"drop_{end}"] for end in ("high", "low"))
                axes.fill_between(range(1, len(y)), low, high, color=colour[str(strategy)], alpha=0.13, linewidth=0)
            axes.set_xticks(range(len(ranges) + 1), ["0", *ranges])
            axes.set_ylim(0, 1.02)
            axes.set_title(_way(labels[run], masks_are, who, box))
            axes.set_xlabel("moved by, px")
        places[0].set_ylabel("DICE")
        legend(figure, places[0])
    worst = rows.iloc[int(rows["drop"].argmax())]
    alt = (
        "DICE against the distance by which prompts are moved, a line a strategy. The largest drop is "
        f"{worst['drop']:.3f}, of {worst['strategy']} at {worst['pixels']} pixels."
    )
    return Plot(
        "drop",
        "DICE under moved prompts",
        "Means over masks and repeats; shaded: 95 % interval of the drop.",
        alt,
        figure,
    )


def _first_number(pixels: pd.Series[str]) -> pd.Series[int]:
    return pixels.str.partition("-")[0].astype(int)


def _way(label: str, masks_are: str, who: str, box: str) -> str:
    return label + "".join(
        text
        for text, there in (
            (", instances", masks_are == "instances"),
            (", all points", who == "all"),
            (", box enlarged", box == "enlarged"),
        )
        if there
    )


def click_plot(rows: pd.DataFrame) -> Plot:
    """DICE against clicks; see :func:`.study_sheets.click_sheet`."""
    over = OVER_TARGETS if (rows["object"] == OVER_TARGETS).any() else None
    rows = rows[rows["object"] == over] if over else rows
    labels = run_labels(rows)
    colour = colours(list(labels))
    kinds = sorted(rows["masks_are"].unique(), reverse=True)
    curves = curve_columns(rows)
    told = []
    with style():
        figure, grid = panels(1 + 4.4 * len(kinds), 3.4, columns=len(kinds), sharey=True)
        for axes, kind in zip(grid[0], kinds, strict=True):
            for row in rows[rows["masks_are"] == kind].to_dict("records"):
                y = np.array([row[name] for name in curves], dtype=float)
                predicted = row["choice"] == "predicted"
                axes.plot(
                    range(1, len(y) + 1), y, "o-" if predicted else "o--", color=colour[row["run"]], linewidth=1.6,
                    markersize=4.5, markerfacecolor=colour[row["run"]] if predicted else "none",
                    label=f"{labels[row['run']]}, {row['choice']}",
                )  # fmt: skip
                if predicted:
                    axes.axhline(row["dice_blind"], color=INK, linestyle=":", linewidth=1)
                    told.append(
                        f"{labels[row['run']]}: {y[0]:.3f} after one click, {y[~np.isnan(y)][-1]:.3f} after the last"
                    )
            axes.set_ylim(0, 1.02)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.set_xlabel("clicks")
            axes.set_title("single instances" if kind == "instances" else over or "mean over masks")
        grid[0][0].set_ylabel("DICE")
        legend(figure, grid[0][0])
    text = (
        f"DICE against {'; '.join(rows['protocol'].unique())}. Solid: the mask shown to the user; dashed: the best of "
        "the model's masks; dotted: the blind disc at the first click."
    )
    return Plot(
        "clicks", "DICE against clicks", text, f"DICE against the number of clicks. {'; '.join(told)}.", figure
    )


def grid_plot(rows: pd.DataFrame) -> Plot:
    """DICE and seconds against the side of the grid; see :func:`.study_sheets.grid_sheet`."""
    over = OVER_TARGETS if (rows["over"] == OVER_TARGETS).any() else "target"
    rows = rows[rows["over"] == over].sort_values("side")
    labels = run_labels(rows)
    colour = colours(list(labels))
    with style():
        figure, ((scores, times),) = panels(9.5, 3.4, columns=2)
        for (run, masks_are), line in (
            (tuple(map(str, key)), part) for key, part in rows.groupby(["run", "masks_are"], sort=False)
        ):
            dashes = "--" if masks_are == "instances" else "-"
            ending = ", instances" if masks_are == "instances" else ""
            scores.plot(
                line["side"], line["dice"], "o" + dashes, color=colour[run], markersize=4.5, label=labels[run] + ending
            )
            scores.fill_between(line["side"], line["low"], line["high"], color=colour[run], alpha=0.13, linewidth=0)
            times.plot(line["side"], line["seconds"], "o" + dashes, color=colour[run], markersize=4.5)
        sides = sorted(rows["side"].unique())
        for axes in (scores, times):
            axes.set_xscale("log", base=2)
            axes.set_xticks(sides, [f"{side}²" for side in sides])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xlabel("points of the grid")
        times.set_yscale("log")
        scores.set_ylim(0, 1.02)
        scores.set_title("DICE of the best mask found")
        times.set_title("seconds an image")
        legend(figure, scores)
    told = "; ".join(f"{row['side']} a side: {row['dice']:.3f}" for row in rows.to_dict("records"))
    text = (
        "Everything mode (S1); shaded: 95 % interval over subjects. Seconds on the machine of the run, encoding apart."
    )
    return Plot(
        "grid", "Everything mode over grids", text, f"DICE against the points a side of the grid. {told}.", figure
    )
