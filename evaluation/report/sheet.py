"""A table of the report: what it holds, and how its columns are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from cosmos_datasets.evaluation.compare_table import p_text, signed
from cosmos_datasets.evaluation.factors.tables import SIGNIFICANT
from cosmos_datasets.evaluation.statistics.formats import BLANK, to_text
from cosmos_datasets.evaluation.summary import OVER_TARGETS

Kind = Literal["text", "count", "score", "signed", "share", "p", "number", "tenth", "rho", "score_ci", "signed_ci"]
#: How a value is written.
_WRITTEN: dict[Kind, Callable[[Any], str]] = {
    "text": str,
    "count": lambda value: f"{int(value):,}",
    "score": lambda value: f"{value:.3f}",
    "signed": lambda value: signed(float(value)),
    "score_ci": lambda value: f"{value:.3f}",
    "signed_ci": lambda value: signed(float(value)),
    "share": lambda value: f"{100 * value:.1f} %",
    "p": lambda value: p_text(float(value)),
    "number": lambda value: f"{value:.4g}",
    "tenth": lambda value: f"{value:,.1f}",
    "rho": lambda value: signed(float(value)),
}


@dataclass(frozen=True)
class Column:
    """A column as it is shown.

    Attributes:
        name: the column of the data.
        head: its heading.
        kind: how a value is written: ``score`` and ``signed`` with three decimals, behind which those of ``_ci`` have
            their 95 % interval; ``tenth`` with one; ``share`` in percent; ``rho`` with a star where it is significant.
        ends: of an interval: its ends are the columns ``<ends>low`` and ``<ends>high``; of a ``rho``: its p-value is
            the column ``<ends>p``.
        note: what the heading means, where that is not plain.
    """

    name: str
    head: str
    kind: Kind = "text"
    note: str = ""
    ends: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it stands on the right."""
        return self.kind != "text"

    @property
    def has_interval(self) -> bool:
        """Whether an interval stands behind its values."""
        return self.kind.endswith("_ci")

    @property
    def full_head(self) -> str:
        """The heading in a file."""
        return f"{self.head} [95 % CI]" if self.has_interval else self.head

    def text(self, row: dict[str, Any]) -> str:
        """The cell of a row."""
        value = row[self.name]
        if value is None or pd.isna(value) or value == "":
            return BLANK
        text = _WRITTEN[self.kind](value)
        if self.kind == "rho" and row[f"{self.ends}p"] < SIGNIFICANT:
            return f"{text}*"
        return f"{text} {interval}" if (interval := self._interval(row)) else text

    def _interval(self, row: dict[str, Any]) -> str:
        if not self.has_interval or pd.isna(row[f"{self.ends}low"]):
            return ""
        return "[{}, {}]".format(*(_WRITTEN[self.kind](row[f"{self.ends}{end}"]) for end in ("low", "high")))

    def key(self, row: dict[str, Any]) -> str:
        """What the page sorts by; empty for what does not exist, which comes last."""
        value = row[self.name]
        if value is None or pd.isna(value):
            return ""
        return repr(float(value)) if self.is_number else str(value)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table.

    Attributes:
        name: of its files, and its place in the page.
        title: its heading.
        frame: every figure; goes into the CSV.
        columns: what is shown of it, in order.
        text: what to know about it, a paragraph each.
    """

    name: str
    title: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    text: tuple[str, ...] = ()

    @property
    def records(self) -> list[dict[str, Any]]:
        """The rows."""
        rows: list[dict[str, Any]] = self.frame.to_dict("records")  # type: ignore[assignment]
        return rows

    def rows(self) -> list[list[tuple[str, str]]]:
        """The cells of every row: as shown, and what they are sorted by."""
        return [[(column.text(row), column.key(row)) for column in self.columns] for row in self.records]

    def shown(self) -> pd.DataFrame:
        """The cells as text, under their headings."""
        cells = [[column.text(row) for column in self.columns] for row in self.records]
        return pd.DataFrame(cells, columns=[column.full_head for column in self.columns], dtype=object)

    def files(self) -> dict[str, str]:
        """The contents of the table's files, by ending: every figure as CSV, what is shown as Markdown and LaTeX."""
        return {
            "csv": to_text(self.frame, "csv"),
            "md": to_text(self.shown(), "markdown"),
            "tex": to_text(self.shown(), "latex"),
        }


def without_repeats(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """The rows without means over targets that are of a single target, and so only repeat the mean over masks.

    Args:
        rows: with ``over`` and ``targets``.
        keys: what else makes a group; a mean over targets stays in all of a group's rows or in none.
    """
    most = rows.groupby(list(keys))["targets"].transform("max")
    return rows[(rows["over"] != OVER_TARGETS) | (most > 1)].reset_index(drop=True)
