"""Tables as text: aligned, Markdown, CSV, JSON, and LaTeX for a paper."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal, get_args

import pandas as pd
from tabulate import tabulate

from cosmos_datasets.plain_text import csv_cell, markdown_cell

Style = Literal["text", "markdown", "csv", "json", "latex"]
STYLES: tuple[Style, ...] = get_args(Style)

BLANK = "–"
_TABULATE = {"text": "simple", "markdown": "pipe"}
#: A column stands on the right if all of its cells are numbers, intervals or nothing, maybe with more behind them.
_NUMBER = re.compile(rf"([-+<*\[]*\d.*)?|{BLANK}")
_ESCAPED = {
    **{one: f"\\{one}" for one in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", BLANK: "--", "±": r"$\pm$"},
}


def to_text(df: pd.DataFrame, style: Style = "text", notes: Sequence[str] = ()) -> str:
    """Write a data frame as text that ends with a line break: the one place where tables of results become text.

    Args:
        df: numbers, or cells that are text already; column names become the head.
        style: ``csv`` (six significant digits, empty fields; what a spreadsheet would take for a formula begins with
            an apostrophe) and ``json`` (a list of objects, null) hold every figure; ``text``, ``markdown`` and
            ``latex`` (booktabs) three decimals, and a dash for what does not exist.
        notes: what has to be known of the table, a paragraph each; LaTeX has them as comments, CSV and JSON not.
    """
    if style == "csv":
        texts: dict[str, Any] = {
            str(name): df[name].map(csv_cell) for name in df if not pd.api.types.is_numeric_dtype(df[name])
        }
        return (
            df.assign(**texts).rename(columns=csv_cell).to_csv(index=False, float_format=_figure, lineterminator="\n")
        )
    if style == "json":
        return json.dumps(records(df), indent=1, ensure_ascii=False) + "\n"
    heads = list(map(str, df))
    rows = [[_cell(value) for value in row] for row in df.astype(object).itertuples(index=False, name=None)]
    right = [all(_NUMBER.fullmatch(row[n]) for row in rows) for n in range(len(heads))]
    if style == "latex":
        return _latex(heads, rows, right) + "".join(f"% {note}\n" for note in notes)
    if style == "markdown":
        heads, *rows = ([markdown_cell(cell) for cell in row] for row in [heads, *rows])
    alignment = ["right" if one else "left" for one in right]
    table = tabulate(rows, headers=heads, tablefmt=_TABULATE[style], disable_numparse=True, colalign=alignment)
    gap = "\n\n" if style == "markdown" else "\n"
    return f"{table}\n" + (f"\n{gap.join(notes)}\n" if notes else "")


def records(df: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows for JSON; what does not exist is ``None``."""
    rows: list[dict[str, Any]] = json.loads(df.to_json(orient="records", double_precision=15))
    return rows


def _figure(value: Any) -> str:
    """Six significant digits; a whole number, such as how many masks there are, keeps all of its own."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.6g}"


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return BLANK
    text = f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
    return text.removeprefix("-") if text == "-0.000" else text


def _latex(heads: list[str], rows: list[list[str]], right: list[bool]) -> str:
    lines = [[_escaped(head) for head in heads], *([_escaped(cell) for cell in row] for row in rows)]
    head, *body = (" & ".join(cells) + r" \\" for cells in lines)
    columns = "".join("r" if one else "l" for one in right)
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            f"\\begin{{tabular}}{{{columns}}}",
            *(r"\toprule", head, r"\midrule", *body, r"\bottomrule"),
            "\\end{tabular}\n",
        ]
    )


def _escaped(cell: str) -> str:
    text = "".join(_ESCAPED.get(one, one) for one in cell)
    return re.sub(r"(?<![\w$])-(?=\d)", "$-$", text)  # a minus, not a hyphen
