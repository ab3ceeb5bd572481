import pytest
from raw_trees import feta

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.feta import SOURCE
from cosmos_datasets.standardise import standardise

CASES = ["sub-001_rec-mial", "sub-007_rec-mial", "sub-041_rec-irtk", "sub-080_rec-irtk"]


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


@pytest.mark.parametrize("release", ["2.1", "2.2", "2.3", "2.4"])
def test_releases_give_the_same_cases_without_biometry(tmp_path, release):
    feta.write(tmp_path, release=release)
    found = cases(tmp_path)
    assert list(found) == CASES
    assert not [path for case in found.values() for path in case.files if "_meas" in path.name]


def test_cases_of_vienna_in_a_folder_of_their_own_or_beside_the_others(tmp_path):
    feta.write(tmp_path)
    folder = tmp_path / "vienna" / "sub-081" / "anat"
    folder.mkdir(parents=True)
    for kind in ("T2w", "dseg"):
        old = tmp_path / "feta_2.1" / "sub-080" / "anat" / f"sub-080_rec-irtk_{kind}.nii.gz"
        old.rename(folder / f"sub-081_{kind}.nii.gz")
    assert list(cases(tmp_path)) == [*CASES[:3], "sub-081"]
    folder.parent.rename(tmp_path / "feta_2.1" / "sub-081")
    assert list(cases(tmp_path / "feta_2.1")) == [*CASES[:3], "sub-081"]


@pytest.mark.parametrize("missing", ["T2w", "dseg"])
def test_missing_partner_is_named(tmp_path, missing):
    feta.write(tmp_path)
    path = tmp_path / "feta_2.1" / "sub-041" / "anat" / f"sub-041_rec-irtk_{missing}.nii.gz"
    path.unlink()
    assert list(cases(tmp_path)) == CASES
    with pytest.raises(CaseError, match=r"sub-041\S*_" + missing):
        standardise(SOURCE, cases(tmp_path)["sub-041_rec-irtk"])
