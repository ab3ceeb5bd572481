import nibabel
import numpy as np
import pytest
from raw_trees import brainptm21

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.brainptm21 import SOURCE
from cosmos_datasets.standardise import standardise

CASES = [f"case_{number}/{sequence}" for number in (1, 2, 60) for sequence in ("Diffusion", "T1")]


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def test_placeholders_of_the_test_set_are_left_out(tmp_path):
    brainptm21.write(tmp_path)
    found = cases(tmp_path)
    assert list(found) == CASES
    assert not [path for case in found.values() for path in case.files if "test" in path.parts[-3]]


def test_a_case_may_lack_corticospinal_tracts(tmp_path):
    brainptm21.write(tmp_path)
    found = cases(tmp_path)
    assert [one.label for one in found["case_1/T1"].annotations] == ["optic_radiation_left", "optic_radiation_right"]
    assert len(found["case_2/T1"].annotations) == len(found["case_2/Diffusion"].annotations) == 4


def test_archives_unpacked_in_doubled_folders_or_into_one_another(tmp_path):
    brainptm21.write(tmp_path / "raw")
    for part in ("sheba75_data_train", "sheba75_tracts_train"):
        (tmp_path / "doubled" / part).mkdir(parents=True)
        (tmp_path / "raw" / part).rename(tmp_path / "doubled" / part / part)
    assert list(cases(tmp_path / "doubled")) == CASES
    for path in sorted((tmp_path / "doubled").rglob("case_*/[A-Z]*")):
        (tmp_path / "merged" / path.parent.name).mkdir(parents=True, exist_ok=True)
        path.rename(tmp_path / "merged" / path.parent.name / path.name)
    assert list(cases(tmp_path / "merged")) == CASES


@pytest.mark.parametrize("missing", ["sheba75_data_train/case_2/T1.nii.gz", "sheba75_tracts_train/case_2/*.nii.gz"])
def test_missing_partner_is_named(tmp_path, missing):
    brainptm21.write(tmp_path)
    for path in tmp_path.glob(missing):
        path.unlink()
    found = cases(tmp_path)
    assert list(found) == CASES
    with pytest.raises(CaseError, match=rf"{tmp_path}/{missing.split('*')[0]}\S*: no such file"):
        standardise(SOURCE, found["case_2/T1"])


def test_tracts_lie_on_the_voxels_of_t1_whatever_their_header_says(tmp_path):
    brainptm21.write(tmp_path)
    expected = standardise(SOURCE, cases(tmp_path)["case_2/T1"]).rows
    for path in tmp_path.glob("sheba75_tracts_train/case_2/[OC]*.nii.gz"):
        tract = nibabel.load(path)
        elsewhere = nibabel.affines.from_matvec(tract.affine[:3, :3], tract.affine[:3, 3] + 10)
        nibabel.save(nibabel.Nifti1Image(np.asarray(tract.dataobj), elsewhere), path)
    assert standardise(SOURCE, cases(tmp_path)["case_2/T1"]).rows == expected
