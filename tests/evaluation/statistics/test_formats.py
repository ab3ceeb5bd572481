"""Tables as text: what can be read back says the same, and LaTeX is well formed."""

from __future__ import annotations

import io
import json
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.evaluation.statistics.formats import to_text

FRAME = pd.DataFrame(
    {
        "target": ["left_ventricle, CT", "50 % & more {#1}"],
        "masks": [1234, 5],
        "mean": [0.712345678, float("nan")],
        "95 % CI": ["[-0.100, +0.200]", "–"],
        "gain": [-0.5, 0.25],
        "gap": [-1e-9, 0.0],
    }
)


def test_csv_and_json_hold_every_figure() -> None:
    csv = pd.read_csv(io.StringIO(to_text(FRAME, "csv")))
    assert csv["mean"].tolist() == pytest.approx([0.712346, float("nan")], nan_ok=True)
    rows = json.loads(to_text(FRAME, "json"))
    assert rows[0]["mean"] == 0.712345678
    assert rows[1]["mean"] is None
    assert [row["masks"] for row in rows] == [1234, 5]


def test_text_and_markdown_round_and_dash() -> None:
    text, markdown = to_text(FRAME), to_text(FRAME, "markdown")
    for written in (text, markdown):
        assert "0.712" in written
        assert "0.7123" not in written
        assert "1,234" in written
        assert "nan" not in written
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines()]
    assert cells[0] == list(FRAME)
    assert cells[3] == ["50 % & more {#1}", "5", "–", "–", "0.250", "0.000"]
    # Numbers stand on the right.
    assert [cell.endswith(":") for cell in cells[1]] == [False, True, True, True, True, True]


def test_a_bar_does_not_split_a_markdown_cell() -> None:
    markdown = to_text(pd.DataFrame({"a|b": ["c|d"], "e": [1]}), "markdown")
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in markdown.splitlines())


def test_latex_is_booktabs_and_escaped() -> None:
    lines = to_text(FRAME, "latex").splitlines()
    assert lines[0].startswith("%")
    assert lines[1] == r"\begin{tabular}{lrrrrr}"
    assert [lines[n] for n in (2, 4, 7, 8)] == [r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}"]
    assert lines[5] == r"left\_ventricle, CT & 1,234 & 0.712 & [$-$0.100, +0.200] & $-$0.500 & 0.000 \\"
    assert lines[6] == r"50 \% \& more \{\#1\} & 5 & -- & -- & 0.250 & 0.000 \\"


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12),
        min_size=3,
        max_size=3,
    )
)
def test_any_text_stays_one_cell_of_latex(words: list[str]) -> None:
    frame = pd.DataFrame([words], columns=["a_1", "b&c", "d%"])
    _, begin, top, head, mid, body, bottom, end = to_text(frame, "latex").splitlines()
    assert begin.count("{") == begin.count("}")
    for line in (head, body):
        # Whatever stays when commands and escapes are taken away is text without special characters.
        assert line.endswith(r" \\")
        bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater)\{\}", "", line[:-3])
        bare = re.sub(r"\\[&%$#_{}]|\$\\pm\$|\$-\$", "", bare)
        assert bare.count("&") == 2
        assert not set(bare) & set("\\%$#_{}~^<>")
    assert (top, mid, bottom, end) == (r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}")


def test_csv_keeps_counts_whole_and_defuses_formulas() -> None:
    counts = pd.array([1_234_567, None], dtype="Int64")
    table = pd.DataFrame(
        {"=name": ["=1+1", "liver"], "masks": [6_030_000.0, float("nan")], "n": counts, "dice": [1 / 3, -0.5]}
    )
    assert to_text(table, "csv").splitlines() == [
        "'=name,masks,n,dice",
        "'=1+1,6030000,1234567,0.333333",
        "liver,,,-0.5",
    ]
