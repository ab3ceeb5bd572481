import shutil

import pytest
from raw_trees import crag

from cosmos_datasets.build.run import build
from cosmos_datasets.loaders.crag import SOURCE

_NAMES = ["test_1", "test_2", "train_1", "train_2", "train_5"]


def splits(raw):
    return {case.case_id: case.split for case in SOURCE.cases(raw)}


def test_folder_valid_is_the_test_part(tmp_path):
    crag.write(tmp_path)
    assert splits(tmp_path) == {name: name.partition("_")[0] for name in _NAMES}


def test_overlays_are_left_out(tmp_path):
    crag.write(tmp_path)
    folders = {path.parent.name for case in SOURCE.cases(tmp_path) for path in case.files}
    assert folders == {"Images", "Annotation"}


def test_surplus_labels_of_version_1_are_reported(tmp_path):
    crag.write(tmp_path / "raw")
    labels = tmp_path / "raw/CRAG_v2/CRAG/valid/Annotation"
    shutil.copy(labels / "test_1.png", labels / "test_41.png")
    report = build(SOURCE, tmp_path / "raw", tmp_path / "out")
    assert list(report.broken) == ["test_41"]
    assert "Images/test_41.png: no such file" in report.broken["test_41"]


@pytest.mark.parametrize(("old", "new"), [("train/Annotation", "train/Annotations"), ("valid", "test")])
def test_other_names_of_folders(tmp_path, old, new):
    crag.write(tmp_path)
    base = tmp_path / "CRAG_v2" / "CRAG"
    (base / old).rename(base / new)
    assert list(splits(tmp_path)) == _NAMES


def test_one_part_alone(tmp_path):
    crag.write(tmp_path)
    assert list(splits(tmp_path / "CRAG_v2" / "CRAG" / "valid")) == ["test_1", "test_2"]


def test_tile_without_labels_is_reported(tmp_path):
    crag.write(tmp_path / "raw")
    (tmp_path / "raw/CRAG_v2/CRAG/train/Annotation/train_2.png").unlink()
    report = build(SOURCE, tmp_path / "raw", tmp_path / "out")
    assert list(report.broken) == ["train_2"]
    assert "train_2.png: no such file" in report.broken["train_2"]
