import re

import pytest
from raw_trees import acdc

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.acdc import SOURCE
from cosmos_datasets.standardise import standardise


def ids(raw):
    return [case.case_id for case in SOURCE.cases(raw)]


def test_every_labelled_frame_is_a_case_whatever_its_number(tmp_path):
    acdc.write(tmp_path)
    found = ids(tmp_path)
    assert "patient090_frame04" in found, "end-diastole is not always frame 01"
    assert len(found) == 8
    assert not [name for name in found if "4d" in name or "patient102" in name]


def test_split_does_not_depend_on_the_folder_that_was_named(tmp_path):
    acdc.write(tmp_path)
    testing = SOURCE.cases(tmp_path / "ACDC" / "database" / "testing")
    assert [(case.case_id, case.split) for case in testing] == [
        ("patient101_frame01", "test"),
        ("patient101_frame14", "test"),
    ]


def test_doubled_folders_and_files_in_folders_of_their_name(tmp_path):
    acdc.write(tmp_path / "raw")
    database = tmp_path / "raw" / "ACDC" / "database"
    expected = ids(tmp_path)
    for part in ("training", "testing"):
        (tmp_path / "other" / part).mkdir(parents=True)
        (database / part).rename(tmp_path / "other" / part / part)
    folder = tmp_path / "other" / "training" / "training" / "patient001"
    for path in sorted(folder.glob("patient001_*.nii.gz")):
        moved = path.rename(folder / "moving")
        path.mkdir()
        moved.rename(path / path.name)
    assert ids(tmp_path / "other") == expected


@pytest.mark.parametrize(
    "lost",
    [
        "training/patient003/patient003_frame15",
        "training/patient003/patient003_frame15_gt",
        "testing/patient101/patient101_frame01_gt",
    ],
)
def test_half_a_pair_is_listed_and_fails_alone(tmp_path, lost):
    acdc.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    path = tmp_path / "ACDC" / "database" / f"{lost}.nii.gz"
    path.unlink()
    assert SOURCE.cases(tmp_path) == before
    (case,) = [case for case in before if path in case.files]
    with pytest.raises(CaseError, match=re.escape(f"{path}: no such file; is the download complete?")):
        standardise(SOURCE, case)


def test_testing_part_without_labels_is_left_out(tmp_path):
    acdc.write(tmp_path)
    for path in (tmp_path / "ACDC" / "database" / "testing").rglob("*_gt.nii.gz"):
        path.unlink()
    assert {case.split for case in SOURCE.cases(tmp_path)} == {"train"}
    assert len(SOURCE.cases(tmp_path)) == 6


def test_needs_no_info_cfg(tmp_path):
    acdc.write(tmp_path)
    expected = ids(tmp_path)
    for path in tmp_path.rglob("Info.cfg"):
        path.unlink()
    assert ids(tmp_path) == expected
