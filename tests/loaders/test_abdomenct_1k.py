from pathlib import Path

import pytest
from raw_trees import abdomenct_1k

from cosmos_datasets.loaders.abdomenct_1k import SOURCE

_CASES = ["Case_00001", "Case_00297", "Case_00335", "Case_00928", "Case_01062"]


def names(raw: Path) -> list[str]:
    return [case.case_id for case in SOURCE.cases(raw)]


def test_parts_are_brought_together_and_images_without_mask_left_out(tmp_path: Path) -> None:
    abdomenct_1k.write(tmp_path)
    assert names(tmp_path) == _CASES


@pytest.mark.parametrize(("images", "masks"), [("imagesTr", "labels"), ("Images", "Masks"), ("img/img", "a/Mask")])
def test_other_arrangements(tmp_path: Path, images: str, masks: str) -> None:
    abdomenct_1k.write(tmp_path)
    for folder, pattern in ((images, "*Part*/**/Case_*"), (masks, "Mask/Case_*")):
        (tmp_path / "new" / folder).mkdir(parents=True)
        for path in sorted(tmp_path.glob(pattern)):
            path.rename(tmp_path / "new" / folder / path.name)
    assert names(tmp_path / "new") == _CASES


@pytest.mark.parametrize("pack", ["AbdomenCT-1K-pseudo_tumour", "AbdomenCT-12organ/label"])
def test_packs_of_other_labels_are_not_mixed_in(tmp_path: Path, pack: str) -> None:
    abdomenct_1k.write(tmp_path)
    expected = SOURCE.cases(tmp_path)
    (tmp_path / pack).mkdir(parents=True)
    for name in ("Case_00001", "Case_00010"):
        (tmp_path / pack / f"{name}.nii.gz").write_bytes(b"other labels")
    assert SOURCE.cases(tmp_path) == expected


def test_the_scan_that_occurs_twice_is_grouped_with_lits(tmp_path: Path) -> None:
    abdomenct_1k.write(tmp_path)
    groups = {case.case_id: case.group for case in SOURCE.cases(tmp_path)}
    assert groups == dict.fromkeys(_CASES, "") | {"Case_00297": "lits/74", "Case_00928": "lits/74"}


def test_missing_image_is_named(tmp_path: Path) -> None:
    abdomenct_1k.write(tmp_path)
    next(tmp_path.rglob("Case_01062_0000.nii.gz")).unlink()
    assert SOURCE.cases(tmp_path)[-1].image.files[0].name == "Case_01062_0000.nii.gz"


def test_parent_of_the_download_with_parts_at_unequal_depth(tmp_path: Path) -> None:
    abdomenct_1k.write(tmp_path / "some" / "download")
    assert all(path.is_file() for case in SOURCE.cases(tmp_path) for path in case.files)
