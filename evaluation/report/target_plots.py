"""Figures of targets: the spread of their masks, and the gain over the blind baseline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cosmos_datasets.evaluation.gallery_drawing import PROMPTS
from cosmos_datasets.evaluation.report.plot import INK, SOFT, Plot, colours, legend, panels, style
from cosmos_datasets.evaluation.report.score_plots import run_labels
from cosmos_datasets.evaluation.statistics.options import Choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Targets of a figure; more go into a further one.
_TARGETS = 30
#: With fewer masks a violin would draw a shape that is not there.
_VIOLIN = 20
#: With more rows a violin is too thin to read.
_VIOLIN_ROWS = 12
_INCH_A_ROW = 0.3
#: With more masks those beyond the whiskers are a line of their own, and make the page heavy.
_MOST_DOTS = 500

Floats = NDArray[np.float64]


def target_plots(frame: pd.DataFrame, targets: pd.DataFrame, choice: Choice) -> list[Plot]:
    """The figures of the targets of one or several runs.

    Args:
        frame: see :func:`cosmos_datasets.evaluation.statistics.scores.read_runs`.
        targets: the rows of the sheet ``by-target``.
        choice: whose spread and gain.
    """
    with style():
        return [*_spread(frame, choice), *_gain(targets, choice)]


def _row_names(frame: pd.DataFrame) -> pd.Series[Any]:
    """Every row's target, single instances apart from unions."""
    ending = frame["masks_are"].astype(str).map({"instances": " (instances)", "union": ""})
    return frame["target"].astype(str).str.replace("_", " ") + ending


def _batches(names: list[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """So many names at a time as a figure shows, and the number of the figure."""
    for n, start in enumerate(range(0, len(names), _TARGETS)):
        yield n, tuple(names[start : start + _TARGETS])


def _spread(frame: pd.DataFrame, choice: Choice) -> Iterator[Plot]:
    frame = frame.assign(name=_row_names(frame), value=frame[f"dice_{choice}"].astype(float))
    frame = frame[frame["value"].notna()]
    order = frame.groupby("name")["value"].median().sort_values(ascending=False).index.tolist()
    strategies = sorted(frame["strategy"].astype(str).unique())
    labels = run_labels(frame)
    if not order:
        return
    for n, names in _batches(order):
        part = frame[frame["name"].isin(names)]
        rows = len(names) * len(labels)
        figure, axes = panels(
            2.1 + 2.2 * len(strategies), 1 + _INCH_A_ROW * rows, columns=len(strategies), sharey=True, sharex=True
        )
        for place, strategy in zip(axes[0], strategies, strict=True):
            _boxes(place, part[part["strategy"] == strategy], names, labels)
            place.set_title(f"{strategy} {PROMPTS.get(strategy, '')}")
            place.set_xlim(-0.02, 1.02)
        axes[0][0].set_yticks(range(len(names)), [f"{name}  " for name in names])
        axes[0][0].set_ylim(len(names) - 0.4, -0.6)
        figure.supxlabel(f"DICE ({choice})", fontsize=9, color=SOFT)
        legend(figure, axes[0][0])
        ending, which = ("", "") if len(order) <= _TARGETS else (f"-{n + 1}", f" ({n + 1})")
        text = (
            "Each row a target, by its median over all strategies. Box: quartiles and median; whiskers: 5 % to 95 %; "
            f"dots: single masks beyond, of up to {_MOST_DOTS}; shade: how often which DICE, from {_VIOLIN} masks on. "
            "The thin line is the median of the blind baseline."
        )
        yield Plot(f"targets{ending}", f"DICE of every target{which}", text, _spread_alt(part, names, choice), figure)


def _spread_alt(part: pd.DataFrame, names: tuple[str, ...], choice: Choice) -> str:
    medians = part.groupby(["name", "strategy"], observed=True)["value"].median()
    told = [f"{name}: " + ", ".join(f"{s} {v:.2f}" for s, v in medians[name].items()) for name in names]
    return f"Spread of DICE ({choice}) over the masks of every target. Medians: {'; '.join(told)}."


def _boxes(axes: Axes, part: pd.DataFrame, names: tuple[str, ...], labels: dict[str, str]) -> None:
    colour = colours(list(labels))
    height = 0.8 / len(labels)
    for n, (run, label) in enumerate(labels.items()):
        of_run = part[part["run"] == run]
        groups = dict(iter(of_run.groupby("name")))
        for place, name in enumerate(names):
            if name not in groups:
                continue
            y = place + (n - (len(labels) - 1) / 2) * height
            values = groups[name]["value"].to_numpy(float)
            if len(values) >= _VIOLIN and len(names) <= _VIOLIN_ROWS and np.ptp(values) > 0:
                violin = axes.violinplot(
                    values, positions=[y], widths=height, orientation="horizontal", showextrema=False
                )
                for body in violin["bodies"]:  # type: ignore[attr-defined]
                    body.set(facecolor=colour[run], alpha=0.22, edgecolor="none")
            _box(axes, values, y, 0.32 * height if len(names) <= _VIOLIN_ROWS else 0.55 * height, colour[run])
            blind = groups[name]["dice_blind"].astype(float).median()
            axes.plot([blind, blind], [y - height / 2, y + height / 2], color=INK, linewidth=1)
        axes.plot([], [], "s", color=colour[run], label=label)


def _box(axes: Axes, values: Floats, y: float, width: float, colour: str) -> None:
    line = {"color": colour, "linewidth": 1.1}
    axes.boxplot(
        values,
        positions=[y],
        widths=width,
        orientation="horizontal",
        whis=(5, 95),
        manage_ticks=False,
        patch_artist=True,
        showfliers=len(values) <= _MOST_DOTS,
        boxprops={"facecolor": colour, "alpha": 0.55, "edgecolor": colour},
        medianprops={"color": INK, "linewidth": 1.6},
        whiskerprops=line,
        capprops=line,
        flierprops={
            "marker": ".",
            "markersize": 3,
            "markerfacecolor": colour,
            "markeredgecolor": colour,
            "markeredgewidth": 0.3,
        },
    )


def _gain(targets: pd.DataFrame, choice: Choice) -> Iterator[Plot]:
    rows = targets.assign(name=_row_names(targets))
    rows = rows[rows[f"gain_{choice}"].notna()]
    if rows.empty:
        return  # everything mode alone has nothing that is predicted
    order = rows.groupby("name")[f"gain_{choice}"].mean().sort_values(ascending=False).index.tolist()
    strategies = sorted(rows["strategy"].unique())
    labels = run_labels(rows)
    colour = colours(list(labels))
    widest = float(np.nanmax(np.abs(rows[[f"gain_{choice}", f"gain_{choice}_low", f"gain_{choice}_high"]]), initial=0))
    for n, names in _batches(order):
        height = 1 + 0.26 * len(names) + 0.08 * len(names) * (len(labels) - 1)
        figure, axes = panels(2.1 + 2.2 * len(strategies), height, columns=len(strategies), sharey=True, sharex=True)
        for place, strategy in zip(axes[0], strategies, strict=True):
            for k, run in enumerate(labels):
                part = rows[(rows["strategy"] == strategy) & (rows["run"] == run)].set_index("name").reindex(names)
                y = np.arange(len(names)) + (k - (len(labels) - 1) / 2) * 0.3
                low, high = (part[f"gain_{choice}_{end}"].to_numpy(float) for end in ("low", "high"))
                place.hlines(y, low, high, colors=colour[run], linewidth=1.4)
                place.plot(part[f"gain_{choice}"], y, "o", color=colour[run], markersize=5, label=labels[run])
            place.axvline(0, color=INK, linewidth=1)
            place.set_title(f"{strategy} {PROMPTS.get(strategy, '')}")
            place.set_xlim(-1.05 * widest - 0.02, 1.05 * widest + 0.02)
        axes[0][0].set_yticks(range(len(names)), [f"{name}  " for name in names])
        axes[0][0].set_ylim(len(names) - 0.4, -0.6)
        figure.supxlabel(f"DICE ({choice}) minus blind baseline", fontsize=9, color=SOFT)
        legend(figure, axes[0][0])
        ending, which = ("", "") if len(order) <= _TARGETS else (f"-{n + 1}", f" ({n + 1})")
        told = "; ".join(
            f"{name} {v:+.2f}" for name, v in rows.groupby("name")[f"gain_{choice}"].mean()[list(names)].items()
        )
        text = (
            "Right of the line the model does better than what ignores the image; bars: 95 % interval over subjects."
        )
        alt = f"DICE ({choice}) above the blind baseline per target, mean over strategies: {told}."
        yield Plot(f"gain{ending}", f"Gain over the blind baseline{which}", text, alt, figure)
