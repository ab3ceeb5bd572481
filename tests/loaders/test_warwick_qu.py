import pytest
from raw_trees import warwick_qu

from cosmos_datasets.build.run import build
from cosmos_datasets.loaders.warwick_qu import SOURCE

_FOLDER = "Warwick QU Dataset (Released 2016_07_08)"


def test_three_parts_two_splits(tmp_path):
    warwick_qu.write(tmp_path)
    splits = {case.case_id: case.split for case in SOURCE.cases(tmp_path)}
    assert splits == {
        **dict.fromkeys(("testA_1", "testA_2", "testB_1"), "test"),
        **dict.fromkeys(("train_1", "train_2", "train_10"), "train"),
    }


def test_name_of_the_folder_does_not_matter(tmp_path):
    warwick_qu.write(tmp_path)
    expected = [case.case_id for case in SOURCE.cases(tmp_path)]
    (tmp_path / _FOLDER).rename(tmp_path / "Warwick_QU_Dataset")
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == expected


def test_palette_is_not_taken_for_numbers(tmp_path):
    truth = warwick_qu.write(tmp_path)
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "train_1")
    labels = case.annotations[0].reader.read().array
    drawn = {number for _, number, _ in truth.masks["warwick_qu/train_1"]}
    assert set(labels.flat) == drawn


@pytest.mark.parametrize("lost", ["train_2.bmp", "train_2_anno.bmp"])
def test_half_a_pair_is_reported(tmp_path, lost):
    warwick_qu.write(tmp_path / "raw")
    (tmp_path / "raw" / _FOLDER / lost).unlink()
    report = build(SOURCE, tmp_path / "raw", tmp_path / "out")
    assert list(report.broken) == ["train_2"]
    assert f"{lost}: no such file" in report.broken["train_2"]
