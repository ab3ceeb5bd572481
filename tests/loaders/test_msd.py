from pathlib import Path

import pytest
from raw_trees import msd

from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.msd import SOURCE
from cosmos_datasets.standardise import standardise

_REAL = Path(__file__).parents[2].parent / "shared" / "real" / "msd"


def test_every_sequence_of_a_4d_file_is_a_case_of_one_subject(tmp_path: Path) -> None:
    msd.write(tmp_path)
    brats = [case for case in SOURCE.cases(tmp_path) if case.subject_id == "BRATS_001"]
    assert {case.case_id.rsplit("/", 1)[1]: case.modality for case in brats} == {
        "flair": "T2-FLAIR MRI",
        "t1w": "T1W MRI",
        "t1gd": "T1-GD MRI",
        "t2w": "T2W MRI",
    }
    # The tree's sequences differ by 100 in brightness, in this order.
    means = [
        next(case for case in brats if case.case_id.endswith(name)).image.read().array.mean()
        for name in ("/flair", "/t1w", "/t1gd", "/t2w")
    ]
    assert [round(mean - means[0], -2) for mean in means] == [0, 100, 200, 300]


def test_one_task_and_a_renamed_folder_give_the_same_ids(tmp_path: Path) -> None:
    msd.write(tmp_path)
    liver = [case.case_id for case in SOURCE.cases(tmp_path) if case.case_id.startswith("Task03")]
    assert liver == ["Task03_Liver/liver_0", "Task03_Liver/liver_130"]
    assert [case.case_id for case in SOURCE.cases(tmp_path / "Task03_Liver")] == liver
    (tmp_path / "Task03_Liver").rename(tmp_path / "my copy")
    assert [case.case_id for case in SOURCE.cases(tmp_path / "my copy")] == liver


def test_liver_scans_are_grouped_with_lits(tmp_path: Path) -> None:
    msd.write(tmp_path)
    groups = {case.case_id: case.group for case in SOURCE.cases(tmp_path)}
    assert groups["Task03_Liver/liver_130"] == "lits/130"
    assert groups["Task07_Pancreas/pancreas_001"] == ""


@pytest.mark.parametrize("lost", ["imagesTr", "labelsTr"])
def test_half_a_pair_is_listed_and_fails_alone(tmp_path: Path, lost: str) -> None:
    msd.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    (tmp_path / "Task04_Hippocampus" / lost / "hippocampus_003.nii.gz").unlink()
    assert SOURCE.cases(tmp_path) == before
    case = next(case for case in before if case.subject_id == "hippocampus_003")
    with pytest.raises(CaseError, match=rf"{lost}/hippocampus_003\.nii\.gz: no such file; is the download complete"):
        standardise(SOURCE, case)


@pytest.mark.parametrize("task", msd.TASKS, ids=lambda task: task.folder)
def test_each_task_alone_has_its_labels_and_sequences(tmp_path: Path, task: msd.Task) -> None:
    truth = msd.write(tmp_path)
    cases = SOURCE.cases(tmp_path / task.folder)
    assert {case.subject_id for case in cases} == set(task.stems)
    assert {case.modality for case in cases} == set(task.channels.values())
    assert {label.name: label.value for label in SOURCE.table(task.folder)} == task.values
    for case in cases:
        drawn = {
            label
            for name, masks in truth.masks.items()
            if name.startswith(f"msd/{case.case_id}/a")
            for label, _, _ in masks
        }
        assert {one["label"] for row in standardise(SOURCE, case).rows for one in row["objects"]} == drawn


def test_two_prostates_have_no_peripheral_zone(tmp_path: Path) -> None:
    msd.write(tmp_path)
    case = next(case for case in SOURCE.cases(tmp_path / "Task05_Prostate") if case.case_id.endswith("01/adc"))
    found = {one["label"] for row in standardise(SOURCE, case).rows for one in row["objects"]}
    assert found == {"prostate_transition_zone"}


def test_files_in_folders_of_their_own_name(tmp_path: Path) -> None:
    msd.write(tmp_path)
    expected = [case.case_id for case in SOURCE.cases(tmp_path)]
    for path in sorted((tmp_path / "Task06_Lung").glob("*Tr/lung_*")):
        moved = path.rename(path.with_name("moving"))
        path.with_suffix("").mkdir()
        moved.rename(path.with_suffix("") / path.stem)
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == expected
    assert all(file.is_file() for case in SOURCE.cases(tmp_path) for file in case.files)


def test_foreign_folder_of_the_same_layout_is_refused(tmp_path: Path) -> None:
    for folder in ("imagesTr", "labelsTr"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "amos_0001.nii.gz").touch()
    with pytest.raises(LayoutError, match="no image with a label"):
        SOURCE.cases(tmp_path)


def test_real_cases() -> None:
    if not _REAL.is_dir():
        pytest.skip(f"no real data at {_REAL}")
    cases = SOURCE.cases(_REAL)
    assert len(cases) == len(list((_REAL / "Task04_Hippocampus" / "labelsTr").glob("hippocampus_*.nii.gz")))
    assert cases[0].case_id == "Task04_Hippocampus/hippocampus_001"
    assert cases[0].image.read().array.shape == cases[0].annotations[0].reader.read().array.shape
