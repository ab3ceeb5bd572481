import numpy as np
import pyarrow.parquet as pq
import pytest
from raw_trees import siim_acr

from cosmos_datasets.build.run import build
from cosmos_datasets.errors import CaseError, LayoutError
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


def test_a_table_that_contradicts_itself_or_was_cut_short(tmp_path):
    siim_acr.write(tmp_path)
    table = tmp_path / "pneumothorax" / "stage_2_train.csv"
    head, *lines = table.read_text().splitlines()
    (name,) = ids(300)
    table.write_text("\n".join([head, f"{name},-1", *lines]))
    with pytest.raises(CaseError, match="has a pneumothorax, and that it has none"):
        cases(tmp_path)[name].image.read()
    table.write_text("\n".join([head, *lines[:2]]))
    with pytest.raises(LayoutError, match=r"stage_2_train\.csv does not name 5 of the 7 that are here"):
        cases(tmp_path)


def test_images_that_the_table_does_not_name_or_that_are_not_here_are_told(tmp_path):
    siim_acr.write(tmp_path)
    gone, unnamed = ids(301, 399)
    next(tmp_path.rglob(f"{gone}.dcm")).unlink()
    found = SOURCE.listing(tmp_path).findings
    assert [one.where for one in found if "not here" in one.what] == [gone]
    assert [one.where.rpartition("/")[2] for one in found if "does not name" in one.what] == [f"{unnamed}.dcm"]


def test_without_a_table_the_files_are_refused(tmp_path):
    siim_acr.write(tmp_path)
    for path in tmp_path.rglob("*.csv"):
        path.unlink()
    with pytest.raises(LayoutError, match=r"neither stage_2_train\.csv nor train-rle\.csv"):
        cases(tmp_path)
