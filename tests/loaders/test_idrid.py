from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from raw_trees import idrid

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.idrid import SOURCE
from cosmos_datasets.standardise import standardise

_INSIDE = Path("A.%20Segmentation", "A. Segmentation")


def test_absent_file_is_an_absent_lesion(tmp_path: Path) -> None:
    idrid.write(tmp_path)
    labels = {case.case_id: [one.label for one in case.annotations] for case in SOURCE.cases(tmp_path)}
    everything = ["microaneurysm", "hemorrhage", "hard_exudate", "soft_exudate", "optic_disc"]
    assert labels["IDRiD_01"] == everything
    assert labels["IDRiD_02"] == [name for name in everything if name != "soft_exudate"]
    assert labels["IDRiD_55"] == [name for name in everything if name != "hemorrhage"]


def test_masks_of_every_pixel_format_are_read_whole(tmp_path: Path) -> None:
    truth = idrid.write(tmp_path)
    modes = set()
    for case in SOURCE.cases(tmp_path):
        for annotation in case.annotations:
            with Image.open(annotation.reader.files[0]) as image:
                modes.add(image.mode)
            drawn = truth.masks.get(f"idrid/{case.case_id}", {}).get((str(annotation.label), 0, -1))
            if drawn is not None:
                np.testing.assert_array_equal(annotation.reader.read().array > annotation.threshold, drawn)
    assert modes == {"1", "P", "RGB", "RGBA"}


def test_folder_names_with_percent_codes_or_underscores(tmp_path: Path) -> None:
    idrid.write(tmp_path)
    expected = [(case.case_id, case.split) for case in SOURCE.cases(tmp_path)]
    for folder in sorted((tmp_path / _INSIDE).rglob("* *"), reverse=True):
        if folder.is_dir():
            folder.rename(folder.with_name(folder.name.replace(" ", "%20")))
    assert [(case.case_id, case.split) for case in SOURCE.cases(tmp_path)] == expected


def test_one_set_alone_gives_the_same_cases(tmp_path: Path) -> None:
    idrid.write(tmp_path)
    testing = [case.case_id for case in SOURCE.cases(tmp_path) if case.split == "test"]
    masks = tmp_path / _INSIDE / "2. All Segmentation Groundtruths" / "a. Training Set"
    masks.rename(tmp_path / "elsewhere")
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == testing


def test_photograph_that_is_missing_is_listed_and_fails_alone(tmp_path: Path) -> None:
    idrid.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    (tmp_path / _INSIDE / "1. Original Images" / "b. Testing Set" / "IDRiD_55.jpg").unlink()
    assert SOURCE.cases(tmp_path) == before
    with pytest.raises(CaseError, match=r"b\. Testing Set/IDRiD_55\.jpg: no such file; is the download complete"):
        standardise(SOURCE, next(case for case in before if case.case_id == "IDRiD_55"))


def test_photograph_without_any_mask_is_listed_and_fails_alone(tmp_path: Path) -> None:
    idrid.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    for mask in (tmp_path / _INSIDE).rglob("IDRiD_54_*.tif"):
        mask.unlink()
    cases = SOURCE.cases(tmp_path)
    (incomplete,) = [case for case in cases if case not in before]
    assert [case.case_id for case in cases] == [case.case_id for case in before]
    with pytest.raises(CaseError, match=r"a\. Training Set/.*/IDRiD_54_\w\w\.tif: no such file"):
        standardise(SOURCE, incomplete)


def test_grading_part_alone_is_refused_with_the_expected_layout(tmp_path: Path) -> None:
    idrid.write(tmp_path)
    with pytest.raises(LayoutError, match="All Segmentation Groundtruths"):
        SOURCE.cases(tmp_path / "B. Disease Grading")
