"""Which masks are drawn: the best, a median and the worst, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.report.folders import read_folders
from cosmos_datasets.evaluation.report.pictures import choose, draw_pictures


def members(dice: Sequence[float], drawable: Sequence[bool]) -> pd.DataFrame:
    return pd.DataFrame({"dice_oracle": dice, "drawable": drawable}, index=range(100, 100 + len(dice)))


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=30))
def test_what_is_drawn_is_kept_and_in_order(masks: list[tuple[int, bool]]) -> None:
    frame = members([dice / 100 for dice, _ in masks], [kept for _, kept in masks])
    picks = list(choose(frame))
    kept = frame[frame["drawable"]]
    assert len(picks) <= 3 and len({pick.number for pick in picks}) == len(picks)
    assert bool(picks) == bool(len(kept))
    scores = [frame.loc[pick.number, "dice_oracle"] for pick in picks]
    assert scores == sorted(scores, reverse=True)
    assert all(frame.loc[pick.number, "drawable"] for pick in picks)
    if picks:
        assert (scores[0], scores[-1]) == (
            kept["dice_oracle"].max(),
            scores[-1] if len(picks) == 1 else kept["dice_oracle"].min(),
        )
    for pick in picks:
        if pick.kind == "median" and pick.median is None:
            nearest = (frame["dice_oracle"] - frame["dice_oracle"].median()).abs()
            assert nearest[pick.number] == nearest.min()


def test_the_true_median_stands_beside_one_that_is_only_near() -> None:
    dice = [0.1, 0.2, 0.5, 0.6, 0.9]
    (_, exact, _) = choose(members(dice, [True] * 5))
    assert (exact.number, exact.median) == (102, None)
    (_, near, _) = choose(members(dice, [True, False, False, True, True]))
    assert (near.number, near.median) == (103, 0.5)


def drawn_of(run: Path, data: Path, most: int) -> Any:
    folders = read_folders([run])
    return draw_pictures(folders, [str(data)], {"run": "tiny"}, most)


def test_room_is_made_by_strategies_first(real_run: Path, real_data: Path) -> None:
    everything = drawn_of(real_run, real_data, 9)
    assert [group["strategy"] for group in everything.targets[0]["groups"]] == ["S1", "S2", "S5"]
    assert not everything.notes
    less = drawn_of(real_run, real_data, 8)
    assert [group["strategy"] for group in less.targets[0]["groups"]] == ["S5"]
    assert less.notes == ["Of the strategies S5 is drawn."]
    assert len(less.views) <= 3


def test_another_data_set_is_refused(real_run: Path, small_other: Path) -> None:
    with pytest.raises(CosmosError, match="no run was made from"):
        drawn_of(real_run, small_other, 9)


@pytest.fixture
def small_other(real_data: Path, tmp_path: Path) -> Path:
    """The same data set with one case less."""
    from runs import SHARED

    from cosmos_datasets.build.run import build
    from cosmos_datasets.registry import get_source

    raw = tmp_path / "raw"
    source = SHARED / "real" / "msd" / "Task04_Hippocampus"
    for folder in ("imagesTr", "labelsTr"):
        (raw / source.name / folder).mkdir(parents=True)
        for path in sorted((source / folder).iterdir())[1:]:
            (raw / source.name / folder / path.name).symlink_to(path)
    (raw / source.name / "dataset.json").symlink_to(source / "dataset.json")
    build(get_source("msd"), raw, tmp_path / "other")
    return tmp_path / "other"
