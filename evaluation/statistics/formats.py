"""Tables as text: aligned, Markdown, CSV, JSON, and LaTeX for a paper."""

from __future__ import annotations

import json
import re
from typing import Any, Literal, get_args

import pandas as pd
from tabulate import tabulate

Style = Literal["text", "markdown", "csv", "json", "latex"]
STYLES: tuple[Style, ...] = get_args(Style)

BLANK = "–"
_TABULATE = {"text": "simple", "markdown": "pipe"}
#: Cells that are numbers, intervals, or nothing stand on the right.
_NUMBER = re.compile(rf"[<+-]?[\d.,]+( %)?|\[[-+\d., ]+\]|{BLANK}|")
_ESCAPED = {
    **{one: f"\\{one}" for one in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", BLANK: "--", "±": r"$\pm$"},
}


def to_text(df: pd.DataFrame, style: Style = "text") -> str:
    """A data frame as text that ends with a line break.

    Args:
        df: numbers, or cells that are text already; column names become the head.
        style: ``csv`` (six decimals, empty fields) and ``json`` (a list of objects, null) hold every figure; ``text``,
            ``markdown`` and ``latex`` (booktabs) three decimals, and a dash for what does not exist.
    """
    if style == "csv":
        return df.to_csv(index=False, float_format="%.6f", lineterminator="\n")
    if style == "json":
        rows = json.loads(df.to_json(orient="records", double_precision=15))
        return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    heads = list(map(str, df))
    rows = [[_cell(value) for value in row] for row in df.astype(object).itertuples(index=False, name=None)]
    right = [all(_NUMBER.fullmatch(row[n]) for row in rows) for n in range(len(heads))]
    if style == "latex":
        return _latex(heads, rows, right)
    if style == "markdown":
        heads, *rows = ([cell.replace("|", "\\|") for cell in row] for row in [heads, *rows])
    alignment = ["right" if one else "left" for one in right]
    table = tabulate(rows, headers=heads, tablefmt=_TABULATE[style], disable_numparse=True, colalign=alignment)
    return f"{table}\n"


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
