import pytest
from damage import set_one_value
from raw_trees import brats20

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.brats20 import SOURCE
from cosmos_datasets.standardise import standardise


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
    case = next(case for case in SOURCE.cases(tmp_path) if case.subject_id == folder.name)
    with pytest.raises(CaseError, match=r"BraTS20_Training_355_seg\.nii\.gz: no such file"):
        standardise(SOURCE, case)


@pytest.mark.parametrize(("lost", "incomplete"), [("t2", ["t2"]), ("seg", ["flair", "t1", "t1ce", "t2"])])
def test_what_misses_a_file_is_listed_and_fails_alone(tmp_path, lost, incomplete):
    brats20.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    next(tmp_path.rglob(f"BraTS20_Training_002_{lost}.nii.gz")).unlink()
    assert SOURCE.cases(tmp_path) == before
    for case in before:
        if case.case_id in {f"BraTS20_Training_002/{sequence}" for sequence in incomplete}:
            with pytest.raises(CaseError, match=rf"_002_{lost}\.nii\.gz: no such file; is the download complete"):
                standardise(SOURCE, case)
        else:
            assert all(path.is_file() for path in case.files)


def test_value_three_belongs_to_later_editions(tmp_path):
    brats20.write(tmp_path)
    assert [label.value for label in SOURCE.labels] == [1, 2, 4]
    case = SOURCE.cases(tmp_path)[0]
    set_one_value(case.annotations[0].reader.files, 3)
    with pytest.raises(CaseError, match="label value 3 is not declared"):
        standardise(SOURCE, case)
