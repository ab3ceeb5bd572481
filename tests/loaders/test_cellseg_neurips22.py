from pathlib import Path

import numpy as np
import pytest
from raw_trees import cellseg_neurips22

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.cellseg_neurips22 import SOURCE
from cosmos_datasets.standardise import standardise

_REAL = Path(__file__).parents[2].parent / "shared" / "real" / "cellseg_neurips22"


def test_parts_repeat_file_names_but_not_ids(tmp_path: Path) -> None:
    cellseg_neurips22.write(tmp_path)
    split = {case.case_id: case.split for case in SOURCE.cases(tmp_path)}
    assert split["Training-labeled/cell_00001"] == "train"
    assert split["Tuning/cell_00001"] == "validation"
    assert split["Testing/Public/OpenTest_001"] == "test"


def test_predictions_whole_slides_and_unlabelled_pictures_are_left_out(tmp_path: Path) -> None:
    cellseg_neurips22.write(tmp_path)
    cases = SOURCE.cases(tmp_path)
    assert len(cases) == len(cellseg_neurips22.FORMATS) + 5
    assert all(path.parent.name in {"images", "labels"} for case in cases for path in case.files)
    assert not any("Hidden" in str(path) for case in cases for path in case.files)


@pytest.mark.parametrize("raw", ["Training-labeled", "Tuning", "Testing", "Testing/Testing/Public"])
def test_one_part_alone_gives_the_same_ids(tmp_path: Path, raw: str) -> None:
    cellseg_neurips22.write(tmp_path)
    everything = {case.case_id for case in SOURCE.cases(tmp_path)}
    part = {case.case_id for case in SOURCE.cases(tmp_path / raw)}
    assert part == {case_id for case_id in everything if case_id.startswith(raw.split("/", maxsplit=1)[0])}


def test_pictures_and_label_maps_have_one_size(tmp_path: Path) -> None:
    cellseg_neurips22.write(tmp_path)
    for case in SOURCE.cases(tmp_path):
        labels = case.annotations[0].reader.read().array
        assert case.image.read().array.shape[:2] == labels.shape == cellseg_neurips22.SHAPE, case.case_id


def test_numbers_of_cells_are_kept(tmp_path: Path) -> None:
    truth = cellseg_neurips22.write(tmp_path)
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "Training-labeled/cell_00001")
    numbers = set(np.unique(case.annotations[0].reader.read().array).tolist()) - {0, 513}
    drawn = {instance for _, instance, _ in truth.masks["cellseg_neurips22/Training-labeled/cell_00001"]} - {0}
    assert numbers == drawn
    assert max(numbers) == 70000


def test_label_map_without_picture_is_listed_and_fails_alone(tmp_path: Path) -> None:
    cellseg_neurips22.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    (tmp_path / "Tuning" / "images" / "cell_00101.tif").unlink()
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == [case.case_id for case in before]
    (incomplete,) = [case for case in cases if case not in before]  # its format cannot be known
    with pytest.raises(CaseError, match=r"Tuning/images/cell_00101\.\w+: no such file; is the download complete"):
        standardise(SOURCE, incomplete)


def test_lossless_copy_of_a_picture_is_preferred(tmp_path: Path) -> None:
    cellseg_neurips22.write(tmp_path)
    images = tmp_path / "Training-labeled" / "images"
    (images / "cell_00002.jpg").write_bytes((images / "cell_00010.jpg").read_bytes())
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "Training-labeled/cell_00002")
    assert case.image.files[0].name == "cell_00002.png"


def test_real_picture() -> None:
    if not _REAL.is_dir():
        pytest.skip(f"no real data at {_REAL}")
    (case,) = SOURCE.cases(_REAL)
    labels = case.annotations[0].reader.read().array
    assert case.case_id == "Training-labeled/cell_00001"
    assert case.image.read().array.shape == labels.shape
    assert len(np.unique(labels)) - 1 == 125
