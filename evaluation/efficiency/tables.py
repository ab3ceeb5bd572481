"""What models cost, as tables: for people, and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cosmos_datasets.cli.printing import bytes_text, plural
from cosmos_datasets.evaluation.efficiency.machine import described
from cosmos_datasets.evaluation.statistics.formats import BLANK, Style, to_text

Row = dict[str, Any]


def frame(report: dict[str, Any]) -> pd.DataFrame:
    """Every figure: a row a model and quantity.

    Args:
        report: see :func:`cosmos_datasets.evaluation.efficiency.run.measure_models`.

    Returns:
        ``model``, ``family``, ``device``, ``dtype``, ``quantity``, ``strategy``, ``prompts_at_once``, ``per``,
        ``unit``, ``median``, ``q1``, ``q3``, ``measurements``.
    """
    settings = report["settings"]
    rows = [
        {
            "model": name,
            "family": model["family"],
            "device": settings["device"]["name"],
            "dtype": settings["dtype"],
            **row,
        }
        for name, model in zip(_names(report), report["models"], strict=True)
        for row in model["rows"]
    ]
    return pd.DataFrame(rows)


def render(report: dict[str, Any], style: Style = "text") -> str:
    """The table for people, a row a quantity and a column a model, and below it what figures depend on.

    Args:
        report: see :func:`frame`.
        style: ``text`` or ``markdown``.
    """
    models = report["models"]
    columns = [{_title(row): _cell(row) for row in model["rows"]} for model in models]
    titles = dict.fromkeys(title for column in columns for title in column)
    lines = [[title, *(column.get(title, BLANK) for column in columns)] for title in titles]
    return to_text(pd.DataFrame(lines, columns=["", *_names(report)]), style, _notes(report))


def seconds_text(seconds: float) -> str:
    """Seconds with three digits: ``0.0123``, ``1.23``, ``1,230``."""
    return f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:#.3g}"


def _names(report: dict[str, Any]) -> list[str]:
    """Names of the models; where two have the same one, its digest tells them apart."""
    names = [model["name"] for model in report["models"]]
    return [
        f"{name} ({model['digest'][:8]})" if names.count(name) > 1 else name
        for name, model in zip(names, report["models"], strict=True)
    ]


def _title(row: Row) -> str:
    quantity = row["quantity"]
    if row["strategy"]:
        quantity += f", {row['strategy']}"
    if row["prompts_at_once"]:
        together = row["prompts_at_once"]
        quantity += " (one at a time)" if together == 1 else f" ({together} at a time)"
    return (
        f"{quantity}, s" + ("" if row["per"] == "model" else f" per {row['per']}") if row["unit"] == "s" else quantity
    )


def _cell(row: Row) -> str:
    median = row["median"]
    if row["unit"] == "B":
        return bytes_text(int(median))
    if row["unit"] != "s":
        return f"{median:,.0f}"
    if row["measurements"] == 1:
        return seconds_text(median)
    low, high = seconds_text(row["q1"]), seconds_text(row["q3"])
    return f"{seconds_text(median)} ({low}–{high})"


def _notes(report: dict[str, Any]) -> list[str]:
    settings = report["settings"]
    sizes = sorted({(one["width"], one["height"]) for one in settings["images"]})
    grid = settings["grid"]
    notes = [
        f"{described(settings)}, {settings['dtype']}, torch {settings['versions']['torch']}.",
        f"Median (first to third quartile) of {plural(settings['repeats'], 'repeat')} on each of "
        f"{plural(len(settings['images']), 'image')} ({_sizes(sizes)} pixels), after a warm-up, device synchronised.",
        f"Everything: {grid} x {grid} points, encoding and choice for the targets apart. Decoding: prompt encoder and "
        "mask decoder, without bringing the three masks to the size of the image.",
        f"Memory: {settings['memory']}; weights are in each.",
    ]
    if settings["device"]["type"] == "cpu":
        loads = [one for model in report["models"] for one in model["load_average"] if one is not None]
        heard = f" (load average {min(loads):.1f} to {max(loads):.1f} here)" if loads else ""
        notes.append(f"On a CPU seconds depend on what else runs{heard}: take them as a rough measure.")
    return notes


def _sizes(sizes: Sequence[tuple[int, int]]) -> str:
    first, last = sizes[0], sizes[-1]
    smallest = f"{first[0]} x {first[1]}"
    return smallest if len(sizes) == 1 else f"{smallest} to {last[0]} x {last[1]}"
