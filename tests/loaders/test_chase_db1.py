from pathlib import Path

from PIL import Image
from raw_trees import chase_db1

from cosmos_datasets.loaders.chase_db1 import SOURCE


def test_only_the_first_observer_is_read(tmp_path: Path) -> None:
    chase_db1.write(tmp_path)
    for case in SOURCE.cases(tmp_path):
        assert [path.name for path in case.files] == [f"{case.case_id}.jpg", f"{case.case_id}_1stHO.png"]


def test_both_eyes_of_a_child_are_one_subject(tmp_path: Path) -> None:
    chase_db1.write(tmp_path)
    subjects = {case.case_id: case.subject_id for case in SOURCE.cases(tmp_path)}
    assert subjects["Image_01L"] == subjects["Image_01R"] != subjects["Image_02L"]


def test_masks_in_a_folder_of_their_own(tmp_path: Path) -> None:
    chase_db1.write(tmp_path)
    expected = [case.case_id for case in SOURCE.cases(tmp_path)]
    for kind, pattern in (("Images", "Image_*.jpg"), ("Masks", "Image_*.png")):
        (tmp_path / "CHASEDB1" / kind).mkdir()
        for path in (tmp_path / "CHASEDB1").glob(pattern):
            path.rename(path.parent / kind / path.name)
    assert [case.case_id for case in SOURCE.cases(tmp_path)] == expected


def test_a_copy_with_photographs_as_png(tmp_path: Path) -> None:
    chase_db1.write(tmp_path)
    expected = [case.case_id for case in SOURCE.cases(tmp_path)]
    for path in (tmp_path / "CHASEDB1").glob("Image_*.jpg"):
        with Image.open(path) as photograph:
            photograph.save(path.with_suffix(".png"))
        path.unlink()
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == expected
    assert all(path.is_file() for case in cases for path in case.files)


def test_missing_partner_is_listed_by_its_path(tmp_path: Path) -> None:
    chase_db1.write(tmp_path)
    lost = {tmp_path / "CHASEDB1" / "Image_02R.jpg", tmp_path / "CHASEDB1" / "Image_03L_1stHO.png"}
    for path in lost:
        path.unlink()
    cases = SOURCE.cases(tmp_path)
    assert len(cases) == 8
    assert {path for case in cases for path in case.files if not path.is_file()} == lost
