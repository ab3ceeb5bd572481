import shutil

import pytest
from raw_trees import verse

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.verse import SOURCE
from cosmos_datasets.standardise import standardise


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def to_challenge(raw, target):
    """Write the tree as the challenges had it: image and mask side by side, without ``sub-``."""
    for name, case in cases(raw).items():
        number = name.removeprefix("sub-")
        folder = target / ("test_data" if case.split == "test" else "training_data") / number
        folder.mkdir(parents=True)
        for path, end in zip(case.files, ("", "_seg"), strict=True):
            shutil.copy(path, folder / f"{number}{end}.nii.gz")


def test_split_and_release(tmp_path):
    verse.write(tmp_path)
    assert {name: (case.split, case.release) for name, case in cases(tmp_path).items()} == {
        "sub-gl003_dir-ax": ("train", "VerSe20"),
        "sub-verse004": ("train", "VerSe19"),
        "sub-verse033": ("validation", "VerSe19"),
        "sub-verse401_split-verse253": ("train", "VerSe19"),
        "sub-verse401_split-verse254": ("train", "VerSe19"),
        "sub-verse563_dir-sag": ("test", "VerSe20"),
    }


def test_scans_of_a_person_stay_together(tmp_path):
    verse.write(tmp_path)
    subjects = [case.subject_id for name, case in cases(tmp_path).items() if "_split-" in name]
    assert subjects == ["sub-verse401", "sub-verse401"]


def test_archives_in_folders_of_their_own_name_and_year(tmp_path):
    verse.write(tmp_path / "raw")
    expected = {name: case.split for name, case in cases(tmp_path / "raw").items()}
    for folder in sorted((tmp_path / "raw").iterdir()):
        year = tmp_path / "copy" / ("VerSe19" if "verse19" in folder.name else "VerSe20")
        folder.rename((year / folder.name).mkdir(parents=True) or year / folder.name / folder.name)
    assert {name: case.split for name, case in cases(tmp_path / "copy").items()} == expected
    one = tmp_path / "copy" / "VerSe20" / "dataset-03test"
    assert [case.split for case in cases(one).values()] == ["test"]


def test_layout_of_the_challenges(tmp_path):
    verse.write(tmp_path / "raw")
    to_challenge(tmp_path / "raw", tmp_path / "osf")
    found, expected = cases(tmp_path / "osf"), cases(tmp_path / "raw")
    assert {"sub-verse004", "sub-verse033"} <= found.keys()
    rows, same = (standardise(SOURCE, both["sub-verse004"]).rows for both in (found, expected))
    assert rows == same
    assert found["sub-verse563_dir-sag"].split == "test"


def test_scan_that_both_years_or_layouts_hold_is_one_case(tmp_path):
    verse.write(tmp_path)
    expected = cases(tmp_path)
    to_challenge(tmp_path, tmp_path / "osf")
    for part in ("rawdata", "derivatives"):
        scan = tmp_path / "dataset-verse19training" / part / "sub-verse004"
        shutil.copytree(scan, tmp_path / "dataset-verse20training" / part / "sub-verse004")
    assert cases(tmp_path) == expected


def test_mask_without_image_breaks_that_case_only(tmp_path):
    verse.write(tmp_path)
    cases(tmp_path)["sub-verse033"].image.path.unlink()
    found = cases(tmp_path)
    assert len(found) == 6
    with pytest.raises(CaseError, match=r"sub-verse033_ct\.nii\.gz: no such file"):
        standardise(SOURCE, found["sub-verse033"])
