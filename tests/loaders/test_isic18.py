import shutil

import pytest
from raw_trees import isic18

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.isic18 import SOURCE
from cosmos_datasets.standardise import standardise


def splits(raw):
    return {case.case_id: case.split for case in SOURCE.cases(raw)}


def test_superpixels_text_and_masks_of_task_2_are_not_read(tmp_path):
    isic18.write(tmp_path)
    assert splits(tmp_path) == {name: split for split, names in isic18.PARTS.values() for name in names}
    for case in SOURCE.cases(tmp_path):
        assert [path.name for path in case.files] == [f"{case.case_id}.jpg", f"{case.case_id}_segmentation.png"]


def test_archives_unpacked_into_folders_of_their_own_names(tmp_path):
    isic18.write(tmp_path)
    expected = splits(tmp_path)
    for name in ("ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Test_GroundTruth"):
        (tmp_path / name).rename(tmp_path / "inner")
        (tmp_path / name).mkdir()
        (tmp_path / "inner").rename(tmp_path / name / name)
    assert splits(tmp_path) == expected


def test_a_part_without_ground_truth_is_unlabelled(tmp_path):
    isic18.write(tmp_path)
    shutil.rmtree(tmp_path / "ISIC2018_Task1_Test_GroundTruth")
    assert set(splits(tmp_path).values()) == {"train", "validation"}


@pytest.mark.parametrize(
    "lost",
    [
        "ISIC2018_Task1-2_Training_Input/ISIC_0000001.jpg",
        "ISIC2018_Task1_Training_GroundTruth/ISIC_0000001_segmentation.png",
    ],
)
def test_half_a_pair_is_a_broken_case(tmp_path, lost):
    isic18.write(tmp_path)
    (tmp_path / lost).unlink()
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "ISIC_0000001")
    with pytest.raises(CaseError, match=str(tmp_path / lost)):
        standardise(SOURCE, case)
