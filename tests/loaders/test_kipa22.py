import shutil
from pathlib import Path

import pytest
from raw_trees import kipa22

from cosmos_datasets.intensity import Intensity
from cosmos_datasets.loaders.kipa22 import SOURCE
from cosmos_datasets.standardise import standardise


@pytest.mark.parametrize("raw", [".", "train"])
def test_training_part_under_its_numbers(tmp_path: Path, raw: str) -> None:
    kipa22.write(tmp_path)
    assert [case.case_id for case in SOURCE.cases(tmp_path / raw)] == ["0", "1", "10", "69"]


def test_intensities_are_the_stored_ones(tmp_path: Path) -> None:
    """They are HU + 1024 and the header, whose scale is NaN, says nothing of it: a window counts from -1024 HU."""
    kipa22.write(tmp_path)
    case = SOURCE.cases(tmp_path)[0]
    stored = case.image.read().array
    assert stored.min() >= 0
    assert stored.dtype.kind == "u"
    assert standardise(SOURCE, case).rows[0]["intensity_range"] == [stored.min(), stored.max()]
    row = standardise(SOURCE, case, Intensity.parse("window=1064,400")).rows[0]
    assert row["intensity_range"] == [864, 1264]


def test_missing_image_and_test_part_without_labels(tmp_path: Path) -> None:
    kipa22.write(tmp_path)
    image = tmp_path / "train" / "image" / "10.nii.gz"
    image.unlink()
    assert SOURCE.cases(tmp_path)[2].image.files == (image,)
    shutil.copytree(tmp_path / "train", tmp_path / "KiPA22" / "train")
    assert len(SOURCE.cases(tmp_path / "KiPA22")) == 4
