from pathlib import Path

import pytest
from raw_trees import kits19, kits21

from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.kits21 import SOURCE

_CASES = ["case_00000", "case_00160", "case_00205", "case_00299"]


def test_the_majority_vote_alone_is_read(tmp_path: Path) -> None:
    kits21.write(tmp_path)
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == _CASES
    assert {case.files[1].name for case in cases} == {"aggregated_MAJ_seg.nii.gz"}


def test_early_revisions_have_one_folder_less(tmp_path: Path) -> None:
    kits21.write(tmp_path)
    (tmp_path / "kits21" / "kits21" / "data").rename(tmp_path / "kits21" / "data2")
    assert [case.case_id for case in SOURCE.cases(tmp_path / "kits21")] == _CASES


def test_scans_of_kits19_beside_it_will_do(tmp_path: Path) -> None:
    kits21.write(tmp_path)
    for path in sorted(tmp_path.rglob("imaging.nii.gz")):
        path.unlink()
    with pytest.raises(LayoutError, match="get_imaging"):
        SOURCE.cases(tmp_path)
    kits19.write(tmp_path)
    there = [case.case_id for case in SOURCE.cases(tmp_path) if case.image.files[0].is_file()]
    assert there == ["case_00000", "case_00160"]


def test_groups_are_those_of_kits19(tmp_path: Path) -> None:
    kits21.write(tmp_path)
    assert [case.group for case in SOURCE.cases(tmp_path)] == ["kits/0", "kits/160", "kits/205", "kits/299"]


def test_missing_scan_is_named(tmp_path: Path) -> None:
    kits21.write(tmp_path)
    (tmp_path / "kits21" / "kits21" / "data" / "case_00299" / "imaging.nii.gz").unlink()
    scan = SOURCE.cases(tmp_path)[-1].image.files[0]
    assert (scan.parent.name, scan.name) == ("case_00299", "imaging.nii.gz")
