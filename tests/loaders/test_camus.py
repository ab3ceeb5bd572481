import numpy as np
import pytest
from raw_trees import camus
from raw_trees.phantom import write_itk

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.load.rows import as_array
from cosmos_datasets.loaders.camus import SOURCE
from cosmos_datasets.readers import Refused, volume
from cosmos_datasets.standardise import standardise


def rows(raw):
    return [row for case in SOURCE.cases(raw) for row in standardise(SOURCE, case).rows]


def to_first_release(nifti, training):
    """Write the labelled frames as MHD, each a volume of one slice."""
    for path in sorted(nifti.glob("*/patient*_E[DS]*.nii.gz")):
        grid = volume(path).read()
        write_itk(training / path.parent.name / path.name.replace(".nii.gz", ".mhd"), grid.array, grid.affine)


def test_frames_are_shown_upright_with_their_own_grey_values(tmp_path):
    camus.write(tmp_path)
    for row in rows(tmp_path):
        image = as_array(row["image"]).astype(float)
        below, above = image[-4:].mean(), image[:4].mean()
        assert below > above, "the apex of the sector is at the top"
        assert (row["plane"], row["intensity_range"]) == ("native", [0.0, 255.0])


def test_half_sequences_and_leftovers_are_no_cases(tmp_path):
    camus.write(tmp_path)
    found = [case.case_id for case in SOURCE.cases(tmp_path)]
    assert len(found) == 4 * 4
    assert found[:4] == [f"patient0001_{view}_{phase}" for view in ("2CH", "4CH") for phase in ("ED", "ES")]


def test_first_release_gives_the_same_rows_and_no_testing_patients(tmp_path):
    camus.write(tmp_path / "nifti")
    to_first_release(tmp_path / "nifti" / "CAMUS_public" / "database_nifti", tmp_path / "mhd" / "training")
    image = tmp_path / "mhd" / "training" / "patient0001" / "patient0001_2CH_ED.mhd"
    grid = volume(image).read()
    # Numbered from 1 again, unlabelled.
    write_itk(tmp_path / "mhd" / "testing" / "patient0001" / image.name, np.zeros_like(grid.array), grid.affine)
    first, second = rows(tmp_path / "mhd"), rows(tmp_path / "nifti")
    assert [row["image_id"] for row in first] == [row["image_id"] for row in second]
    for one, other in zip(first, second, strict=True):
        assert (one["image"], one["objects"]) == (other["image"], other["objects"])
        assert one["split"] == "train"


def test_lists_give_the_split_wherever_the_root_is(tmp_path):
    camus.write(tmp_path)
    expected = {case.case_id: case.split for case in SOURCE.cases(tmp_path)}
    assert set(expected.values()) == {"train", "validation", "test"}
    nifti = tmp_path / "CAMUS_public" / "database_nifti"
    assert {case.case_id: case.split for case in SOURCE.cases(nifti)} == expected


@pytest.mark.parametrize("name", ["patient0002_4CH_ES.nii.gz", "patient0002_4CH_ES_gt.nii.gz"])
def test_missing_partner_breaks_that_frame_only(tmp_path, name):
    camus.write(tmp_path)
    path = tmp_path / "CAMUS_public" / "database_nifti" / "patient0002" / name
    path.unlink()
    cases = {case.case_id: case for case in SOURCE.cases(tmp_path)}
    assert len(cases) == 16
    with pytest.raises(CaseError, match=f"{path}: no such file"):
        standardise(SOURCE, cases["patient0002_4CH_ES"])


def test_lists_that_are_missing_or_lack_a_patient_are_told(tmp_path):
    camus.write(tmp_path)
    lists = tmp_path / "CAMUS_public" / "database_split"
    (lists / "subgroup_testing.txt").write_bytes(b"\r\n")
    with pytest.raises(LayoutError, match=r"subgroup_testing\.txt: nothing where a text"):
        SOURCE.cases(tmp_path)
    (lists / "subgroup_testing.txt").write_text("patient0499\n")
    broken = {case.subject_id for case in SOURCE.cases(tmp_path) if isinstance(case.image, Refused)}
    assert broken == {"patient0500"}
    (lists / "subgroup_testing.txt").unlink()
    assert {case.split for case in SOURCE.cases(tmp_path) if case.subject_id == "patient0500"} == {"test"}
    for path in lists.iterdir():
        path.unlink()
    assert any("official splits are unknown" in one.what for one in SOURCE.listing(tmp_path).findings)


def test_the_first_release_has_no_lists(tmp_path):
    camus.write(tmp_path / "nifti")
    to_first_release(tmp_path / "nifti" / "CAMUS_public" / "database_nifti", tmp_path / "mhd" / "training")
    assert not [one for one in SOURCE.listing(tmp_path / "mhd").findings if one.level == "warning"]
