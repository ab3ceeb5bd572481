import shutil

import pytest
from raw_trees import i2cvb

from cosmos_datasets.build.run import build
from cosmos_datasets.loaders.i2cvb import SOURCE


def ids(raw):
    return [case.case_id for case in SOURCE.cases(raw)]


@pytest.fixture
def raw(tmp_path):
    i2cvb.write(tmp_path / "raw")
    return tmp_path / "raw"


def test_patient_without_masks_is_left_out(raw):
    assert ids(raw) == ["Patient_33540", "Patient_383", "Patient_387", "Patient_428260"]


def test_each_structure_is_a_mask_of_its_own(raw):
    labels = {case.case_id: [one.label for one in case.annotations] for case in SOURCE.cases(raw)}
    zones = ["prostate", "prostate_peripheral_zone", "prostate_central_gland"]
    assert labels["Patient_387"] == zones
    assert labels["Patient_383"] == [*zones, "prostate_cancer"]


def test_folders_around_the_patients_do_not_matter(raw, tmp_path):
    expected = ids(raw)
    assert ids(raw / "GE") == [name for name in expected if name in {"Patient_33540", "Patient_428260"}]
    assert ids(raw / "Siemens" / "Patient 383") == ["Patient_383"]
    for vendor, archive in (("GE", "ge-1-5t"), ("Siemens", "siemens-3t")):
        shutil.move(raw / vendor, tmp_path / "apart" / archive / vendor)
    for folder in (tmp_path / "apart").glob("*/*/Patient *"):
        folder.rename(folder.with_name(folder.name.replace(" ", "_")))
    assert ids(tmp_path / "apart") == expected
    (tmp_path / "deep").mkdir()
    shutil.move(tmp_path / "apart", tmp_path / "deep" / "apart")
    shutil.move(tmp_path / "deep" / "apart" / "ge-1-5t" / "GE", tmp_path / "deep" / "apart" / "GE")
    assert ids(tmp_path / "deep") == expected


def test_masks_of_other_sequences_are_not_used(raw):
    patient = raw / "Siemens" / "Patient 383"
    shutil.copytree(patient / "GT" / "pz", patient / "DCE" / "GT" / "prostate")
    assert not any("DCE" in path.parts for case in SOURCE.cases(raw) for path in case.files)


def test_mask_without_a_slice_in_between_is_reported(raw, tmp_path):
    (raw / "GE" / "Patient 33540" / "GT" / "prostate" / "MR0096.dcm").unlink()
    report = build(SOURCE, raw, tmp_path / "out")
    assert list(report.broken) == ["Patient_33540"]
    assert "one is missing" in report.broken["Patient_33540"]


def test_masks_without_an_image_are_reported(raw, tmp_path):
    shutil.rmtree(raw / "GE" / "Patient 33540" / "T2W")
    report = build(SOURCE, raw, tmp_path / "out")
    assert list(report.broken) == ["Patient_33540"]
    assert "T2W: no such file" in report.broken["Patient_33540"]
