import json
from pathlib import Path

import pytest
from raw_trees import msd

from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.msd import SOURCE

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


def test_label_without_image_is_an_error(tmp_path: Path) -> None:
    msd.write(tmp_path)
    (tmp_path / "Task06_Lung" / "imagesTr" / "lung_001.nii.gz").unlink()
    with pytest.raises(LayoutError, match=r"labelsTr.*lung_001\.nii\.gz has no image: .*imagesTr.*lung_001"):
        SOURCE.cases(tmp_path)


def test_listed_image_without_label_is_an_error_and_others_are_not(tmp_path: Path) -> None:
    msd.write(tmp_path)
    assert not any("la_999" in case.case_id for case in SOURCE.cases(tmp_path))
    (tmp_path / "Task03_Liver" / "labelsTr" / "liver_0.nii.gz").unlink()
    with pytest.raises(LayoutError, match=r"liver_0\.nii\.gz has no label: .*labelsTr.*liver_0\.nii\.gz"):
        SOURCE.cases(tmp_path)


@pytest.mark.parametrize("content", [[], {"training": None}, {"training": ["x"]}, {"training": [{"label": 1}]}])
def test_odd_dataset_json_is_done_without(tmp_path: Path, content: object) -> None:
    msd.write(tmp_path)
    (tmp_path / "Task03_Liver" / "dataset.json").write_text(json.dumps(content))
    assert len(SOURCE.cases(tmp_path / "Task03_Liver")) == 2


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
