import pytest
from raw_trees import acdc

from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.acdc import SOURCE


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


def test_label_without_image(tmp_path):
    acdc.write(tmp_path)
    folder = tmp_path / "ACDC" / "database" / "training" / "patient003"
    (folder / "patient003_frame15.nii.gz").unlink()
    with pytest.raises(LayoutError, match=r"patient003_frame15_gt\.nii\.gz has no image patient003_frame15\.nii\.gz"):
        SOURCE.cases(tmp_path)


@pytest.mark.parametrize("name", ["training/patient003/patient003_frame15", "testing/patient101/patient101_frame01"])
def test_image_without_label(tmp_path, name):
    acdc.write(tmp_path)
    (tmp_path / "ACDC" / "database" / f"{name}_gt.nii.gz").unlink()
    with pytest.raises(LayoutError, match=r"_frame\d\d\.nii\.gz has no label patient\d{3}_frame\d\d_gt\.nii\.gz"):
        SOURCE.cases(tmp_path)


def test_needs_no_info_cfg(tmp_path):
    acdc.write(tmp_path)
    expected = ids(tmp_path)
    for path in tmp_path.rglob("Info.cfg"):
        path.unlink()
    assert ids(tmp_path) == expected
