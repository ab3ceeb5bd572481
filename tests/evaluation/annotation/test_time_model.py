"""Seconds from counts."""

from __future__ import annotations

import pytest

from cosmos_datasets.evaluation.annotation.hce import Effort
from cosmos_datasets.evaluation.annotation.time_model import Seconds, assumptions

_SECONDS = Seconds(point=10, further_point=1, box=100, polygon_point=2, region=3)


@pytest.mark.parametrize(
    ("prompt", "seconds"),
    [
        ('{"grid":32}', 10),
        ('{"points":[[1,2]],"labels":[1]}', 10),
        ('{"points":[[1,2],[3,4],[5,6]],"labels":[1,1,0]}', 12),
        ('{"box":[1,2,3,4]}', 100),
        ('{"points":[[1,2]],"labels":[1],"box":[1,2,3,4]}', 101),
    ],
)
def test_prompts(prompt: str, seconds: float) -> None:
    assert _SECONDS.of_prompt(prompt) == seconds


def test_corrections() -> None:
    assert _SECONDS.of_correction(Effort(points=4, regions=5)) == 23


def test_what_was_assumed_is_said() -> None:
    lines = assumptions(Seconds(box=3))
    assert "box: 3 s (given)" in lines
    assert "polygon point: 2 s (assumed)" in lines
    assert sum("Bearman" in line for line in lines) == 2
    assert "OpenCV" in lines[-1] and "scikit-image" in lines[-1], "their versions decide HCE"
