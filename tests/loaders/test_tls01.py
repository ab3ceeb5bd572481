import pytest
from raw_trees import tls01

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.tls01 import SOURCE


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def test_pictures_beside_a_volume(tmp_path):
    tls01.write(tmp_path)
    assert list(cases(tmp_path)) == ["0001", "0002", "0003", "0004", "patient_5", "volume"]


def test_other_folder_names_are_refused(tmp_path):
    tls01.write(tmp_path)
    (tmp_path / "tls01" / "masks").rename(tmp_path / "tls01" / "Annotations")
    with pytest.raises(LayoutError, match="layout is this package's own"):
        SOURCE.cases(tmp_path)


def test_mask_without_image(tmp_path):
    tls01.write(tmp_path)
    path = tmp_path / "tls01" / "images" / "0004.png"
    path.unlink()
    with pytest.raises(CaseError, match=f"{path}: no such file"):
        cases(tmp_path)["0004"].image.read()


def test_info_says_that_the_layout_is_ours():
    assert "layout is this package's own" in SOURCE.obtain
    assert "No layout is published" in SOURCE.pitfalls[0]
