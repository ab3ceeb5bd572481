import numpy as np
import pytest
from raw_trees import epfl_em

from cosmos_datasets.build.run import build
from cosmos_datasets.loaders.epfl_em import SOURCE


def test_two_stacks_and_not_the_whole_block(tmp_path):
    epfl_em.write(tmp_path)
    assert {case.case_id: case.split for case in SOURCE.cases(tmp_path)} == {"training": "train", "testing": "test"}
    assert not any(path.name == "volumedata.tif" for case in SOURCE.cases(tmp_path) for path in case.files)


def test_ground_truth_of_any_depth(tmp_path):
    epfl_em.write(tmp_path)
    stored = {case.case_id: case.annotations[0].reader.read().array for case in SOURCE.cases(tmp_path)}
    assert stored["training"].dtype == np.uint8
    assert stored["testing"].dtype == np.bool_
    report = build(SOURCE, tmp_path, tmp_path / "out")
    assert not report.broken


@pytest.mark.parametrize("lost", ["training.tif", "training_groundtruth.tif"])
def test_half_a_pair_is_reported(tmp_path, lost):
    epfl_em.write(tmp_path / "raw")
    (tmp_path / "raw" / lost).unlink()
    report = build(SOURCE, tmp_path / "raw", tmp_path / "out")
    assert list(report.broken) == ["training"]
    assert f"{lost}: no such file" in report.broken["training"]
