import numpy as np
import pytest
from PIL import Image
from raw_trees import autolaparo

from cosmos_datasets.errors import CaseError
from cosmos_datasets.loaders.autolaparo import SOURCE
from cosmos_datasets.standardise import standardise


def test_split_and_subject_follow_the_clip(tmp_path):
    autolaparo.write(tmp_path)
    found = {(case.subject_id, case.split) for case in SOURCE.cases(tmp_path)}
    assert found == {(f"clip_{clip:03d}", split) for clip, split in autolaparo.CLIPS.items()}


def test_a_level_between_the_steps_is_an_error(tmp_path):
    autolaparo.write(tmp_path)
    path = tmp_path / "AutoLaparo_Task3" / "masks" / "001001.png"
    Image.fromarray(np.full((72, 96, 3), 30, np.uint8)).save(path)
    with pytest.raises(CaseError, match="label value 30 is not declared"):
        standardise(SOURCE, SOURCE.cases(tmp_path)[0])


@pytest.mark.parametrize("lost", ["imgs/171025.jpg", "masks/171025.png"])
def test_half_a_pair_is_a_broken_case(tmp_path, lost):
    autolaparo.write(tmp_path)
    gone = tmp_path / "AutoLaparo_Task3" / lost
    gone.unlink()
    case = next(case for case in SOURCE.cases(tmp_path) if case.case_id == "171025")
    with pytest.raises(CaseError, match=str(gone)):
        standardise(SOURCE, case)
