import shutil
from pathlib import Path

import nibabel
import pytest
from raw_trees import word

from cosmos_datasets.loaders.word import SOURCE

_SPLITS = {"word_0001": "validation", "word_0002": "train", "word_0014": "test", "word_0129": "train"}


def splits(raw: Path) -> dict[str, str]:
    return {case.case_id: case.split for case in SOURCE.cases(raw)}


def test_the_tree_has_labels_without_an_sform(tmp_path: Path) -> None:
    word.write(tmp_path)
    codes = [nibabel.load(p).header["sform_code"] for p in sorted((tmp_path / "WORD-V0.1.0" / "labelsTr").glob("w*"))]
    assert codes == [0, 2]


@pytest.mark.parametrize("folder", ["labelsTs", "WORD-V0.1.0/labelsTs", "WORD_V0.1.0_labelsTs", "zip/labelsTs"])
def test_test_labels_may_lie_beside_the_main_folder_or_in_it(tmp_path: Path, folder: str) -> None:
    word.write(tmp_path)
    shutil.copytree(tmp_path / "labelsTs", tmp_path / "kept")
    shutil.rmtree(tmp_path / "labelsTs")
    (tmp_path / folder).parent.mkdir(exist_ok=True)
    (tmp_path / "kept").rename(tmp_path / folder)
    assert splits(tmp_path) == _SPLITS


def test_without_the_test_labels_and_named_itself(tmp_path: Path) -> None:
    word.write(tmp_path)
    assert splits(tmp_path / "WORD-V0.1.0") == {case: split for case, split in _SPLITS.items() if split != "test"}


def test_left_and_right_have_the_numbers_of_this_source() -> None:
    values = {label.name: label.value for label in SOURCE.labels}
    assert (values["kidney_left"], values["kidney_right"]) == (3, 4)
    assert {label.object for label in SOURCE.labels if "femur" in label.name} == {"femur"}


def test_missing_image_is_named_in_its_own_part(tmp_path: Path) -> None:
    word.write(tmp_path)
    image = tmp_path / "WORD-V0.1.0" / "imagesTs" / "word_0014.nii.gz"
    image.unlink()
    assert image in [case.image.files[0] for case in SOURCE.cases(tmp_path)]


def test_parent_of_the_download_with_a_doubled_folder(tmp_path: Path) -> None:
    word.write(tmp_path / "download")
    main = tmp_path / "download" / "WORD-V0.1.0"
    main.rename(tmp_path / "inner")
    main.mkdir()
    (tmp_path / "inner").rename(main / main.name)
    assert splits(tmp_path) == _SPLITS
