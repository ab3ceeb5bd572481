import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from raw_trees import drive

from cosmos_datasets.errors import CaseError
from cosmos_datasets.load.rows import full_mask
from cosmos_datasets.loaders.drive import SOURCE
from cosmos_datasets.standardise import standardise


def test_test_part_is_labelled_in_older_copies_only(tmp_path: Path) -> None:
    drive.write(tmp_path / "old")
    drive.write(tmp_path / "today", test_labels=False)
    old = {case.case_id: case.split for case in SOURCE.cases(tmp_path / "old")}
    today = {case.case_id: case.split for case in SOURCE.cases(tmp_path / "today")}
    assert old == today | {"01_test": "test", "02_test": "test"}
    assert set(today.values()) == {"train"}


def test_second_reader_and_field_of_view_are_not_read(tmp_path: Path) -> None:
    drive.write(tmp_path)
    for case in SOURCE.cases(tmp_path):
        assert {path.parent.name for path in case.files} == {"images", "1st_manual"}


def test_masks_stored_as_0_and_1_are_read_whole(tmp_path: Path) -> None:
    truth = drive.write(tmp_path)
    (second,) = (tmp_path / "DRIVE" / "test" / "2nd_manual").glob("01_*.gif")
    with Image.open(second) as mask:
        assert mask.convert("L").getextrema() == (0, 1)
    manual = tmp_path / "DRIVE" / "training" / "1st_manual" / "23_manual1.gif"
    drawn = truth.masks["drive/23_training"]["retinal_vessel", 0, -1]
    Image.fromarray(drawn.astype(np.uint8)).save(manual.with_suffix(".png"))
    manual.unlink()
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "23_training")
    (row,) = standardise(SOURCE, case).rows
    np.testing.assert_array_equal(full_mask(row, 0), drawn)


def test_displayed_colour_counts_not_the_palette_index(tmp_path: Path) -> None:
    truth = drive.write(tmp_path)
    for case in SOURCE.cases(tmp_path):
        if f"drive/{case.case_id}" in truth.masks:
            drawn = truth.masks[f"drive/{case.case_id}"]["retinal_vessel", 0, -1]
            np.testing.assert_array_equal(case.annotations[0].reader.read().array > 0, drawn)


@pytest.mark.parametrize("raw", ["DRIVE", "DRIVE/training", "."])
def test_any_folder_around_the_parts_will_do(tmp_path: Path, raw: str) -> None:
    drive.write(tmp_path)
    assert SOURCE.cases(tmp_path / raw)[-1].case_id == "25_training"


def test_archives_unpacked_into_folders_of_their_own_names(tmp_path: Path) -> None:
    drive.write(tmp_path)
    expected = [case.case_id for case in SOURCE.cases(tmp_path)]
    for part in ("training", "test"):
        (tmp_path / "DRIVE" / part).rename(tmp_path / "inner")
        (tmp_path / "DRIVE" / part).mkdir()
        (tmp_path / "inner").rename(tmp_path / "DRIVE" / part / part)
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == expected


@pytest.mark.parametrize("lost", ["training/images/22_training.tif", "test/1st_manual/02_manual1.gif"])
def test_half_a_pair_is_listed_and_fails_alone(tmp_path: Path, lost: str) -> None:
    drive.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    path = tmp_path / "DRIVE" / lost
    path.unlink()
    assert SOURCE.cases(tmp_path) == before
    (case,) = [case for case in before if path in case.files]
    with pytest.raises(CaseError, match=re.escape(f"{path}: no such file; is the download complete?")):
        standardise(SOURCE, case)
