import shutil

import pytest
from raw_trees import hanseg

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.hanseg import SOURCE
from cosmos_datasets.standardise import standardise


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def labels(case):
    return {annotation.label for annotation in case.annotations}


def test_masks_go_with_the_ct_only(tmp_path):
    hanseg.write(tmp_path)
    found = cases(tmp_path)
    assert sorted(found) == ["case_01", "case_02", "case_17", "case_42"]
    assert not [path for case in found.values() for path in case.files if "_MR_" in path.name]


def test_an_organ_may_lack_its_file_or_have_an_empty_one(tmp_path):
    truth = hanseg.write(tmp_path)
    found = cases(tmp_path)
    assert labels(found["case_01"]) - labels(found["case_02"]) == {"parotid_gland_right"}
    rows = standardise(SOURCE, found["case_02"]).rows
    assert [row["image_id"] for row in rows] == sorted(name for name in truth.masks if "case_02" in name)
    assert "pituitary_gland" not in {mask["label"] for row in rows for mask in row["objects"]}


def test_cropped_masks_lie_where_their_header_says(tmp_path):
    truth = hanseg.write(tmp_path)
    for row in standardise(SOURCE, cases(tmp_path)["case_17"]).rows:
        drawn = truth.masks[row["image_id"]]
        assert {mask["label"]: mask["area"] for mask in row["objects"]} == {
            label: mask.sum() for (label, _, _), mask in drawn.items()
        }


@pytest.mark.parametrize("missing", ["case_01_IMG_CT.nrrd", "case_01_OAR_*"])
def test_missing_partner_is_named(tmp_path, missing):
    hanseg.write(tmp_path)
    folder = tmp_path / "HaN-Seg" / "set_1" / "case_01"
    for path in folder.glob(missing):
        path.unlink()
    assert len(cases(tmp_path)) == 4
    with pytest.raises(CaseError, match=rf"{folder}/case_01_\S+\.nrrd: no such file"):
        standardise(SOURCE, cases(tmp_path)["case_01"])


def test_case_folders_without_set_1(tmp_path):
    hanseg.write(tmp_path / "raw")
    shutil.move(tmp_path / "raw" / "HaN-Seg" / "set_1" / "case_02", tmp_path / "cases" / "case_02")
    assert list(cases(tmp_path / "cases")) == ["case_02"]
    assert list(cases(tmp_path / "cases" / "case_02")) == ["case_02"]
