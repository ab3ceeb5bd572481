import pytest
from raw_trees import livscar

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.livscar import SOURCE
from cosmos_datasets.standardise import standardise


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def test_formats_of_image_and_mask_may_differ(tmp_path):
    livscar.write(tmp_path)
    found = cases(tmp_path)
    assert list(found) == ["patient01", "patient02", "pig01"]
    assert [path.name for path in found["pig01"].files] == ["pig01.mhd", "pig01.raw", "pig01.nii"]


def test_slices_follow_the_last_axis_of_the_file(tmp_path):
    livscar.write(tmp_path)
    planes = {name: standardise(SOURCE, case).rows[0]["plane"] for name, case in cases(tmp_path).items()}
    assert planes == {"patient01": "acquired", "patient02": "coronal", "pig01": "acquired"}


def test_mask_without_image(tmp_path):
    livscar.write(tmp_path)
    (tmp_path / "images" / "patient02.nrrd").unlink()
    with pytest.raises(CaseError, match=r"images/patient02\.nii\.gz: no such file"):
        cases(tmp_path)["patient02"].image.read()


def test_info_says_that_the_layout_is_ours():
    assert "layout is this package's own" in SOURCE.obtain
    assert "No layout is published" in SOURCE.pitfalls[0]
