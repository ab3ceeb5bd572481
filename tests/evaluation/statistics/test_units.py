"""Scores of masks, images, cases, volumes and subjects, beside plain pandas and beside masks that are stacked."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from runs import SHARED

import cosmos_datasets
from cosmos_datasets.build.run import build
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.statistics.options import METRICS
from cosmos_datasets.evaluation.statistics.scores import read_scores
from cosmos_datasets.evaluation.statistics.units import per_unit
from cosmos_datasets.load.access import open_dataset
from cosmos_datasets.registry import get_source


@pytest.fixture
def frame(run: Path) -> pd.DataFrame:
    return read_scores(run)


@pytest.mark.parametrize(("per", "unit"), [("image", "image_id"), ("case", "case_id"), ("subject", "group_id")])
@pytest.mark.parametrize("metric", ["dice", "hd"])
def test_means_of_units_are_those_of_plain_pandas(frame: pd.DataFrame, per: Any, unit: str, metric: str) -> None:
    plain = frame.astype(dict.fromkeys(frame.select_dtypes("category"), object))
    plain["blind"] = plain["dice_blind"] if metric == "dice" else np.nan
    for choice in ("oracle", "predicted") if metric == "hd" else ():
        missed = plain[f"pred_area_{choice}"] == 0
        plain.loc[missed, f"hd_{choice}"] = plain["diagonal"]
    keys = ["source", "object", "modality", "masks_are", "strategy", unit]
    expected = plain.groupby(keys)[[f"{metric}_oracle", f"{metric}_predicted", "blind"]].mean()
    sizes = plain.groupby(keys).size()
    found = per_unit(frame, per, metric, "predicted").astype(dict.fromkeys([*keys[:-1], "unit"], object))
    found = found.set_index([*keys[:-1], "unit"]).sort_index()
    assert found.index.tolist() == expected.index.tolist()
    for name, column in {"oracle": f"{metric}_oracle", "predicted": f"{metric}_predicted", "blind": "blind"}.items():
        np.testing.assert_allclose(found[name], expected[column], rtol=1e-12)
    assert found["masks"].tolist() == sizes.tolist()
    assert found["value"].equals(found["predicted"])


def test_a_mask_is_a_unit_of_its_own(frame: pd.DataFrame) -> None:
    units = per_unit(frame, "mask", "jac", "oracle")
    assert units["value"].tolist() == frame["jac_oracle"].tolist()
    assert units["blind"].tolist() == pytest.approx((frame["dice_blind"] / (2 - frame["dice_blind"])).tolist())
    assert set(units["masks"]) == {1}


def test_labels_and_raters_can_be_kept_apart(frame: pd.DataFrame) -> None:
    kidneys = per_unit(frame, "image").query("object == 'kidney'")
    assert kidneys["label"].isna().all()
    assert set(kidneys["masks"]) == {2}
    sides = per_unit(frame, "image", apart=["label"]).query("object == 'kidney'")
    assert len(sides) == 2 * len(kidneys)
    assert set(sides["label"]) == {"kidney_left", "kidney_right"}
    assert (per_unit(frame, "image").query("object == 'liver'")["label"] == "liver").all()
    raters = per_unit(frame, "subject", apart=["rater"]).query("object == 'prostate'")
    assert set(raters["rater"]) == {0, 1}


def test_conformity_follows_from_dice_and_is_undefined_at_0(frame: pd.DataFrame) -> None:
    found = per_unit(frame, "mask", "conformity")["value"]
    dice = frame["dice_oracle"]
    assert found.isna().equals(dice == 0)
    assert (dice == 0).any()
    # Its definition: 1 - (false positives + false negatives) / true positives.
    errors = frame["pred_area_oracle"] + frame["area"] - 2 * frame["tp_oracle"]
    expected = 1 - errors / frame["tp_oracle"].where(frame["tp_oracle"] > 0)
    np.testing.assert_allclose(found, expected)


def test_what_cannot_be_asked_for(frame: pd.DataFrame) -> None:
    with pytest.raises(CosmosError, match="no unit 'slice'; choose of mask"):
        per_unit(frame, "slice")  # type: ignore[arg-type]
    with pytest.raises(CosmosError, match="no metric 'iou'; choose of dice"):
        per_unit(frame, "mask", "iou")
    with pytest.raises(CosmosError, match=r"HD \(px\) of a volume does not follow"):
        per_unit(frame, "volume", "hd")
    with pytest.raises(CosmosError, match=r"sam_b holds no HD \(mm\): its data have no spacing"):
        per_unit(frame, "mask", "hd_mm")


def test_every_score_of_the_results_is_a_metric(frame: pd.DataFrame) -> None:
    held = {name.removesuffix("_oracle") for name in frame if name.endswith("_oracle")} - {"tp", "pred_area", "choice"}
    assert held == set(METRICS) - {"conformity"}


def test_a_volume_is_scored_by_its_summed_counts(frame: pd.DataFrame) -> None:
    found = per_unit(frame, "volume", "dice", "oracle")
    one = found.query("label == 'kidney_left' and strategy == 'S2' and unit == 'msd/2'")
    slices = frame.query("label == 'kidney_left' and strategy == 'S2' and case_id == 'msd/2'")
    assert len(slices) == 4
    expected = 2 * slices["tp_oracle"].sum() / (slices["area"].sum() + slices["pred_area_oracle"].sum())
    assert one["value"].tolist() == [pytest.approx(expected)]
    assert one["masks"].tolist() == [4]
    # S1 has no choice of its own; raters and instances are volumes of their own.
    assert found.loc[found["strategy"] == "S1", "predicted"].isna().all()
    assert found.loc[found["strategy"] != "S1", "predicted"].notna().all()
    assert len(found.query("unit == 'qubiq21/0' and strategy == 'S2'")) == 2
    assert len(found.query("unit == 'cells/0' and strategy == 'S2'")) == 3


def test_the_volume_of_a_real_case_is_that_of_its_stacked_masks(tmp_path: Path, cli: Any) -> None:
    raw = SHARED / "real" / "msd"
    if not raw.is_dir():
        pytest.skip(f"the real volume is not there: {raw}")
    build(get_source("msd"), raw, tmp_path / "data")
    cli("run", tmp_path / "data", "--model", "tiny", "--strategies", "S5", "--limit", 12, "--no-hd", "--save-masks",
        "--threads", 1, "--out", tmp_path / "run")  # fmt: skip
    volumes = per_unit(read_scores(tmp_path / "run"), "volume", "dice", "oracle")
    assert len(volumes) == 2  # front and back of a hippocampus
    data = open_dataset(tmp_path / "data")
    rows = {row["image_id"]: row for row in data.rows(data.find())}
    results = pd.read_parquet(tmp_path / "run" / "results.parquet")
    for volume in volumes.to_dict("records"):
        of_volume = results[(results["case_id"] == volume["unit"]) & (results["label"] == volume["label"])]
        assert len(of_volume) == volume["masks"] > 5
        reference = np.stack([labelled(rows[one.image_id], one.label) for one in of_volume.itertuples()])
        for choice in ("oracle", "predicted"):
            prediction = np.stack([placed(mask, reference.shape[1:]) for mask in of_volume[f"mask_{choice}"]])
            dice = 2 * (reference & prediction).sum() / (reference.sum() + prediction.sum())
            assert 0.3 < dice < 1
            assert volume[choice] == pytest.approx(dice, abs=1e-12)
            # The mean of the slices is another figure.
            assert abs(of_volume[f"dice_{choice}"].mean() - dice) > 1e-4


def labelled(row: Any, label: str) -> np.ndarray:
    (k,) = [n for n, mask in enumerate(row["objects"]) if mask["label"] == label]
    return cosmos_datasets.full_mask(row, k)


def placed(kept: Any, shape: tuple[int, ...]) -> np.ndarray:
    canvas = np.zeros(shape, dtype=bool)
    if kept is not None:
        x0, y0, x1, y1 = kept["bbox"]
        canvas[y0 : y1 + 1, x0 : x1 + 1] = np.asarray(Image.open(io.BytesIO(kept["png"])))
    return canvas
