import pytest
from raw_trees import brats20

from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.brats20 import SOURCE


def describe(raw):
    return [(case.case_id, case.subject_id, case.modality, case.split) for case in SOURCE.cases(raw)]


def test_both_layouts_give_the_same_cases(tmp_path):
    official, kaggle = tmp_path / "official", tmp_path / "kaggle"
    assert brats20.write(official).masks.keys() == brats20.write(kaggle, kaggle=True).masks.keys()
    assert describe(official) == describe(kaggle)
    assert len(describe(official)) == 12, "four sequences for each of three training studies, no validation study"


def test_sequences_of_a_study_are_cases_of_one_subject(tmp_path):
    brats20.write(tmp_path)
    assert {case[:3] for case in describe(tmp_path)} >= {
        ("BraTS20_Training_001/t1ce", "BraTS20_Training_001", "T1-GD MRI"),
        ("BraTS20_Training_001/flair", "BraTS20_Training_001", "T2-FLAIR MRI"),
    }


@pytest.mark.parametrize("kaggle", [False, True])
def test_misnamed_label_of_study_355(tmp_path, kaggle):
    brats20.write(tmp_path, kaggle=kaggle)
    labels = {
        case.annotations[0].reader.path.name.split(".nii")[0]
        for case in SOURCE.cases(tmp_path)
        if case.subject_id == "BraTS20_Training_355"
    }
    assert labels == {brats20.MISNAMED}


def test_no_file_is_taken_for_the_label_by_guessing(tmp_path):
    brats20.write(tmp_path)
    folder = next(tmp_path.rglob("BraTS20_Training_355"))
    (folder / "another.nii.gz").touch()
    with pytest.raises(LayoutError, match=r"no BraTS20_Training_355_seg\.nii\.gz \(W39.*another\.nii\.gz"):
        SOURCE.cases(tmp_path)


def test_label_without_one_of_the_sequences(tmp_path):
    brats20.write(tmp_path)
    next(tmp_path.rglob("BraTS20_Training_002_t2.nii.gz")).unlink()
    with pytest.raises(LayoutError, match=r"002_seg\.nii\.gz has no image .*002_t2\.nii\.gz"):
        SOURCE.cases(tmp_path)
