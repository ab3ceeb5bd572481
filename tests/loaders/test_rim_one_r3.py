from pathlib import Path

import numpy as np
import pytest
from raw_trees import rim_one_r3

from cosmos_datasets.loaders.rim_one_r3 import SOURCE
from cosmos_datasets.readers import Picture
from cosmos_datasets.standardise import standardise


@pytest.mark.parametrize("masks_of_view", [False, True])
def test_left_view_and_its_masks(tmp_path: Path, masks_of_view: bool) -> None:
    truth = rim_one_r3.write(tmp_path, masks_of_view=masks_of_view)
    for case in SOURCE.cases(tmp_path):
        pair = Picture(case.image.files[0]).read().array
        np.testing.assert_array_equal(case.image.read().array, pair[:, : pair.shape[1] // 2])
        areas = {mask["label"]: mask["area"] for row in standardise(SOURCE, case).rows for mask in row["objects"]}
        drawn = truth.masks.get(f"rim_one_r3/{case.case_id}", {})
        assert areas == {key[0]: mask.sum() for key, mask in drawn.items()}


def test_only_the_first_expert_is_read(tmp_path: Path) -> None:
    rim_one_r3.write(tmp_path)
    for case in SOURCE.cases(tmp_path):
        assert [path.parent.name for path in case.files] == ["Stereo Images", "Expert1_masks", "Expert1_masks"]


def test_both_eyes_of_one_number_are_one_subject(tmp_path: Path) -> None:
    rim_one_r3.write(tmp_path)
    subjects = {case.case_id: case.subject_id for case in SOURCE.cases(tmp_path)}
    assert subjects["N-10-L"] == subjects["N-10-R"] != subjects["N-1-L"]


def test_mask_names_without_the_number_of_the_view(tmp_path: Path) -> None:
    rim_one_r3.write(tmp_path)
    expected = [case.case_id for case in SOURCE.cases(tmp_path)]
    for path in tmp_path.rglob("?-*-1-*-exp1.png"):
        path.rename(path.with_name(path.name.replace("-1-Disc", "-Disc").replace("-1-Cup", "-Cup")))
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == expected
    assert all(path.is_file() for case in cases for path in case.files)


def test_missing_partner_is_listed_by_its_path(tmp_path: Path) -> None:
    rim_one_r3.write(tmp_path)
    healthy = tmp_path / "RIM-ONE r3" / "Healthy"
    lost = {
        healthy / "Stereo Images" / "N-1-L.jpg",
        healthy / "Expert1_masks" / "N-10-R-1-Disc-exp1.png",
        healthy / "Expert1_masks" / "N-11-L-1-Cup-exp1.png",
    }
    for path in lost:
        path.unlink()
    assert {path for case in SOURCE.cases(tmp_path) for path in case.files if not path.is_file()} == lost
