from pathlib import Path

import numpy as np
import pytest
from raw_trees import ichallenge_amd, ichallenge_palm

from cosmos_datasets.case import Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.ichallenge_palm import SOURCE


def _listed(cases: list[Case]) -> list[tuple[str, str, list[str | None]]]:
    return [(case.case_id, case.split, [one.label for one in case.annotations]) for case in cases]


def test_absent_file_is_an_absent_structure(tmp_path: Path) -> None:
    ichallenge_palm.write(tmp_path)
    labels = {name: found for name, _, found in _listed(SOURCE.cases(tmp_path))}
    assert labels["P0001"] == ["optic_disc", "retinal_atrophy", "retinal_detachment"]
    assert labels["V0001"] == ["optic_disc", "retinal_detachment"]
    assert "N0002" not in labels


def test_archives_of_the_challenge_are_the_same_cases_without_the_test_part(tmp_path: Path) -> None:
    ichallenge_palm.write(tmp_path / "open")
    truth = ichallenge_palm.write(tmp_path / "challenge", challenge=True)
    everything, cases = SOURCE.cases(tmp_path / "open"), SOURCE.cases(tmp_path / "challenge")
    assert _listed(cases) == [one for one in _listed(everything) if one[1] != "test"]
    for case in cases:
        assert not case.image.files[0].parent.name.endswith("Illustration")
        for annotation in case.annotations:
            drawn = truth.masks[f"ichallenge_palm/{case.case_id}"].get((str(annotation.label), 0, -1))
            if drawn is not None:
                np.testing.assert_array_equal(annotation.reader.read().array > annotation.threshold, drawn)


def test_one_split_alone(tmp_path: Path) -> None:
    ichallenge_palm.write(tmp_path)
    assert [case.case_id for case in SOURCE.cases(tmp_path / "PALM" / "Testing")] == ["T0001"]


def test_mask_without_photograph_is_listed_by_its_path(tmp_path: Path) -> None:
    ichallenge_palm.write(tmp_path)
    lost = tmp_path / "PALM" / "Training" / "Images" / "P0002.jpg"
    lost.unlink()
    assert [case.case_id for case in SOURCE.cases(tmp_path) if lost in case.files] == ["P0002"]


def test_the_challenge_on_macular_degeneration_is_refused(tmp_path: Path) -> None:
    ichallenge_amd.write(tmp_path)
    with pytest.raises(LayoutError):
        SOURCE.cases(tmp_path)
