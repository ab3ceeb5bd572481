from pathlib import Path

import pytest
from raw_trees import ichallenge_amd, ichallenge_palm

from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.ichallenge_amd import SOURCE
from cosmos_datasets.standardise import standardise


def _labels(raw: Path) -> dict[str, list[str | None]]:
    return {case.case_id: [one.label for one in case.annotations] for case in SOURCE.cases(raw)}


def test_absent_file_is_an_absent_structure(tmp_path: Path) -> None:
    ichallenge_amd.write(tmp_path)
    labels = _labels(tmp_path)
    assert labels["A0001"] == ["optic_disc", "drusen", "exudate", "hemorrhage", "scar", "other_lesion"]
    assert labels["N0001"] == ["optic_disc"]
    assert "N0002" not in labels


def test_other_lesions_are_counted_and_left_out(tmp_path: Path) -> None:
    ichallenge_amd.write(tmp_path)
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "N0310")
    made = standardise(SOURCE, case)
    assert not made.rows
    assert made.dropped["excluded label other_lesion: catch-all class without a defined object"] == 1


def test_masks_are_inverted(tmp_path: Path) -> None:
    truth = ichallenge_amd.write(tmp_path)
    row = standardise(SOURCE, SOURCE.cases(tmp_path)[0]).rows[0]
    areas = {mask["label"]: mask["area"] for mask in row["objects"]}
    assert areas == {key[0]: mask.sum() for key, mask in truth.masks["ichallenge_amd/A0001"].items()}


def test_photographs_are_never_illustrations(tmp_path: Path) -> None:
    ichallenge_amd.write(tmp_path)
    assert {case.image.files[0].parent.name for case in SOURCE.cases(tmp_path)} == {"AMD", "Non-AMD"}


def test_archives_in_folders_of_their_titles(tmp_path: Path) -> None:
    ichallenge_amd.write(tmp_path)
    expected = _labels(tmp_path)
    (tmp_path / "Training400" / "Disc_Masks").rename(tmp_path / "Illustration" / "Disc_Masks")
    for folder, title in (
        ("Training400", "Classification of AMD and non-AMD fundus images iChallenge-AMD-Training400"),
        ("Training400-Lesion", "Detection and segmentation of lesions from fundus images Training400-Lesion"),
    ):
        (tmp_path / title).mkdir()
        (tmp_path / folder).rename(tmp_path / title / folder)
    assert _labels(tmp_path) == expected


def test_mask_without_photograph_is_listed_by_its_path(tmp_path: Path) -> None:
    ichallenge_amd.write(tmp_path)
    lost = tmp_path / "Training400" / "AMD" / "A0002.jpg"
    lost.unlink()
    assert [case.case_id for case in SOURCE.cases(tmp_path) if lost in case.files] == ["A0002"]


def test_the_myopia_challenge_is_refused(tmp_path: Path) -> None:
    ichallenge_palm.write(tmp_path)
    with pytest.raises(LayoutError):
        SOURCE.cases(tmp_path)
