"""The declaration of a source: finding its root, its labels and its cases."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import pytest
from raw_trees import siim_acr

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import Picture
from cosmos_datasets.registry import get_source
from cosmos_datasets.source import Label, Source


def _find_cases(root: Path) -> Iterable[Case]:
    for path in sorted(root.glob("images/*.png"), reverse=True):
        label = Annotation(Picture(root / "masks" / path.name), label="polyp")
        yield Case(path.stem, path.stem, "Colonoscopy", Picture(path), (label,))


SOURCE = Source(
    id="phantom_1",
    title="The Phantom Challenge",
    homepage="https://example.org",
    licence="CC0-1.0",
    redistributable="yes",
    access="open",
    obtain="Draw it.",
    modalities=("Colonoscopy",),
    labels=(
        Label("polyp", "polyp"),
        Label("liver", "liver", 1, table="MR"),
        Label("liver", "liver", (2, 9), table="CT"),
        Label("ink", None, 3, table="CT", excluded="no anatomy"),
    ),
    layout="""
phantom/
  images/1.png
""",
    citation="",
    expected={"cases": 1},
    find_cases=_find_cases,
    markers=("images",),
)


def _tree(root: Path, *names: str) -> Path:
    (root / "images").mkdir(parents=True)
    for name in names:
        (root / "images" / f"{name}.png").touch()
    return root


@pytest.mark.parametrize("inner", ["", "a", "a/b", "a/b/c"])
def test_root_is_found_up_to_three_levels_down(inner: str, tmp_path: Path) -> None:
    root = _tree(tmp_path / inner, "1")
    assert SOURCE.root(tmp_path) == root
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == ["1"]


def test_root_four_levels_down_is_refused(tmp_path: Path) -> None:
    _tree(tmp_path / "a" / "b" / "c" / "d", "1")
    with pytest.raises(LayoutError):
        SOURCE.root(tmp_path)


@pytest.mark.parametrize("decoy", ["__MACOSX", ".Trash"])
def test_leftovers_of_other_tools_are_no_root(decoy: str, tmp_path: Path) -> None:
    _tree(tmp_path / decoy)
    root = _tree(tmp_path / "zzz", "1")
    assert SOURCE.root(tmp_path) == root


def test_foreign_folder_is_answered_with_what_is_expected_found_and_needed(tmp_path: Path) -> None:
    for number in range(14):
        (tmp_path / f"{number:02d}.txt").touch()
    (tmp_path / "00").mkdir()
    with pytest.raises(LayoutError) as error:
        SOURCE.cases(tmp_path)
    for part in (str(tmp_path), "The Phantom Challenge", "00.txt, 00/", "and 3 more", "phantom/\n", "Draw it."):
        assert part in str(error.value)
    assert "cosmos-datasets info phantom_1" in str(error.value)
    with pytest.raises(LayoutError, match="an empty folder"):
        (tmp_path / "empty").mkdir()
        SOURCE.cases(tmp_path / "empty")
    with pytest.raises(LayoutError, match="is not a folder"):
        SOURCE.cases(tmp_path / "nothing")


def test_layout_without_a_labelled_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no image with a label"):
        SOURCE.cases(_tree(tmp_path))


def test_cases_are_sorted_and_unique(tmp_path: Path) -> None:
    _tree(tmp_path, "2", "10", "1")
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == ["1", "10", "2"]
    twice = dataclasses.replace(SOURCE, find_cases=lambda root: [*_find_cases(root)] * 2)
    with pytest.raises(LayoutError, match="two files claim case 1 "):
        twice.cases(tmp_path)


def test_files_of_a_case_are_named_once_image_first(tmp_path: Path) -> None:
    (case,) = SOURCE.cases(_tree(tmp_path, "1"))
    again = dataclasses.replace(case, annotations=case.annotations * 2)
    assert again.files == (tmp_path / "images" / "1.png", tmp_path / "masks" / "1.png")
    assert hash(case) == hash(dataclasses.replace(case)), "cases can be compared and sent to workers"


def test_labels_by_table_and_name() -> None:
    assert [label.name for label in SOURCE.table("CT")] == ["liver", "ink"]
    assert [label.name for label in SOURCE.table()] == ["polyp"]
    assert SOURCE.label("liver").table == "MR"
    assert SOURCE.objects == ("liver", "polyp")
    for call in (lambda: SOURCE.table("PET"), lambda: SOURCE.label("heart")):
        with pytest.raises(KeyError, match="phantom_1 declares no"):
            call()


@pytest.mark.parametrize("source_id", ["Acdc", "a-b", "a b", "äcdc", ""])
def test_ids_are_plain(source_id: str) -> None:
    with pytest.raises(ValueError, match="ASCII lower case"):
        dataclasses.replace(SOURCE, id=source_id)


def test_only_an_excluded_label_has_a_reason_and_needs_one() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        Label("ink", None)
    with pytest.raises(ValueError, match="needs a reason"):
        Label("liver", "liver", excluded="why?")


def test_a_table_that_is_no_text_is_a_layout_that_does_not_fit(tmp_path: Path) -> None:
    siim_acr.write(tmp_path)
    (table,) = tmp_path.rglob("stage_2_train.csv")
    table.write_bytes(bytes(range(128, 256)))
    with pytest.raises(LayoutError, match="table or list in it cannot be read"):
        get_source("siim_acr").cases(tmp_path)
