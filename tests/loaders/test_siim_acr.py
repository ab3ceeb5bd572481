import numpy as np
import pyarrow.parquet as pq
import pytest
from raw_trees import siim_acr

from cosmos_datasets.build.run import build
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.siim_acr import SOURCE


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def ids(*numbers):
    return [siim_acr.name(f"_{number}") for number in numbers]


def drawn(case):
    return case.annotations[0].reader.read().array > 0


def test_stage_1_labels_the_training_part_only(tmp_path):
    siim_acr.write(tmp_path)
    (tmp_path / "pneumothorax" / "stage_2_train.csv").unlink()
    found = cases(tmp_path)
    assert list(found) == ids(300, 301, 303, 304)
    assert {case.split for case in found.values()} == {"train"}


def test_stage_2_labels_the_former_test_part(tmp_path):
    siim_acr.write(tmp_path)
    found = cases(tmp_path)
    assert {name: case.split for name, case in found.items() if case.split != "train"} == dict(
        zip(ids(305), ["test"], strict=True)
    )


def test_png_copy_gives_the_same_names_splits_and_masks(tmp_path):
    siim_acr.write(tmp_path / "dicom")
    siim_acr.write_png(tmp_path / "png" / "siim-acr-pneumothorax")
    dicom, png = cases(tmp_path / "dicom"), cases(tmp_path / "png")
    assert list(dicom) == list(png)
    for name, case in dicom.items():
        assert case.split == png[name].split
        np.testing.assert_array_equal(drawn(case), drawn(png[name]))


def test_png_copy_without_its_tables_is_named_by_its_files(tmp_path):
    siim_acr.write_png(tmp_path)
    for path in tmp_path.glob("*.csv"):
        path.unlink()
    assert list(cases(tmp_path)) == ["0_test_1", "0_train_1", "1_train_1", "3_train_1", "4_train_1"]


def test_image_that_was_not_downloaded_is_passed_over(tmp_path):
    truth = siim_acr.write(tmp_path)
    (gone,) = ids(301)
    next(tmp_path.rglob(f"{gone}.dcm")).unlink()
    report = build(SOURCE, tmp_path, tmp_path / "out")
    assert not report.broken
    assert report.images == len(truth.masks) - 1


def test_table_without_run_lengths_is_refused(tmp_path):
    siim_acr.write(tmp_path)
    table = tmp_path / "pneumothorax" / "stage_2_train.csv"
    table.write_text("ImageId,Target\n1.2.3,1\n")
    with pytest.raises(LayoutError, match=r"stage_2_train\.csv has no column ImageId or EncodedPixels"):
        SOURCE.cases(tmp_path)


def test_nothing_of_the_patient_is_in_the_rows(tmp_path):
    siim_acr.write(tmp_path)
    build(SOURCE, tmp_path, tmp_path / "out")
    for path in (tmp_path / "out" / "data").rglob("*.parquet"):
        assert "9f3c1d2e" not in str(pq.read_table(path).to_pylist())
