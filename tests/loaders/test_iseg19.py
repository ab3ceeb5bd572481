import nibabel as nib
import numpy as np
import pytest
from raw_trees import iseg19

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.iseg19 import SOURCE
from cosmos_datasets.standardise import standardise

CASES = [f"subject-{number}-{sequence}" for number in (1, 10, 2, 9) for sequence in ("T1", "T2")]


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def training(raw):
    return raw / "iSeg-2019-Training" / "iSeg-2019-Training"


def test_sequences_share_labels_and_subjects_without_labels_are_left_out(tmp_path):
    iseg19.write(tmp_path)
    found = cases(tmp_path)
    assert list(found) == CASES
    assert found["subject-1-T1"].annotations == found["subject-1-T2"].annotations
    assert [path.name for path in found["subject-1-T1"].files] == [
        f"subject-1-{kind}.{suffix}" for kind in ("T1", "label") for suffix in ("hdr", "img")
    ]


def test_the_release_of_2017_and_subjects_unpacked_into_one_folder(tmp_path):
    iseg19.write(tmp_path)
    for path in (tmp_path / "iSeg-2019-Validation").iterdir():
        path.rename(training(tmp_path) / path.name)
    training(tmp_path).rename(tmp_path / "iSeg-2017-Training")
    assert list(cases(tmp_path)) == CASES


def test_copies_as_nifti(tmp_path):
    iseg19.write(tmp_path)
    expected = [row["objects"] for row in standardise(SOURCE, cases(tmp_path)["subject-9-T2"]).rows]
    for path in sorted(training(tmp_path).glob("subject-*.hdr")):
        image = nib.load(path)
        array = np.asanyarray(image.dataobj)[..., 0]
        nib.save(nib.Nifti1Image(array, image.affine), path.with_suffix(".nii.gz"))
        path.unlink()
        path.with_suffix(".img").unlink()
    assert [row["objects"] for row in standardise(SOURCE, cases(tmp_path)["subject-9-T2"]).rows] == expected


@pytest.mark.parametrize("missing", ["T2.hdr", "T2.img", "label.hdr"])
def test_missing_file_is_named(tmp_path, missing):
    iseg19.write(tmp_path)
    (training(tmp_path) / f"subject-2-{missing}").unlink()
    assert list(cases(tmp_path)) == CASES
    with pytest.raises(CaseError, match=rf"subject-2-{missing[:-4]}\.hdr"):
        standardise(SOURCE, cases(tmp_path)["subject-2-T2"])
