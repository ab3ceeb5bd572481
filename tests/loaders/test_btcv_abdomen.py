import shutil
from pathlib import Path

import pytest
from raw_trees import btcv_abdomen

from cosmos_datasets.loaders.btcv_abdomen import SOURCE

_NAMES = ["img0001", "img0010", "img0021", "img0040"]


def names(raw: Path) -> list[str]:
    return [case.case_id for case in SOURCE.cases(raw)]


@pytest.mark.parametrize("raw", [".", "RawData", "RawData/Training"])
def test_any_folder_around_images_and_labels_will_do(tmp_path: Path, raw: str) -> None:
    btcv_abdomen.write(tmp_path)
    assert names(tmp_path / raw) == _NAMES


def test_copies_with_other_folder_names(tmp_path: Path) -> None:
    btcv_abdomen.write(tmp_path)
    training = tmp_path / "RawData" / "Training"
    (training / "img").rename(tmp_path / "RawData" / "imagesTr")
    (training / "label").rename(tmp_path / "RawData" / "labelsTr")
    assert names(tmp_path) == _NAMES


def test_registered_variants_and_cervix_are_passed_over(tmp_path: Path) -> None:
    btcv_abdomen.write(tmp_path)
    training = tmp_path / "RawData" / "Training"
    for name in ("img/img0001-0010", "label/label0001-0010"):
        shutil.copy(training / "img" / "img0001.nii.gz", training / f"{name}.nii.gz")
    for name in ("img/0507-1231-Image", "label/0507-1231-Mask"):
        path = tmp_path / "CervixRawData" / "Training" / f"{name}.nii.gz"
        path.parent.mkdir(parents=True)
        shutil.copy(training / "img" / "img0001.nii.gz", path)
    assert names(tmp_path) == _NAMES


def test_missing_image_is_named(tmp_path: Path) -> None:
    btcv_abdomen.write(tmp_path)
    image = tmp_path / "RawData" / "Training" / "img" / "img0010.nii.gz"
    image.unlink()
    assert SOURCE.cases(tmp_path)[1].image.files[0] == image
