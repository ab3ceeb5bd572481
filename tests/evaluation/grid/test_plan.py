"""What a study is said to take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.evaluation.grid.plan import Step, describe, duration


def test_time_grows_with_points_and_images() -> None:
    # 10 images of 0.5 + 64 x 0.01 s, and 2 more with a warm-up of encoding: 11.4 + 3.28 s.
    text = describe([Step(8, 10, 2), Step(16, 0, 2)], encoding=0.5, point=0.01, measured=8)
    lines = [line.split() for line in text.splitlines()]
    assert lines[2] == ["8", "64", "0.640", "10", "15", "s"]
    assert lines[3] == ["16", "256", "2.56", "0", "7", "s"]
    assert lines[4][:3] == ["About", "22", "s"] and "from 8 x 8 points" in text
    shared = describe([Step(8, 10, 2)], encoding=0.5, point=0.01, measured=8, processes=2)
    assert shared.splitlines()[2].split()[-2:] == ["9", "s"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (89, "89 s"), (91, "2 min"), (5_000, "83 min"), (12_000, "3 h 20 min"), (54_000, "15 h"),
     (432_000, "5 days")],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(st.floats(0, 1e8))
def test_durations_are_nearly_right(seconds: float) -> None:
    units = {"s": 1, "min": 60, "h": 3600, "days": 86400}
    words = duration(seconds).split()
    said = sum(int(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert abs(said - seconds) <= max(1, 0.35 * seconds)
