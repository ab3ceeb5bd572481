import pytest
from raw_trees import chaos

from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.chaos import SOURCE


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


def test_one_slice_missing_would_shift_every_pair(tmp_path):
    chaos.write(tmp_path)
    next((tmp_path / "Train_Sets" / "CT" / "1" / "DICOM_anon").glob("i0005*")).unlink()
    with pytest.raises(LayoutError, match=r"Ground holds 12 masks, .*DICOM_anon 11 slices"):
        SOURCE.cases(tmp_path)


def test_mr_masks_must_be_named_like_their_slices(tmp_path):
    chaos.write(tmp_path)
    ground = tmp_path / "Train_Sets" / "MR" / "1" / "T2SPIR" / "Ground"
    (ground / "IMG-0002-00003.png").rename(ground / "IMG-0009-00003.png")
    with pytest.raises(LayoutError, match="are not named like the slices"):
        SOURCE.cases(tmp_path)


def test_the_test_sets_have_no_labels(tmp_path):
    chaos.write(tmp_path)
    with pytest.raises(LayoutError, match="does not look like CHAOS"):
        SOURCE.cases(tmp_path / "Test_Sets")
