import pytest
from raw_trees import mrspineseg

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.mrspineseg import SOURCE
from cosmos_datasets.standardise import standardise


def ids(raw):
    return [case.case_id for case in SOURCE.cases(raw)]


def test_cases_of_the_test_parts_are_left_out(tmp_path):
    mrspineseg.write(tmp_path)
    assert ids(tmp_path) == ["Case1", "Case172", "Case2"]


@pytest.mark.parametrize(
    ("images", "labels"), [("coarse/in/nii/original_mr", "coarse/in/nii/mask"), ("train/source", "train/label")]
)
def test_rearranged_copies(tmp_path, images, labels):
    mrspineseg.write(tmp_path / "official")
    expected = ids(tmp_path / "official")
    for part, folder in (("MR", images), ("Mask", labels)):
        target = tmp_path / "copy" / "data" / folder
        target.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "official" / "MRSpineSeg_Challenge_SMU" / "train" / part).rename(target)
    assert ids(tmp_path / "copy") == expected


def test_values_name_the_levels_from_the_sacrum_upwards():
    names = {label.value: label.name for label in SOURCE.labels}
    assert [names[value] for value in (1, 2, 6, 7, 10)] == [
        "sacrum",
        "vertebrae_L5",
        "vertebrae_L1",
        "vertebrae_T12",
        "vertebrae_T9",
    ]
    assert (names[11], names[16], names[19]) == (
        "intervertebral_disc_L5_S",
        "intervertebral_disc_T12_L1",
        "intervertebral_disc_T9_T10",
    )


def test_mask_without_image_breaks_that_case_only(tmp_path):
    mrspineseg.write(tmp_path)
    path = tmp_path / "MRSpineSeg_Challenge_SMU" / "train" / "MR" / "Case2.nii.gz"
    path.unlink()
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "Case2")
    with pytest.raises(CaseError, match=r"Case2\.nii\.gz: no such file"):
        standardise(SOURCE, case)
