"""Run lengths with relative starts, down the columns."""

from pathlib import Path

import numpy as np
import pytest

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import RunLengths

_TABLE, _IMAGE = Path("masks.csv"), Path("scan.dcm")


def _read(*texts: str) -> np.ndarray:
    return RunLengths(_IMAGE, _TABLE, texts, (4, 3)).read().array


def test_starts_count_from_the_end_of_the_run_before() -> None:
    expected = [[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(_read("1 2 4 2"), np.array(expected, bool))


def test_several_texts_are_one_mask() -> None:
    np.testing.assert_array_equal(_read("0 2", "1 3", "-1"), _read("0 4"))


@pytest.mark.parametrize("text", ["-1", " -1", ""])
def test_no_mask(text: str) -> None:
    assert not _read(text).any()


def test_whole_picture() -> None:
    assert _read("0 12").all()
    assert _read("0 12").shape == (4, 3)


@pytest.mark.parametrize(
    "text",
    [
        *("1 2 3", "1 12", "-2 3", "1 x", "1.5 2", "5", "nan", "-1 -1", "1,2", "1e0 2", "+1 2", "1_0 1", "\u0661 2"),
        *("99999999999999999999 1", "9223372036854775807 9223372036854775807", "9" * 400 + " 1"),
    ],
)
def test_nonsense_names_the_table_and_the_picture(text: str) -> None:
    with pytest.raises(CaseError, match=r"masks\.csv: the runs of scan\.dcm"):
        _read(text)
