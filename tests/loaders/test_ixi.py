import pytest
from raw_trees import ixi

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.ixi import SOURCE


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def test_official_volumes_beside_slices_as_pictures(tmp_path):
    ixi.write(tmp_path)
    assert {case_id: case.subject_id for case_id, case in cases(tmp_path).items()} == {
        "IXI002-Guys-0828-T1": "IXI002",
        "IXI012-HH-1211-T1": "IXI012",
        "IXI016-Guys-0697-T1_074": "IXI016",
        "IXI016-Guys-0697-T1_075": "IXI016",
        "IXI017-Guys-0698-T1_075": "IXI017",
        "IXI035-IOP-0873-T1": "IXI035",
    }


def test_official_images_alone_are_refused_with_where_the_masks_are(tmp_path):
    ixi.write(tmp_path)
    for path in (tmp_path / "ixi" / "masks").iterdir():
        path.unlink()
    with pytest.raises(LayoutError, match="AI Studio, project 1993321"):
        SOURCE.cases(tmp_path)


def test_mask_without_image(tmp_path):
    ixi.write(tmp_path)
    path = tmp_path / "ixi" / "images" / "IXI012-HH-1211-T1.nii.gz"
    path.unlink()
    with pytest.raises(CaseError, match=f"{path}: no such file"):
        cases(tmp_path)["IXI012-HH-1211-T1"].image.read()


def test_info_says_that_the_layout_is_ours():
    assert "layout is this package's own" in SOURCE.obtain
    assert "No layout is published" in SOURCE.pitfalls[0]
