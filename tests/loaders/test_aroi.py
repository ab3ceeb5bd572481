from pathlib import Path

import pytest
from raw_trees import aroi

from cosmos_datasets.loaders.aroi import SOURCE


@pytest.mark.parametrize("inside", [".", "AROI - online", "AROI - online/24 patient"])
def test_any_folder_around_the_patients_will_do(tmp_path: Path, inside: str) -> None:
    aroi.write(tmp_path)
    cases = SOURCE.cases(tmp_path / inside)
    assert len(cases) == 15
    assert {case.subject_id for case in cases} == {"patient1", "patient2", "patient24"}


def test_only_labelled_b_scans_and_numbers_are_read(tmp_path: Path) -> None:
    aroi.write(tmp_path)
    for case in SOURCE.cases(tmp_path):
        image, numbers = case.files
        assert image.parts[-3:-1] == ("raw", "labeled")
        assert numbers.parts[-3:-1] == ("mask", "number")


def test_missing_partner_is_listed_by_its_path(tmp_path: Path) -> None:
    aroi.write(tmp_path)
    folder = tmp_path / "AROI - online" / "24 patient" / "patient2"
    lost = {folder / "raw/labeled/patient2_raw0020.png", folder / "mask/number/patient2_raw0030.png"}
    for path in lost:
        path.unlink()
    assert {path for case in SOURCE.cases(tmp_path) for path in case.files if not path.is_file()} == lost
