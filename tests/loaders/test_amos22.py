import shutil
from pathlib import Path

import pytest
from raw_trees import amos22

from cosmos_datasets.loaders.amos22 import SOURCE


def test_number_tells_ct_from_mri_and_folder_the_split(tmp_path: Path) -> None:
    amos22.write(tmp_path)
    assert {case.case_id: (case.modality, case.split) for case in SOURCE.cases(tmp_path)} == {
        "amos_0001": ("CT", "train"),
        "amos_0008": ("CT", "validation"),
        "amos_0410": ("CT", "train"),
        "amos_0507": ("MRI", "train"),
        "amos_0600": ("MRI", "validation"),
    }


def test_release_of_the_challenge_has_no_validation_labels(tmp_path: Path) -> None:
    amos22.write(tmp_path)
    shutil.rmtree(tmp_path / "amos22" / "labelsVa")
    assert {case.split for case in SOURCE.cases(tmp_path)} == {"train"}


def test_test_labels_are_not_read(tmp_path: Path) -> None:
    amos22.write(tmp_path)
    expected = SOURCE.cases(tmp_path)
    base = tmp_path / "amos22"
    (base / "labelsTs").mkdir()
    shutil.copy(base / "labelsTr" / "amos_0001.nii.gz", base / "labelsTs" / "amos_0002.nii.gz")
    assert SOURCE.cases(tmp_path) == expected


@pytest.mark.parametrize("folders", [("", ""), ("train", "valid")])
def test_doubled_folder_and_parts_in_folders_of_their_own(tmp_path: Path, folders: tuple[str, str]) -> None:
    amos22.write(tmp_path / "official")
    expected = [case.case_id for case in SOURCE.cases(tmp_path / "official")]
    for part, folder in zip(("Tr", "Va"), folders, strict=True):
        for kind in ("images", "labels"):
            target = tmp_path / "other" / "amos22" / "amos22" / folder
            shutil.copytree(tmp_path / "official" / "amos22" / f"{kind}{part}", target / f"{kind}{part}")
    assert [case.case_id for case in SOURCE.cases(tmp_path / "other")] == expected


def test_missing_image_is_named_in_its_own_part(tmp_path: Path) -> None:
    amos22.write(tmp_path)
    image = tmp_path / "amos22" / "imagesVa" / "amos_0600.nii.gz"
    image.unlink()
    assert image in [case.image.files[0] for case in SOURCE.cases(tmp_path)]
