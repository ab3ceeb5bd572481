import shutil

import pytest
from raw_trees import luna16

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.luna16 import SOURCE
from cosmos_datasets.standardise import standardise


def ids(raw):
    return [case.case_id for case in SOURCE.cases(raw)]


def test_masks_of_subsets_that_are_not_there_are_passed_over(tmp_path):
    luna16.write(tmp_path)
    whole = ids(tmp_path)
    for number in range(2, 10):
        shutil.rmtree(tmp_path / "LUNA16" / f"subset{number}")
    assert len(list(tmp_path.rglob("seg-lungs-LUNA16/1*.mhd"))) == 10
    assert ids(tmp_path) == whole[:2]


def test_doubled_folders_and_the_two_parts_side_by_side(tmp_path):
    luna16.write(tmp_path)
    expected = ids(tmp_path)
    base = tmp_path / "LUNA16"
    for name in ("subset0", "seg-lungs-LUNA16"):
        (base / "part1" / name).mkdir(parents=True)
        (base / name).rename(base / "part1" / name / name)
    (base / "part2").mkdir()
    for number in range(1, 10):
        (base / f"subset{number}").rename(base / "part2" / f"subset{number}")
    assert ids(tmp_path) == expected


@pytest.mark.parametrize("suffix", [".mhd", ".zraw"])
def test_missing_mask_breaks_that_scan_only(tmp_path, suffix):
    luna16.write(tmp_path)
    uid = ids(tmp_path)[0]
    (tmp_path / "LUNA16" / "seg-lungs-LUNA16" / f"{uid}{suffix}").unlink()
    cases = SOURCE.cases(tmp_path)
    assert len(cases) == 10
    with pytest.raises(CaseError, match=rf"seg-lungs-LUNA16/{uid}\.\w+"):
        standardise(SOURCE, cases[0])


def test_missing_scan_of_a_complete_download_is_reported(tmp_path):
    luna16.write(tmp_path)
    SOURCE.cases(tmp_path)[3].image.path.unlink()
    cases = SOURCE.cases(tmp_path)
    assert len(cases) == 10
    with pytest.raises(CaseError, match=rf"{cases[3].case_id}\.mhd: no such file"):
        standardise(SOURCE, cases[3])
