import pytest
from raw_trees import ski10
from raw_trees.phantom import write_nifti

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.ski10 import SOURCE
from cosmos_datasets.readers import ItkImage
from cosmos_datasets.standardise import standardise


def test_images_without_labels_are_left_out(tmp_path):
    ski10.write(tmp_path)
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == ["image-001", "image-002", "image-060", "image-100"]


def test_flat_folder(tmp_path):
    ski10.write(tmp_path)
    for path in sorted(tmp_path.glob("training2/*")):
        path.rename(tmp_path / "training1" / path.name)
    assert len(SOURCE.cases(tmp_path / "training1")) == 4


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_copy_as_nifti_gives_the_same_rows(tmp_path, ending):
    ski10.write(tmp_path / "official")
    expected = SOURCE.cases(tmp_path / "official")
    for case in expected:
        for path in (case.image.path, case.annotations[0].reader.path):
            grid = ItkImage(path).read()
            folder = tmp_path / "copy" / "SKI10" / ("image" if path.name.startswith("image") else "label")
            write_nifti(folder / f"{path.stem}{ending}", grid.array, grid.affine)
    found = SOURCE.cases(tmp_path / "copy")
    for one, other in zip(found, expected, strict=True):
        rows, same = standardise(SOURCE, one).rows, standardise(SOURCE, other).rows
        assert [(row["image_id"], row["image"], row["objects"]) for row in rows] == [
            (row["image_id"], row["image"], row["objects"]) for row in same
        ]


def test_labels_without_image_break_that_case_only(tmp_path):
    ski10.write(tmp_path)
    (tmp_path / "training2" / "image-060.mhd").unlink()
    cases = {case.case_id: case for case in SOURCE.cases(tmp_path)}
    assert len(cases) == 4
    with pytest.raises(CaseError, match=r"image-060\.mhd: no such file"):
        standardise(SOURCE, cases["image-060"])


def test_a_label_that_is_renamed_to_a_test_image_is_not_paired_with_it(tmp_path):
    ski10.write(tmp_path)
    path = tmp_path / "training2" / "labels-100.mhd"
    path.rename(path.with_name("labels-101.mhd"))
    cases = {case.case_id: case for case in SOURCE.cases(tmp_path)}
    assert "image-101" not in cases
    with pytest.raises(CaseError, match=r"labels-100\.mhd: no such file"):
        standardise(SOURCE, cases["image-100"])
