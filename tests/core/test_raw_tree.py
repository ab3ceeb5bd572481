"""What shows when all cases of a folder are seen together: lost label files, odd names, files that nobody uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from raw_trees import acdc, brainptm21, hanseg, qubiq21, totalsegmentator

from cosmos_datasets.raw_tree import of_listing
from cosmos_datasets.registry import get_source

_LOST = "have has no file here"


def _found(source_id: str, raw: Path, what: str) -> list[str]:
    source = get_source(source_id)
    return [one.where for one in of_listing(source, source.listing(raw)) if what in one.what]


@pytest.mark.parametrize(
    ("source_id", "tree", "lost", "told"),
    [
        ("totalsegmentator", totalsegmentator, "s0011/segmentations/spleen.nii.gz", "s0011: spleen"),
        ("hanseg", hanseg, "case_01/*_OAR_Parotid_R.seg.nrrd", "case_01: parotid_gland_right"),
        ("brainptm21", brainptm21, "case_60/CST_left.nii.gz", "case_60/T1: corticospinal_tract_left"),
        ("qubiq21", qubiq21, "kidney/Training/case01/*_seg03.nii.gz", "kidney/case01: kidney of rater 2"),
    ],
)
def test_one_of_several_label_files_that_is_lost_is_named(
    source_id: str, tree: object, lost: str, told: str, tmp_path: Path
) -> None:
    tree.write(tmp_path)  # type: ignore[attr-defined]
    before = _found(source_id, tmp_path, _LOST)
    (path,) = tmp_path.rglob(lost)
    path.unlink()
    assert told not in before
    assert told in [where.partition(",")[0] for where in _found(source_id, tmp_path, _LOST)]


def test_a_label_that_all_cases_lost_is_named(tmp_path: Path) -> None:
    hanseg.write(tmp_path)
    assert "mandible" not in _found("hanseg", tmp_path, "in any case")
    for path in tmp_path.rglob("*_OAR_Bone_Mandible.seg.nrrd"):
        path.unlink()
    assert "mandible" in _found("hanseg", tmp_path, "in any case")


def test_names_that_end_twice_or_are_damaged_are_told(tmp_path: Path) -> None:
    acdc.write(tmp_path)
    folder = next(tmp_path.rglob("patient001"))
    names = ("a.nii.gz.gz", "b.nii.nii", "c.nii.gz.nii.gz", os.fsdecode(b"d\xff.nii"), "e\n.nii", "f.nii.gz")
    for name in names:
        (folder / name).touch()
    told = [Path(where).name for where in _found("acdc", tmp_path, "suffix stands twice")]
    assert told == list(names[:3])
    damaged = [Path(where).name for where in _found("acdc", tmp_path, "is damaged")]
    assert damaged == ["d\\udcff.nii", "e\\n.nii"]


def test_a_table_that_was_read_is_used(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path)
    (next(tmp_path.rglob("meta.csv")).parent / "other.csv").touch()
    assert _found("totalsegmentator", tmp_path, "no case uses") == ["other.csv"]
