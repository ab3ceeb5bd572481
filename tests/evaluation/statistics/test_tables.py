"""The tables: means, intervals and counts beside computations with other means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawn_runs import result, write
from scipy import stats

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.statistics.scores import read_runs, read_scores
from cosmos_datasets.evaluation.statistics.tables import full_table, overall, table
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS, read_summary


@pytest.fixture
def frame(run: Path) -> pd.DataFrame:
    return read_scores(run)


def row(rows: pd.DataFrame, **key: str) -> Any:
    for name, value in key.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def close(found: tuple[float, float], theirs: Any) -> bool:
    low, high = theirs.confidence_interval
    return found == pytest.approx((low, high), abs=0.04 * (high - low))


def test_the_rows_say_what_the_summary_of_the_run_says(run: Path, frame: pd.DataFrame) -> None:
    summary = read_summary(run)
    for choice in ("oracle", "predicted"):
        for metric in ("dice", "jac", "hd"):
            rows = table(frame, ["target"], metric=metric, choice=choice)  # type: ignore[arg-type]
            assert len(rows) == len(summary)
            for one in summary.to_dict("records"):
                key = {name: one[name] for name in ("masks_are", "strategy")}
                found = row(rows, target=f"{one['object']}, {one['modality']}", **key)
                assert (found["masks"], found["images"]) == (one["masks"], one["images"])
                expected = [one[f"{metric}_{choice}"], one[f"{metric}_{choice}_std"]]
                assert found[["mean", "std"]].tolist() == pytest.approx(expected, nan_ok=True)
                if metric == "dice":
                    assert found["blind"] == pytest.approx(one["dice_blind"])
                    empty = one[f"empty_{choice}"]
                    assert pd.isna(found["empty"]) if pd.isna(empty) else found["empty"] == empty / one["masks"]


def test_intervals_are_those_of_scipy(frame: pd.DataFrame) -> None:
    found = row(table(frame, ["target"]), target="kidney, CT", strategy="S2")
    plain = frame[(frame["target"] == "kidney, CT") & (frame["strategy"] == "S2")]
    gains = plain["dice_oracle"] - plain["dice_blind"]
    for name, values in {"": plain["dice_oracle"], "gain_": gains}.items():
        by_subject = values.groupby(plain["group_id"].astype(str)).agg(["sum", "count"])
        theirs = stats.bootstrap(
            (by_subject["sum"].to_numpy(), by_subject["count"].to_numpy()),
            lambda sums, counts, axis=-1: sums.sum(axis=axis) / counts.sum(axis=axis),
            paired=True, n_resamples=40_000, method="percentile", rng=0,
        )  # fmt: skip
        assert close((found[f"{name}low"], found[f"{name}high"]), theirs)
    assert found["gain"] == pytest.approx(gains.mean())
    assert found["median"] == pytest.approx(np.median(plain["dice_oracle"]))
    assert found["gap"] == pytest.approx(plain["dice_oracle"].mean() - plain["dice_predicted"].mean())


def test_the_interval_per_subject_is_that_of_scipy_on_a_plain_mean(frame: pd.DataFrame) -> None:
    found = row(table(frame, ["target"], per="subject"), target="kidney, CT", strategy="S2")
    plain = frame[(frame["target"] == "kidney, CT") & (frame["strategy"] == "S2")]
    subjects = plain.groupby(plain["group_id"].astype(str))["dice_oracle"].mean().to_numpy()
    theirs = stats.bootstrap((subjects,), np.mean, n_resamples=40_000, method="percentile", rng=0)
    assert close((found["low"], found["high"]), theirs)
    assert found["mean"] == pytest.approx(subjects.mean())
    assert (found["units"], found["subjects"], found["masks"]) == (8, 8, len(plain))


def test_the_two_means_at_the_foot(frame: pd.DataFrame) -> None:
    feet, rows = overall(frame), table(frame, ["target"])
    for masks_are in ("union", "instances"):
        of_targets = rows[(rows["masks_are"] == masks_are) & (rows["strategy"] == "S5")]
        foot = row(feet, over=OVER_TARGETS, masks_are=masks_are, strategy="S5")
        assert foot["mean"] == pytest.approx(of_targets["mean"].mean())
        assert foot["gain"] == pytest.approx(of_targets["gain"].mean())
        assert foot["targets"] == len(of_targets)
        plain = frame[(frame["masks_are"] == masks_are) & (frame["strategy"] == "S5")]
        assert row(feet, over=OVER_MASKS, masks_are=masks_are, strategy="S5")["mean"] == pytest.approx(
            plain["dice_oracle"].mean()
        )
    foot = row(feet, over=OVER_TARGETS, masks_are="union", strategy="S5")
    assert foot["low"] < foot["mean"] < foot["high"]


def test_the_interval_over_targets_is_that_of_a_loop(frame: pd.DataFrame) -> None:
    plain = frame[(frame["masks_are"] == "union") & (frame["strategy"] == "S5")]
    parts = plain.astype({"group_id": str, "target": str}).groupby(["group_id", "target"])["dice_oracle"]
    sums, counts = (parts.agg(kind).unstack(fill_value=0).to_numpy() for kind in ("sum", "count"))
    generator = np.random.default_rng(3)
    means = []
    for _ in range(8_000):
        drawn = generator.integers(len(sums), size=len(sums))
        number = counts[drawn].sum(axis=0)
        means.append((sums[drawn].sum(axis=0)[number > 0] / number[number > 0]).mean())
    low, high = np.quantile(means, [0.025, 0.975])
    foot = row(overall(frame), over=OVER_TARGETS, masks_are="union", strategy="S5")
    assert (foot["low"], foot["high"]) == pytest.approx((low, high), abs=0.05 * (high - low))


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (["modality"], {("CT",), ("T2W MRI",), ("Histopathology",)}),
        (["object"], {("liver",), ("kidney",), ("prostate",), ("cell",)}),
        (["source", "target"], {("chaos", "liver, CT"), ("msd", "liver, CT"), ("msd", "kidney, CT"),
                                ("qubiq21", "prostate, T2W MRI"), ("cellseg_neurips22", "cell, Histopathology")}),
        (["rater"], {(-1,), (0,), (1,)}),
    ],
)  # fmt: skip
def test_what_a_row_is_about(frame: pd.DataFrame, by: list[str], groups: set[Any]) -> None:
    rows = table(frame, by)
    assert set(rows[by].itertuples(index=False, name=None)) == groups
    assert rows["masks"].sum() == len(frame)
    for one in rows.to_dict("records"):
        plain = frame[frame["strategy"].eq(one["strategy"]) & frame["masks_are"].eq(one["masks_are"])]
        for name in by:
            plain = plain[plain[name] == one[name]]
        assert one["mean"] == pytest.approx(plain["dice_oracle"].mean())
        assert (one["subjects"], one["cases"]) == (plain["group_id"].nunique(), plain["case_id"].nunique())


def test_labels_are_never_pooled_over_sources(frame: pd.DataFrame) -> None:
    rows = table(frame, ["label"])
    livers = rows[rows["label"] == "liver"]
    assert set(livers["source"]) == {"msd", "chaos"}
    assert (rows["sources"] == 1).all()
    assert (table(frame, ["target"]).query("target == 'liver, CT'")["sources"] == 2).all()
    assert (table(frame, ["target"]).query("target == 'prostate, T2W MRI'")["raters"] == 2).all()


def test_unions_and_instances_are_apart_in_every_row(frame: pd.DataFrame) -> None:
    for by in (["target"], ["modality"], ["model"]):
        rows = full_table(frame, by)
        cells = rows[rows["masks_are"] == "instances"]
        assert set(cells["masks"]) == {int(((frame["instance"] > 0) & (frame["strategy"] == "S5")).sum())}


def test_runs_stand_in_the_order_they_are_given(run: Path, other: Path) -> None:
    for runs in ([run, other], [other, run]):
        rows = full_table(read_runs(runs), ["target"])
        assert list(dict.fromkeys(rows["run"])) == [one.name for one in runs]
        alone = pd.concat([full_table(read_runs([one]), ["target"]) for one in runs])
        for one in alone.to_dict("records"):
            key = {
                name: one[name]
                for name in ("over", "run", "target", "masks_are", "strategy")
                if one[name] == one[name]
            }
            found = row(rows, **key)
            for name in ("mean", "low", "high", "gain_low", "gap"):
                assert found[name] == pytest.approx(one[name], nan_ok=True)


def test_the_same_seed_gives_the_same_table(frame: pd.DataFrame) -> None:
    assert full_table(frame, ["target"]).equals(full_table(frame, ["target"]))
    assert not table(frame, ["target"], seed=1)["low"].equals(table(frame, ["target"])["low"])


def test_a_distance_to_nothing_counts_as_the_diagonal_and_beside_it_stands_the_mean_without(
    frame: pd.DataFrame,
) -> None:
    found = row(table(frame, ["target"], metric="hd"), target="kidney, CT", strategy="S5")
    plain = frame[(frame["target"] == "kidney, CT") & (frame["strategy"] == "S5")]
    assert found["undefined"] == plain["hd_oracle"].isna().sum() == (plain["pred_area_oracle"] == 0).sum() > 0
    assert found["mean"] == pytest.approx(plain["hd_oracle"].fillna(99.0).mean())
    assert found["mean_defined"] == pytest.approx(plain["hd_oracle"].mean())
    assert found["mean_defined"] < found["mean"]
    assert list(found.index).index("mean") < list(found.index).index("mean_defined")
    # Whoever finds a far object no longer cannot gain by it.
    worse = frame.copy()
    far = plain["hd_oracle"].idxmax()
    worse.loc[far, ["hd_oracle", "pred_area_oracle"]] = [np.nan, 0]
    missed = row(table(worse, ["target"], metric="hd"), target="kidney, CT", strategy="S5")
    assert missed["mean"] > found["mean"] and missed["mean_defined"] < found["mean_defined"]
    assert pd.isna(found["blind"])
    assert pd.isna(found["gain_low"])


def test_one_subject_has_no_interval(tmp_path: Path) -> None:
    frame = read_scores(write(tmp_path / "run", [result(f"msd/0/{k}", 0.5 + k / 10) for k in range(4)]))
    found = row(table(frame, ["target"]), strategy="S5")
    assert found["mean"] == pytest.approx(0.65)
    assert pd.isna(found[["low", "high", "gain_low", "gain_high"]].astype(float)).all()


def test_unknown_groupings(frame: pd.DataFrame) -> None:
    with pytest.raises(CosmosError, match="no table by 'organ'; choose of target"):
        table(frame, ["organ"])
