"""A comparison as a table, for people and as CSV."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.compare import Comparison
from cosmos_datasets.evaluation.statistics.formats import BLANK, to_text
from cosmos_datasets.evaluation.statistics.options import METRICS

_CHOICES = {"predicted": "the mask that the model itself prefers", "oracle": "the best of the model's masks"}


def title(comparison: Comparison) -> str:
    """What is compared: ``DICE of the best of the model's masks, 118 results of 18 subjects``."""
    score, whose = METRICS[comparison.metric], _CHOICES[comparison.choice]
    return f"{score} of {whose}; {plural(comparison.masks, 'result')} of {plural(comparison.groups, 'subject')}"


def name_of(row: dict[str, Any]) -> str:
    """What a row is about, in words: ``liver, CT (instances)``."""
    if "over" in row:
        name = row["over"]
    elif "label" in row:
        name = f"{row['label']}, {row['modality']} ({row['source']})"
    else:
        name = ", ".join(row[part] for part in ("object", "modality", "source") if part in row)
    variant = f" [{row['variant']}]" if row["variant"] else ""
    instances = " (instances)" if row["masks_are"] == "instances" else ""
    return f"{name.replace('_', ' ')}{instances}{variant}"


def shown_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """The rows, and behind them the means where they are of more than one target."""
    return [*comparison.table(), *(dict(row) for row in comparison.overall if row["targets"] > 1)]


def cells(row: dict[str, Any], by: str) -> dict[str, str]:
    """A row as text."""
    return {
        by: name_of(row),
        "strategy": row["strategy"],
        "masks": f"{row['masks']:,}",
        "subjects": f"{row['groups']:,}",
        "blind": BLANK if row["blind"] is None else f"{row['blind']:.3f}",
        "A": f"{row['mean_a']:.3f}",
        "B": f"{row['mean_b']:.3f}",
        "B - A": signed(row["difference"]),
        "95 % CI": BLANK if row["low"] is None else f"[{signed(row['low'])}, {signed(row['high'])}]",
        "p": p_text(row["p_value"]),
    }


def signed(value: float) -> str:
    """A difference with its sign; what rounds to zero has none."""
    text = f"{value:+.3f}"
    return text[1:] if float(text) == 0 else text


def p_text(p: float | None) -> str:
    """A p-value as it is written."""
    return BLANK if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def render(comparison: Comparison, style: Literal["text", "markdown"] = "text") -> str:
    """The comparison as text: the runs, the table, and what to know about it."""
    a, b = comparison.a, comparison.b
    head = [f"{name}: {side.model} ({side.model_digest[:8]}), run {side.run}" for name, side in (("A", a), ("B", b))]
    notes = [
        "CI: bootstrap over subjects. p: Wilcoxon's signed-rank test over subjects, Holm's correction for the rows.",
        *comparison.notes,
    ]
    gap = "\n\n" if style == "markdown" else "\n"
    rows = pd.DataFrame([cells(row, comparison.by) for row in shown_rows(comparison)])
    return "\n\n".join([gap.join([title(comparison), *head]), to_text(rows, style, notes).rstrip("\n")])


def figures(comparison: Comparison) -> pd.DataFrame:
    """Every figure of the rows and of the means."""
    rows = [{"over": "", **row} for row in comparison.table()]
    means = [{"targets": None, **row} for row in comparison.overall]
    return pd.DataFrame([*rows, *means]).drop(columns="targets")
