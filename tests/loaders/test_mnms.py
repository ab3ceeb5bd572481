import nibabel
import numpy as np
import pytest
from raw_trees import mnms

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.mnms import SOURCE
from cosmos_datasets.standardise import standardise


def splits(raw):
    return {case.case_id: case.split for case in SOURCE.cases(raw)}


def test_two_frames_of_every_labelled_study(tmp_path):
    mnms.write(tmp_path)
    found = splits(tmp_path)
    assert len(found) == 8
    assert not [name for name in found if name.startswith("C4E9I1")]
    frames = {case.case_id: case.image.channel for case in SOURCE.cases(tmp_path)}
    assert (frames["B3F5U9_ED"], frames["B3F5U9_ES"]) == (3, 2), "end-systole may come first"


@pytest.mark.parametrize("part", ["Training", "Training/Labeled", "Validation", "Testing"])
def test_one_part_alone_finds_the_table_above_it(tmp_path, part):
    mnms.write(tmp_path)
    whole, found = splits(tmp_path), splits(tmp_path / "OpenDataset" / part)
    assert found
    assert found.items() <= whole.items()


def test_older_table_has_another_name(tmp_path):
    mnms.write(tmp_path)
    expected = splits(tmp_path)
    table = tmp_path / "OpenDataset" / mnms.TABLE
    table.rename(table.with_name("201014_M&Ms_Dataset_Information_-_opendataset.csv"))
    assert splits(tmp_path) == expected


def test_without_the_table(tmp_path):
    mnms.write(tmp_path)
    (tmp_path / "OpenDataset" / mnms.TABLE).unlink()
    with pytest.raises(LayoutError, match="lacks the table"):
        SOURCE.cases(tmp_path)


def test_study_that_the_table_lacks_is_reported(tmp_path):
    mnms.write(tmp_path)
    table = tmp_path / "OpenDataset" / mnms.TABLE
    table.write_text("".join(line for line in table.read_text().splitlines(keepends=True) if "A5C2D2" not in line))
    cases = {case.case_id: case for case in SOURCE.cases(tmp_path)}
    with pytest.raises(CaseError, match=r"opendataset\.csv states nothing as the frame ED of A5C2D2"):
        standardise(SOURCE, cases["A5C2D2_ED"])


def test_directions_that_are_not_orthonormal(tmp_path):
    mnms.write(tmp_path)
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "A1K2P5_ED")
    expected = [row["objects"] for row in standardise(SOURCE, case).rows]
    for path in case.files:
        image = nibabel.load(path)
        sheared = image.affine @ np.array([[1, 0.02, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        nibabel.save(nibabel.Nifti1Image(np.asanyarray(image.dataobj), sheared), path)
    assert [row["objects"] for row in standardise(SOURCE, case).rows] == expected


def test_image_without_label_breaks_that_study_only(tmp_path):
    mnms.write(tmp_path)
    path = tmp_path / "OpenDataset" / "Validation" / "A5C2D2" / "A5C2D2_sa_gt.nii.gz"
    path.unlink()
    cases = {case.case_id: case for case in SOURCE.cases(tmp_path)}
    assert len(cases) == 8
    with pytest.raises(CaseError, match=r"A5C2D2_sa_gt\.nii\.gz: no such file"):
        standardise(SOURCE, cases["A5C2D2_ES"])


def test_a_cell_that_is_no_frame_leaves_that_frame_out(tmp_path):
    mnms.write(tmp_path)
    table = tmp_path / "OpenDataset" / mnms.TABLE
    # As a spreadsheet saves it, with one cell lost.
    text = table.read_text().replace("A5C2D2,Philips,B,2,0,1", "A5C2D2,Philips,B,2,n/a,1.0").replace(",", ";")
    table.write_bytes(text.replace("\n", "\r\n").encode("utf-16"))
    cases = {case.case_id: case for case in SOURCE.cases(tmp_path)}
    assert cases["A5C2D2_ES"].image.channel == 1
    with pytest.raises(CaseError, match="states n/a as the frame ED of A5C2D2"):
        standardise(SOURCE, cases["A5C2D2_ED"])


def test_image_and_label_in_different_parts_are_told(tmp_path):
    mnms.write(tmp_path)
    path = next(tmp_path.rglob("A0S9V9_sa.nii.gz"))
    path.rename(tmp_path / "OpenDataset" / "Testing" / path.name)
    assert any("different parts" in one.what for one in SOURCE.listing(tmp_path).findings)
