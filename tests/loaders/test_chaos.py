import re

import pytest
from raw_trees import chaos

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.chaos import SOURCE
from cosmos_datasets.standardise import standardise


def cases(raw):
    return {case.case_id: case for case in SOURCE.cases(raw)}


def test_case_and_subject_names(tmp_path):
    chaos.write(tmp_path)
    found = cases(tmp_path)
    sequences = ("T1DUAL/InPhase", "T1DUAL/OutPhase", "T2SPIR")
    assert sorted(found) == ["CT/1", "CT/2", *(f"MR/{n}/{sequence}" for n in "13" for sequence in sequences)]
    assert found["CT/1"].subject_id != found["MR/1/T2SPIR"].subject_id == found["MR/1/T1DUAL/InPhase"].subject_id


def test_ct_is_paired_by_rank_of_the_file_names(tmp_path):
    chaos.write(tmp_path)
    names = [path.name for path in cases(tmp_path)["CT/2"].files]
    slices, masks = names[:12], names[12:]
    assert slices[0] == "IMG-0002-00001.dcm" and masks[0] == "liver_GT_000.png"
    assert (slices, masks) == (sorted(slices), sorted(masks))


def test_numbers_decide_the_order_not_letters(tmp_path):
    chaos.write(tmp_path)
    folder = tmp_path / "Train_Sets" / "CT" / "1" / "DICOM_anon"
    for path in folder.glob("i*.dcm"):
        path.rename(folder / f"IMG-0002-{int(path.name[1:5]) + 1}.dcm")
    slices = [path.stem for path in cases(tmp_path)["CT/1"].image.files]
    assert slices == [f"IMG-0002-{number}" for number in range(1, 13)]


def test_both_phases_share_the_annotation(tmp_path):
    chaos.write(tmp_path)
    found = cases(tmp_path)
    in_phase, out_phase = found["MR/3/T1DUAL/InPhase"], found["MR/3/T1DUAL/OutPhase"]
    assert in_phase.annotations == out_phase.annotations
    assert not set(in_phase.image.files) & set(out_phase.image.files)


def broken(raw):
    """What reading the cases of a tree says, by case; nothing of those that can be read."""
    found = {}
    for case in SOURCE.cases(raw):
        try:
            standardise(SOURCE, case)
        except CaseError as error:
            found[case.case_id] = str(error)
    return found


def test_one_slice_missing_would_shift_every_pair(tmp_path):
    chaos.write(tmp_path)
    next((tmp_path / "Train_Sets" / "CT" / "1" / "DICOM_anon").glob("i0005*")).unlink()
    reasons = broken(tmp_path)
    assert reasons.keys() == {"CT/1"}
    assert re.search(r"CT/1/DICOM_anon/i0004,0000b\.dcm: the next slice, i0006,0000b\.dcm, lies", reasons["CT/1"])


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("CT/2/DICOM_anon/*.dcm", {"CT/2": r"CT/2/DICOM_anon/\*\.dcm"}),
        ("MR/1/T2SPIR/DICOM_anon/IMG-0002-00003.dcm", {"MR/1/T2SPIR": r"T2SPIR/DICOM_anon/IMG-0002-00003\.dcm"}),
        ("MR/1/T1DUAL/DICOM_anon/OutPhase/*.dcm", {"MR/1/T1DUAL/OutPhase": r"OutPhase/\*\.dcm"}),
    ],
)
def test_what_misses_slices_is_listed_and_fails_alone(tmp_path, lost, named):
    chaos.write(tmp_path)
    before = list(cases(tmp_path))
    for path in (tmp_path / "Train_Sets").glob(lost):
        path.unlink()
    assert list(cases(tmp_path)) == before
    reasons = broken(tmp_path)
    assert reasons.keys() == named.keys()
    for name, pattern in named.items():
        assert re.search(f"{pattern}: no such file; is the download complete", reasons[name])


def test_mr_masks_must_be_named_like_their_slices(tmp_path):
    chaos.write(tmp_path)
    ground = tmp_path / "Train_Sets" / "MR" / "1" / "T2SPIR" / "Ground"
    (ground / "IMG-0002-00003.png").rename(ground / "IMG-0009-00003.png")
    reasons = broken(tmp_path)
    assert reasons.keys() == {"MR/1/T2SPIR"}
    assert "DICOM_anon/IMG-0009-00003.dcm: no such file" in reasons["MR/1/T2SPIR"]


def test_grey_levels_of_mr_lie_in_bands(tmp_path):
    truth = chaos.write(tmp_path)
    names = {(label.name, value) for label in SOURCE.table("MR") for value in (label.value[0], label.value[1])}
    assert names >= {("liver", 55), ("kidney_right", 135), ("kidney_left", 200), ("spleen", 240)}
    # The tree's second patient is drawn five levels too dark.
    rows = standardise(SOURCE, cases(tmp_path)["MR/3/T2SPIR"]).rows
    assert {row["image_id"] for row in rows} == {name for name in truth.masks if name.startswith("chaos/MR/3/T2SPIR/")}
    assert {one["label"] for row in rows for one in row["objects"]} == set(chaos.NAMES)


def test_the_test_sets_have_no_labels(tmp_path):
    chaos.write(tmp_path)
    with pytest.raises(LayoutError, match="does not look like CHAOS"):
        SOURCE.cases(tmp_path / "Test_Sets")
