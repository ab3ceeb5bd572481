"""Official splits by tables, lists and folders: read, partly there, missing, contradictory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.errors import CaseError, TableError
from cosmos_datasets.noticing import noticing
from cosmos_datasets.readers import Picture
from cosmos_datasets.splits import Splits, in_splits, split_by_folder, split_lists, split_table

_LISTS: dict[str, Split] = {"train.txt": "train", "val.txt": "validation", "test.txt": "test"}
_CASES = [
    Case(name, name, "Fundus", Picture(Path(f"{name}.png")), (Annotation(Picture(Path("m.png"))),))
    for name in ("p1", "p2", "p3")
]
_WORDS: dict[str, Split] = {"train": "train", "val": "validation", "test": "test"}


def _table(folder: Path, text: str) -> Splits | None:
    (folder / "t.csv").write_text("id,split\n" + text)
    return split_table(folder, "t.csv", "id", "split", _WORDS)


def _found(splits: Splits | None) -> dict[str, str]:
    """The split of each case, or why it has none."""
    found: dict[str, str] = {}
    for case in in_splits(_CASES, splits):
        try:
            case.image.read()
        except CaseError as error:
            is_refused = "no such file" not in str(error)
            found[case.case_id] = str(error) if is_refused else case.split
    return found


def _warnings(call: Callable[[], object]) -> list[str]:
    with noticing() as noticed:
        call()
    return [one.what for one in noticed.findings]


def test_a_table_gives_each_subject_its_split(tmp_path: Path) -> None:
    splits = _table(tmp_path, "P1,Train\np2,VAL\nx/p3.png,test\np9,train\np1,train\n")
    assert _found(splits) == {"p1": "train", "p2": "validation", "p3": "test"}


def test_a_row_that_cannot_be_used_leaves_its_case_out_by_name(tmp_path: Path) -> None:
    found = _found(_table(tmp_path, "p1,train\np2,n/a\np3,train\np3,test\n"))
    assert found == {
        "p1": "train",
        "p2": "t.csv: no split is stated for p2.",
        "p3": "t.csv: several splits are stated for p3.",
    }
    assert _found(_table(tmp_path, "p1,train\np2,train\n"))["p3"] == "t.csv: no split is stated for p3."


def test_a_table_of_other_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"does not name 3 of the 3 that are here \(p1, p2, p3\)"):
        _found(_table(tmp_path, "q1,train\n"))


def test_without_any_list_the_cases_stay_as_they_are_and_it_is_said(tmp_path: Path) -> None:
    assert list(in_splits(_CASES, None)) == _CASES
    for call in (
        lambda: split_lists(tmp_path, _LISTS),
        lambda: split_table(tmp_path, "t.csv", "id", "split", _WORDS),
    ):
        assert call() is None
        (what,) = _warnings(call)
        assert what.endswith("not found: the official splits are unknown, and every case is in the split train")


def _write(folder: Path, **lists: str) -> None:
    for name, text in lists.items():
        (folder / f"{name}.txt").write_text(text)


def test_lists_give_each_subject_its_split(tmp_path: Path) -> None:
    _write(tmp_path, train="p1\n", val="p2\n", test="p3\n")
    assert _found(split_lists(tmp_path, _LISTS)) == {"p1": "train", "p2": "validation", "p3": "test"}
    assert _warnings(lambda: split_lists(tmp_path, _LISTS)) == []
    _write(tmp_path, test="p3\np1\n")
    assert _found(split_lists(tmp_path, _LISTS))["p1"].endswith("test.txt: several splits are stated for p1.")


def test_one_list_that_is_missing_is_what_the_others_leave(tmp_path: Path) -> None:
    _write(tmp_path, train="p1\n", val="p2\n")
    assert _found(split_lists(tmp_path, _LISTS)) == {"p1": "train", "p2": "validation", "p3": "test"}
    (what,) = _warnings(lambda: split_lists(tmp_path, _LISTS))
    assert what == "test.txt is not there: who is in no other list is taken to be in the split test"
    (tmp_path / "val.txt").unlink()
    with pytest.raises(TableError, match=r"lacks val\.txt and test\.txt"):
        split_lists(tmp_path, _LISTS)


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        ("raw/dataset-verse19training/derivatives", "train"),
        ("raw/Testing/A0", "test"),
        ("raw/training/validation", "validation"),
        ("raw_test/a", "test"),
        ("latest/contest/a", None),
        ("raw/a", None),
    ],
)
def test_the_part_of_a_folder(folder: str, split: Split | None) -> None:
    path = Path("/somewhere/test") / folder / "a.nii"
    root = Path("/somewhere/test") / folder.split("/", maxsplit=1)[0]
    assert split_by_folder(path, root) == split
    assert bool(_warnings(lambda: split_by_folder(path, root))) == (split is None)
