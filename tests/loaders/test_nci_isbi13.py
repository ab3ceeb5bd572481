import shutil

import numpy as np
import pydicom
import pytest
from pydicom import uid
from raw_trees import nci_isbi13
from raw_trees.phantom import write_itk

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.nci_isbi13 import SOURCE
from cosmos_datasets.standardise import standardise

PATIENT = "Prostate3T-02-0003"


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def study(raw):
    return next(raw.rglob(f"manifest-*/*/{PATIENT}/*"))


def add_axial_t2(raw, description):
    shown = np.zeros((7, 40, 48), np.int16)
    folder = study(raw) / f"9.000000-{description}"
    nci_isbi13.write_series(folder, shown, patient=PATIENT, description=description)
    return uid.generate_uid(entropy_srcs=["series", f"{PATIENT} {description}"])


def test_official_splits_and_names_without_suffixes(tmp_path):
    nci_isbi13.write(tmp_path)
    assert {name: case.split for name, case in cases(tmp_path).items()} == {
        "Prostate3T-01-0001": "train",
        "ProstateDx-01-0006": "train",
        "ProstateDx-01-0055": "train",
        "Prostate3T-02-0003": "validation",
        "ProstateDx-03-0002": "test",
    }


def test_axial_t2_is_chosen_among_the_series_of_a_whole_collection(tmp_path):
    nci_isbi13.write(tmp_path)
    folders = {path.parent.name for path in cases(tmp_path)["Prostate3T-01-0001"].image.files}
    assert folders == {"3.000000-T2 TSE ax hi-28661"}


@pytest.mark.parametrize("name", ["ISBI-Prostate-Challenge-LeaderBoard.tcia", "manifest-1500000000002/metadata.csv"])
def test_a_list_decides_between_two_axial_t2_series(tmp_path, name):
    nci_isbi13.write(tmp_path)
    wanted = add_axial_t2(tmp_path, "T2 TSE ax large")
    with pytest.raises(CaseError, match=rf"{PATIENT}.*one of several series.*the challenge's \.tcia manifest"):
        standardise(SOURCE, cases(tmp_path)[PATIENT])
    (tmp_path / name).write_text(f"ListOfSeriesToDownload=\n{wanted}\n")
    assert {path.parent.name for path in cases(tmp_path)[PATIENT].image.files} == {"9.000000-T2 TSE ax large"}


def test_the_same_series_under_two_manifests(tmp_path):
    nci_isbi13.write(tmp_path)
    before = cases(tmp_path)[PATIENT]
    copy = tmp_path / "manifest-9" / "Prostate-3T" / PATIENT / "study" / "series"
    shutil.copytree(before.image.files[0].parent, copy)
    assert cases(tmp_path)[PATIENT] == before


def test_series_fetched_one_by_one_lie_in_folders_without_a_patient(tmp_path):
    nci_isbi13.write(tmp_path)
    expected = {name: len(case.image.files) for name, case in cases(tmp_path).items()}
    for name, case in cases(tmp_path).items():
        for path in case.image.files:
            dataset = pydicom.dcmread(path)
            dataset.PatientID = name
            target = tmp_path / "tciaDownload" / dataset.SeriesInstanceUID / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            dataset.save_as(target)
    for manifest in tmp_path.glob("manifest-*"):
        shutil.rmtree(manifest)
    found = cases(tmp_path)
    assert {name: len(case.image.files) for name, case in found.items()} == expected
    assert standardise(SOURCE, found[PATIENT]).rows
    shutil.rmtree(found[PATIENT].image.files[0].parent)
    with pytest.raises(CaseError, match=rf"{PATIENT}/\*\.dcm: no such file; is the download complete"):
        standardise(SOURCE, cases(tmp_path)[PATIENT])


@pytest.mark.parametrize("size", [0, 100, 153, 834])
def test_a_series_with_a_damaged_header_is_never_read_as_if_it_were_whole(tmp_path, size):
    nci_isbi13.write(tmp_path)
    add_axial_t2(tmp_path, "T2 TSE ax large")
    path = study(tmp_path) / "9.000000-T2 TSE ax large" / "1-01.dcm"
    path.write_bytes(path.read_bytes()[:size])
    image = cases(tmp_path)[PATIENT].image
    if path in image.files:
        with pytest.raises(CaseError):
            image.read()


def test_labels_without_images_are_listed_and_fail_alone(tmp_path):
    nci_isbi13.write(tmp_path)
    before = cases(tmp_path)
    shutil.rmtree(tmp_path / "manifest-1500000000003")
    found = cases(tmp_path)
    assert {name for name in before if found[name] != before[name]} == {"ProstateDx-03-0002"}
    with pytest.raises(CaseError, match=r"ProstateDx-03-0002/\*\.dcm: no such file; is the download complete"):
        standardise(SOURCE, found["ProstateDx-03-0002"])


def test_corrected_labels_count_where_both_are_there(tmp_path):
    nci_isbi13.write(tmp_path)
    before = cases(tmp_path)
    corrected = tmp_path / "Training" / "ProstateDx-01-0006_correctedLabels.nrrd"
    shutil.copy(corrected, corrected.with_name("ProstateDx-01-0006.nrrd"))
    assert cases(tmp_path) == before


def test_labels_and_images_in_folders_of_their_own(tmp_path):
    nci_isbi13.write(tmp_path)
    expected = list(cases(tmp_path))
    for kind, pattern in (("labels", "[TL]*"), ("images", "manifest-*")):
        folder = tmp_path / "split" / kind
        folder.mkdir(parents=True)
        for path in sorted(tmp_path.glob(pattern)):
            path.rename(folder / path.name)
    assert list(cases(tmp_path / "split")) == expected


def test_a_label_elsewhere_in_the_world_is_refused(tmp_path):
    nci_isbi13.write(tmp_path)
    elsewhere = np.diag([1.0, 1.0, 1.0, 1.0])
    elsewhere[:3, 3] = 5000
    write_itk(tmp_path / "Training" / "ProstateDx-01-0055.nrrd", np.ones((30, 30, 5), np.uint8), elsewhere)
    with pytest.raises(CaseError, match="ProstateDx-01-0055"):
        standardise(SOURCE, cases(tmp_path)["ProstateDx-01-0055"])


def test_two_fields_of_view_in_one_series_are_refused(tmp_path):
    nci_isbi13.write(tmp_path)
    case = cases(tmp_path)[PATIENT]
    for path in case.image.files[-3:]:
        dataset = pydicom.dcmread(path)
        dataset.PixelSpacing = [0.5 * float(size) for size in dataset.PixelSpacing]
        dataset.save_as(path)
    with pytest.raises(
        CaseError, match=r"\.dcm: differs from other slices of its series in pixel size \(3 of 7 slices"
    ):
        standardise(SOURCE, case)
