import shutil

import numpy as np
import pytest
from raw_trees import qubiq21

from cosmos_datasets.build.run import build
from cosmos_datasets.loaders.qubiq21 import SOURCE


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def test_raters_are_a_field_of_the_mask(tmp_path):
    qubiq21.write(tmp_path)
    found = cases(tmp_path)
    assert [one.rater for one in found["brain-growth/case01"].annotations] == list(range(7))
    prostate = [(one.label, one.rater) for one in found["prostate/case09"].annotations]
    assert prostate == [(f"prostate_task0{task}", rater) for task in (1, 2) for rater in (0, 1, 3, 4, 5)]


def test_channels_share_the_masks(tmp_path):
    qubiq21.write(tmp_path)
    channels = [case for name, case in cases(tmp_path).items() if name.startswith("brain-tumor/case01/")]
    assert [case.modality for case in channels] == ["T1W MRI", "T1-GD MRI", "T2W MRI", "T2-FLAIR MRI"]
    assert len({case.annotations for case in channels}) == len({case.subject_id for case in channels}) == 1
    means = [case.image.read().array.mean() for case in channels]
    np.testing.assert_allclose(np.diff(means), 10, rtol=1e-5)


def test_test_cases_have_no_masks(tmp_path):
    qubiq21.write(tmp_path)
    assert "kidney/case25" not in cases(tmp_path)


@pytest.mark.parametrize(
    "raw", ["training_data_v3_QC", "training_data_v3_QC/prostate", "validation_data_qubiq2021_QC"]
)
def test_a_part_gives_the_same_ids_and_splits(tmp_path, raw):
    qubiq21.write(tmp_path)
    everything = {name: case.split for name, case in cases(tmp_path).items()}
    part = {name: case.split for name, case in cases(tmp_path / raw).items()}
    assert part.items() <= everything.items()
    assert set(part.values()) == {"validation" if raw.startswith("validation") else "train"}


def test_doubled_folders_of_the_archives(tmp_path):
    qubiq21.write(tmp_path)
    expected = list(cases(tmp_path))
    for name in ("training_data_v3_QC", "validation_data_qubiq2021_QC"):
        shutil.move(tmp_path / name, tmp_path / "inner")
        shutil.move(tmp_path / "inner", tmp_path / name / name)
    assert list(cases(tmp_path)) == expected


def test_masks_without_an_image_are_reported(tmp_path):
    qubiq21.write(tmp_path / "raw")
    next(tmp_path.glob("raw/*/kidney/Training/case09/image.nii.gz")).unlink()
    report = build(SOURCE, tmp_path / "raw", tmp_path / "out")
    assert list(report.broken) == ["kidney/case09"]
    assert "case09/image.nii.gz: no such file" in report.broken["kidney/case09"]


def test_sets_at_unequal_depth_below_the_parent_of_the_download(tmp_path):
    qubiq21.write(tmp_path / "QUBIQ2021")
    expected = list(cases(tmp_path / "QUBIQ2021"))
    for name in ("training_data_v3_QC", "validation_data_qubiq2021_QC"):
        shutil.move(tmp_path / "QUBIQ2021" / name, tmp_path / "inner")
        shutil.move(tmp_path / "inner", tmp_path / "QUBIQ2021" / name / name)
    assert list(cases(tmp_path)) == expected
