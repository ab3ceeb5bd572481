"""Text of anybody is harmless where it goes."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.plain_text import csv_cell, markdown_cell, printable, printable_lines

_ANY = st.text(st.characters())  # surrogates and control characters too


@given(_ANY)
def test_nothing_is_left_that_a_terminal_acts_on(text: str) -> None:
    assert printable(text).isprintable()
    assert all(line.isprintable() for line in printable_lines(text).split("\n"))
    assert printable_lines(text).count("\n") == text.count("\n")
    printable(text).encode()


def test_what_can_be_shown_stays() -> None:
    assert printable("Müller, 肝臓 | 1") == "Müller, 肝臓 | 1"
    assert printable("a\x1b[2J\nb\x9b1m\u202e\udcff") == "a\\x1b[2J\\nb\\x9b1m\\u202e\\udcff"
    assert printable_lines("one\n\x07two\n") == "one\n\\x07two\n"


@given(_ANY)
def test_a_markdown_cell_is_one_cell_without_html(text: str) -> None:
    found = markdown_cell(text)
    assert found.isprintable()
    assert "<" not in found
    assert "|" not in found.replace("\\\\", "").replace("\\|", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "=\x1b"])
def test_a_csv_cell_is_no_formula(text: str) -> None:
    assert csv_cell(text) == f"'{printable(text)}"
    assert csv_cell("liver") == "liver"
    assert csv_cell(-3) == -3


@given(st.lists(_ANY, min_size=1))
def test_csv_reads_back(texts: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(csv_cell(text) for text in texts)
    assert next(csv.reader([out.getvalue()]), []) == [csv_cell(text) for text in texts] or texts == [""]
