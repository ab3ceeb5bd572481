"""Paired tests: beside scipy, beside a table of Holm's correction by hand, and beside ``compare``."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from drawn_runs import Row, result, write
from scipy import stats

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.compare import compare
from cosmos_datasets.evaluation.resampling import holm
from cosmos_datasets.evaluation.statistics.scores import read_runs, read_scores
from cosmos_datasets.evaluation.statistics.tests_between import between_models, between_strategies


def row(rows: pd.DataFrame, **key: str) -> Any:
    for name, value in key.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_holm_beside_a_table_by_hand() -> None:
    # Five tests: p times 5, 4, 3, 2, 1 in the order of p, never falling, at most 1.
    by_hand = {0.010: 0.050, 0.012: 0.050, 0.030: 0.090, 0.040: 0.090, 0.700: 0.700}
    assert holm([0.030, 0.700, 0.010, 0.040, 0.012]) == pytest.approx(
        [by_hand[p] for p in (0.030, 0.700, 0.010, 0.040, 0.012)]
    )


def test_every_pair_of_strategies_beside_pandas_and_scipy(run: Path) -> None:
    frame = read_scores(run)
    rows = between_strategies(frame)
    own = rows[rows["over"] == ""]
    assert set(zip(own["a"], own["b"], strict=True)) == set(combinations(("S1", "S2", "S5"), 2))
    assert len(own) == 3 * 5  # three organs, cells as unions and as instances
    key = ["image_id", "label", "instance", "rater"]
    for one in own.to_dict("records"):
        plain = frame[(frame["target"] == one["target"]) & (frame["masks_are"] == one["masks_are"])]
        a, b = (
            plain[plain["strategy"] == name].astype({"image_id": str}).set_index(key) for name in (one["a"], one["b"])
        )
        b = b.loc[a.index]
        difference = b["dice_oracle"] - a["dice_oracle"]
        assert one["difference"] == pytest.approx(difference.mean())
        assert (one["mean_a"], one["mean_b"]) == pytest.approx((a["dice_oracle"].mean(), b["dice_oracle"].mean()))
        assert (one["blind_a"], one["blind_b"]) == pytest.approx((a["dice_blind"].mean(), b["dice_blind"].mean()))
        subjects = difference.groupby(a["group_id"].astype(str)).mean()
        assert (one["masks"], one["subjects"]) == (len(a), len(subjects))
        assert one["p_uncorrected"] == pytest.approx(stats.wilcoxon(subjects).pvalue)
        assert one["low"] <= one["difference"] <= one["high"]
    assert own["p_value"].tolist() == pytest.approx(holm(own["p_uncorrected"].tolist()))


def test_the_interval_is_that_of_scipy(run: Path) -> None:
    frame = read_scores(run)
    found = row(between_strategies(frame, ["modality"]), over="", modality="CT", a="S2", b="S5")
    sides = [frame[(frame["modality"] == "CT") & (frame["strategy"] == name)].reset_index() for name in ("S2", "S5")]
    difference = sides[1]["dice_oracle"] - sides[0]["dice_oracle"]  # in the same order
    by_subject = difference.groupby(sides[0]["group_id"].astype(str)).agg(["sum", "count"])
    low, high = stats.bootstrap(
        (by_subject["sum"].to_numpy(), by_subject["count"].to_numpy()),
        lambda sums, counts, axis=-1: sums.sum(axis=axis) / counts.sum(axis=axis),
        paired=True, n_resamples=40_000, method="percentile", rng=0,
    ).confidence_interval  # fmt: skip
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=0.04 * (high - low))


@pytest.mark.parametrize("metric", ["dice", "jac"])
@pytest.mark.parametrize("choice", ["oracle", "predicted"])
def test_two_runs_are_compared_as_compare_does(run: Path, other: Path, metric: Any, choice: Any) -> None:
    theirs = compare(run, other, metric=metric, choice=choice)
    ours = between_models(read_runs([run, other]), metric=metric, choice=choice)
    assert len(ours) == len(theirs.rows) + len(theirs.overall)
    for one in (*theirs.rows, *theirs.overall):
        about = (
            {"over": one["over"]} if "over" in one else {"target": f"{one['object']}, {one['modality']}", "over": ""}
        )
        found = row(ours, masks_are=one["masks_are"], strategy=one["strategy"], **about)
        assert (found["a"], found["b"]) == ("sam_b", "tiny")
        assert (found["masks"], found["subjects"]) == (one["masks"], one["groups"])
        for name in ("mean_a", "mean_b", "difference", "low", "high", "p_value", "p_uncorrected"):
            assert found[name] == pytest.approx(one[name], abs=1e-9)


def test_only_masks_that_both_have_are_paired(tmp_path: Path) -> None:
    rows = [result(f"msd/{n}/0", 0.5, strategy="S2") for n in range(8)]
    rows += [result(f"msd/{n}/0", 0.6 + n / 100, strategy="S5") for n in range(2, 10)]
    found = row(between_strategies(read_scores(write(tmp_path / "run", rows))), over="")
    assert (found["masks"], found["subjects"]) == (6, 6)
    assert found["difference"] == pytest.approx(0.1 + sum(range(2, 8)) / 6 / 100)


def test_few_subjects_have_no_test(tmp_path: Path) -> None:
    rows = [result(f"msd/{n}/0", 0.5 + n / 10, strategy=one) for n in range(3) for one in ("S2", "S5")]
    found = row(between_strategies(read_scores(write(tmp_path / "run", rows))), over="")
    assert pd.isna(found["p_value"])
    assert (found["difference"], found["low"], found["high"]) == (0, 0, 0)


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    def rows(strategy: str, dice: float | None) -> list[Row]:
        return [result(f"msd/{n}/0", dice, dice_oracle=0.5, strategy=strategy) for n in range(3)]

    frame = read_scores(write(tmp_path / "run", [*rows("S1", None), *rows("S5", 0.5)]))
    assert len(between_strategies(frame)) == 3
    with pytest.raises(CosmosError, match="no two strategies with scores of the same masks"):
        between_strategies(frame, choice="predicted")
    with pytest.raises(CosmosError, match="no two strategies"):
        between_strategies(frame[frame["strategy"] == "S1"], choice="predicted")
    with pytest.raises(CosmosError, match="no two runs"):
        between_models(frame)
