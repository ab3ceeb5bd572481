from pathlib import Path

import pytest
from raw_trees import drishti_gs1

from cosmos_datasets.loaders.drishti_gs1 import SOURCE


def _listed(raw: Path) -> dict[str, str]:
    return {case.case_id: case.split for case in SOURCE.cases(raw)}


@pytest.mark.parametrize("inside", [".", "Drishti-GS1_files", "Drishti-GS1_files/Drishti-GS1_files"])
def test_both_parts_are_found_from_any_folder_around_them(tmp_path: Path, inside: str) -> None:
    drishti_gs1.write(tmp_path)
    found = _listed(tmp_path / inside)
    assert {name for name, split in found.items() if split == "test"} == {"drishtiGS_001", "drishtiGS_003"}
    assert len(found) == 6


def test_parts_in_folders_of_their_archives(tmp_path: Path) -> None:
    drishti_gs1.write(tmp_path / "a")
    expected = _listed(tmp_path / "a")
    for part in ("Training", "Test"):
        (tmp_path / "b" / f"{part}-20211018T055246Z-001").mkdir(parents=True)
        source = tmp_path / "a" / "Drishti-GS1_files" / "Drishti-GS1_files" / part
        source.rename(tmp_path / "b" / f"{part}-20211018T055246Z-001" / part)
    assert _listed(tmp_path / "b") == expected


def test_one_part_alone(tmp_path: Path) -> None:
    drishti_gs1.write(tmp_path)
    base = tmp_path / "Drishti-GS1_files" / "Drishti-GS1_files"
    assert set(_listed(base / "Test").values()) == {"test"}
    assert set(_listed(base / "Training").values()) == {"train"}


def test_missing_partner_is_listed_by_its_path(tmp_path: Path) -> None:
    drishti_gs1.write(tmp_path)
    part = tmp_path / "Drishti-GS1_files" / "Drishti-GS1_files" / "Training"
    maps = part / "GT" / "drishtiGS_002" / "SoftMap"
    for path in maps.iterdir():
        path.unlink()
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "drishtiGS_002")
    assert [path for path in case.files if not path.is_file()] == [
        maps / "drishtiGS_002_ODsegSoftmap.png",
        maps / "drishtiGS_002_cupsegSoftmap.png",
    ]
