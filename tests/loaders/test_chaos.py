import re
import shutil

import pydicom
import pytest
from raw_trees import chaos

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.chaos import SOURCE
from cosmos_datasets.standardise import standardise


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    raw = tmp_path_factory.mktemp("chaos")
    chaos.write(raw)
    return raw


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
    assert re.search(r"CT/1/DICOM_anon/i0005,0000b\.dcm: no such file", reasons["CT/1"])


@pytest.mark.parametrize("lost_slice", [0, 4, 11])
@pytest.mark.parametrize("lost_mask", [0, 7, 11])
@pytest.mark.parametrize("folder", ["CT/1", "CT/2", "MR/1/T1DUAL", "MR/1/T2SPIR"])
def test_a_slice_and_another_mask_missing_are_named(tree, tmp_path, folder, lost_slice, lost_mask):
    """As many slices as masks are left, and pairs by rank would be wrong."""
    base = tmp_path / "Train_Sets" / folder
    for path in (tree / "Train_Sets" / folder).rglob("*.[dp]*"):  # names are all that counts
        copy = base / path.relative_to(tree / "Train_Sets" / folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
    phases = ("InPhase", "OutPhase") if folder.endswith("DUAL") else ("",)
    slices = {phase: sorted((base / "DICOM_anon" / phase).glob("[iI]*"))[lost_slice] for phase in phases}
    mask = sorted((base / "Ground").glob("[lI]*"))[lost_mask]
    for path in (*slices.values(), mask):
        path.unlink()
    found = cases(tmp_path)
    for phase, path in slices.items():
        case = found["/".join(filter(None, (folder, phase)))]
        assert len(case.image.files) == len(case.annotations[0].reader.files)
        if lost_slice == lost_mask:
            assert len(case.image.files) == (12 if lost_slice == 4 else 11), "nobody can know of an end"
        missing = [one for one in case.files if not one.is_file()]
        assert missing == ([path, mask] if lost_slice != lost_mask or lost_slice == 4 else [])


def test_copies_are_named_and_never_stacked(tmp_path):
    chaos.write(tmp_path)
    before = cases(tmp_path)
    for path in [*(tmp_path / "Train_Sets").rglob("*.dcm"), *(tmp_path / "Train_Sets").rglob("*.png")]:
        if path.name[0] != ".":
            shutil.copy(path, path.with_name(f"{path.stem} (1){path.suffix}"))
    assert cases(tmp_path) == before
    told = [finding.what for finding in SOURCE.listing(tmp_path).findings]
    assert any("copy of a file" in what for what in told)


def test_a_second_series_in_a_folder_is_named(tmp_path):
    chaos.write(tmp_path)
    folder = tmp_path / "Train_Sets" / "CT" / "2" / "DICOM_anon"
    shutil.copy(folder / "IMG-0002-00003.dcm", folder / "IMG-0005-00003.dcm")
    shutil.copy(folder / "IMG-0002-00003.dcm", folder / "IMG-0005-00090.dcm")
    assert "IMG-0005-00003.dcm: has the number of IMG-0002-00003.dcm as well" in broken(tmp_path)["CT/2"]
    (folder / "IMG-0005-00003.dcm").unlink()
    assert "IMG-0005-00090.dcm: is called unlike the others" in broken(tmp_path)["CT/2"]


def test_slices_without_masks_are_told(tmp_path):
    chaos.write(tmp_path)
    shutil.rmtree(tmp_path / "Train_Sets" / "CT" / "1" / "Ground")
    listing = SOURCE.listing(tmp_path)
    assert "CT/1" not in {case.case_id for case in listing.cases}
    assert any("their masks are not" in finding.what for finding in listing.findings)


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
    assert "Ground/IMG-0009-00003.png: is called unlike the others beside it" in reasons["MR/1/T2SPIR"]
    for path in ground.glob("IMG-0002-*"):
        path.rename(ground / path.name.replace("0002", "0009"))
    assert re.search(r"IMG-0009-00001\.png: is not called like its slice, IMG-0002-", broken(tmp_path)["MR/1/T2SPIR"])


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


def test_a_slice_that_lost_its_rescale_function_is_named(tmp_path):
    chaos.write(tmp_path)
    path = tmp_path / "Train_Sets" / "CT" / "1" / "DICOM_anon" / "i0004,0000b.dcm"
    dataset = pydicom.dcmread(path)
    del dataset.RescaleSlope, dataset.RescaleIntercept
    dataset.save_as(path)
    reasons = broken(tmp_path)
    assert reasons.keys() == {"CT/1"}
    assert "i0004,0000b.dcm: differs from other slices of its series in whether it states a rescale" in reasons["CT/1"]
