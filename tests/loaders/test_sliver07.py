from pathlib import Path

import numpy as np
from raw_trees import sliver07
from raw_trees.phantom import write_nifti

from cosmos_datasets.loaders.sliver07 import SOURCE
from cosmos_datasets.standardise import standardise

_NAMES = ["liver-orig001", "liver-orig002", "liver-orig010", "liver-orig020"]


def names(raw: Path) -> list[str]:
    return [case.case_id for case in SOURCE.cases(raw)]


def test_test_scans_of_the_same_names_are_not_taken(tmp_path: Path) -> None:
    sliver07.write(tmp_path)
    assert names(tmp_path) == _NAMES
    assert {case.image.files[0].parent.name for case in SOURCE.cases(tmp_path)} == {"training-scans"}
    (tmp_path / "training-scans").rename(tmp_path / "z-scans")
    assert {case.image.files[0].parent.name for case in SOURCE.cases(tmp_path)} == {"z-scans"}


def test_older_packages_hold_scans_and_masks_in_parts(tmp_path: Path) -> None:
    sliver07.write(tmp_path)
    for path in sorted(tmp_path.glob("training-*/liver-*")):
        folder = tmp_path / "SLIVER07" / ("training-part2" if "020" in path.name else "training-part1")
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / path.name)
    assert names(tmp_path / "SLIVER07") == _NAMES
    (tmp_path / "SLIVER07").rename(tmp_path / "latest")
    assert names(tmp_path) == _NAMES


def test_archives_that_tell_the_parts_by_a_suffix(tmp_path: Path) -> None:
    volume = np.zeros((30, 30, 4), np.int16)
    for name in ("liver-orig001_test", "liver-orig001_train", "liver-orig002_test", "liver-seg001"):
        write_nifti(tmp_path / f"{name}.nii.gz", volume, np.eye(4))
    (case,) = SOURCE.cases(tmp_path)
    assert [path.name for path in case.files] == ["liver-orig001_train.nii.gz", "liver-seg001.nii.gz"]


def test_every_value_above_zero_is_liver(tmp_path: Path) -> None:
    truth = sliver07.write(tmp_path)
    case = SOURCE.cases(tmp_path)[1]
    assert set(np.unique(case.annotations[0].reader.read().array)) == {0, 255}
    found = {row["image_id"]: row["objects"][0]["area"] for row in standardise(SOURCE, case).rows}
    drawn = {name: masks["liver", 0, -1].sum() for name, masks in truth.masks.items()}
    assert found == {name: area for name, area in drawn.items() if f"/{case.case_id}/" in name}


def test_missing_scan_is_named(tmp_path: Path) -> None:
    sliver07.write(tmp_path)
    scan = tmp_path / "training-scans" / "liver-orig010.mhd"
    scan.unlink()
    assert SOURCE.cases(tmp_path)[2].image.files[0] == scan
