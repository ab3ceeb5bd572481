import shutil
from pathlib import Path

import pytest
from raw_trees import refuge

from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.refuge import SOURCE
from cosmos_datasets.standardise import standardise

_INSIDE = Path("REFUGE2", "REFUGE2")


def _listed(raw: Path) -> dict[str, str]:
    return {case.case_id: case.split for case in SOURCE.cases(raw)}


def test_disc_includes_the_cup(tmp_path: Path) -> None:
    truth = refuge.write(tmp_path)
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "g0001")
    areas = {mask["label"]: mask["area"] for mask in standardise(SOURCE, case).rows[0]["objects"]}
    drawn = truth.masks["refuge/g0001"]
    assert areas == {"optic_disc": drawn["optic_disc", 0, -1].sum(), "optic_cup": drawn["optic_cup", 0, -1].sum()}


def test_illustrations_and_photographs_of_other_challenges_are_not_read(tmp_path: Path) -> None:
    refuge.write(tmp_path)
    cases = SOURCE.cases(tmp_path)
    assert not any("Illustration" in str(path.relative_to(tmp_path)) for case in cases for path in case.files)
    assert not {"A0012", "V0401"} & {case.case_id for case in cases}


def test_parts_in_folders_of_their_own(tmp_path: Path) -> None:
    refuge.write(tmp_path)
    expected = _listed(tmp_path)
    base = tmp_path / _INSIDE
    for part, folders in {
        "REFUGE1-Train-400": ("Training400", "Annotation-Training400"),
        "REFUGE1-Val-400": ("REFUGE-Validation400", "REFUGE-Validation400-GT"),
        "REFUGE1-Test-400": ("Test400", "REFUGE-Test-GT"),
    }.items():
        (base / part).mkdir()
        for folder in folders:
            (base / folder).rename(base / part / folder)
    assert _listed(base) == expected
    assert _listed(tmp_path) == expected


def test_part_whose_masks_were_not_downloaded_is_left_out(tmp_path: Path) -> None:
    refuge.write(tmp_path)
    shutil.rmtree(tmp_path / _INSIDE / "REFUGE-Test-GT")
    assert set(_listed(tmp_path).values()) == {"train", "validation"}


def test_missing_partner_is_listed_by_its_path(tmp_path: Path) -> None:
    refuge.write(tmp_path)
    base = tmp_path / _INSIDE
    lost = {base / "Training400/Non-Glaucoma/n0001.jpg", base / "REFUGE-Validation400-GT/Disc_Cup_Masks/V0400.bmp"}
    for path in lost:
        path.unlink()
    assert {path for case in SOURCE.cases(tmp_path) for path in case.files if not path.is_file()} == lost


def test_photographs_alone_are_refused(tmp_path: Path) -> None:
    refuge.write(tmp_path)
    with pytest.raises(LayoutError, match="Disc_Cup_Masks"):
        SOURCE.cases(tmp_path / _INSIDE / "Training400")
