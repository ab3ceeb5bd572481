from pathlib import Path

import nibabel
import numpy as np
import pytest
from raw_trees import kits19

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.kits19 import SOURCE
from cosmos_datasets.standardise import standardise

_CASES = ["case_00000", "case_00160", "case_00209"]


def names(raw: Path) -> list[str]:
    return [case.case_id for case in SOURCE.cases(raw)]


@pytest.mark.parametrize("raw", [".", "kits19", "kits19/data"])
def test_any_folder_around_the_cases_will_do(tmp_path: Path, raw: str) -> None:
    kits19.write(tmp_path)
    assert names(tmp_path / raw) == _CASES


def test_slices_lie_along_the_first_axis(tmp_path: Path) -> None:
    kits19.write(tmp_path)
    wide = SOURCE.cases(tmp_path)[1]
    rows = standardise(SOURCE, wide).rows
    assert {(row["plane"], row["n_slices"], row["height"], row["width"]) for row in rows} == {("axial", 6, 40, 62)}
    assert {row["slice_spacing"] for row in rows} == {0.5}


def test_scans_are_grouped_with_those_of_kits21(tmp_path: Path) -> None:
    kits19.write(tmp_path)
    assert [case.group for case in SOURCE.cases(tmp_path)] == ["kits/0", "kits/160", "kits/209"]


def test_label_of_another_revision_is_an_error(tmp_path: Path) -> None:
    kits19.write(tmp_path)
    path = tmp_path / "kits19" / "data" / "case_00000" / "segmentation.nii.gz"
    label = nibabel.load(path)
    longer = np.concatenate([np.asanyarray(label.dataobj)] * 2)
    nibabel.save(nibabel.Nifti1Image(longer, label.affine), path)
    with pytest.raises(CaseError, match=r"case_00000.*do not belong together"):
        standardise(SOURCE, SOURCE.cases(tmp_path)[0])


def test_scans_fetched_into_a_flat_folder(tmp_path: Path) -> None:
    kits19.write(tmp_path)
    (tmp_path / "images").mkdir()
    for path in sorted(tmp_path.rglob("imaging.nii.gz")):
        path.rename(tmp_path / "images" / f"{path.parent.name}.nii.gz")
    assert [(case.case_id, case.image.files[0].name) for case in SOURCE.cases(tmp_path)] == [
        (name, f"{name}.nii.gz") for name in _CASES
    ]


def test_a_clone_without_scans_says_how_to_fetch_them(tmp_path: Path) -> None:
    kits19.write(tmp_path)
    first = tmp_path / "kits19" / "data" / "case_00000" / "imaging.nii.gz"
    first.unlink()
    assert SOURCE.cases(tmp_path)[0].image.files[0] == first
    for path in sorted(tmp_path.rglob("imaging.nii.gz")):
        path.unlink()
    with pytest.raises(LayoutError, match="get_imaging"):
        SOURCE.cases(tmp_path)


def test_kits23_is_refused_though_its_files_have_the_same_names(tmp_path: Path) -> None:
    kits19.write(tmp_path)
    (tmp_path / "kits19" / "data" / "case_00210" / "segmentation.nii.gz").write_bytes(b"other labels")
    with pytest.raises(LayoutError, match=r"no segmentation of case_00210\. Is this KiTS23"):
        SOURCE.cases(tmp_path)
