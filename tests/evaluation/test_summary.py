"""The tables of a run: what is averaged over what, and how it is written."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawn_runs import FACTS

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.results import CHOICES, DISTANCES, DISTANCES_MM, SCHEMA
from cosmos_datasets.evaluation.statistics.formats import to_text
from cosmos_datasets.evaluation.summary import (
    OVER_MASKS,
    OVER_TARGETS,
    means,
    read_summary,
    summarise,
    wide_table,
    write_summary,
)

Row = dict[str, Any]


def result(object_: str, strategy: str, dice: float, **fields: Any) -> Row:
    empty = dice == 0
    of_choices: Row = {}
    for choice in ("oracle", "predicted"):
        there = not (strategy == "S1" and choice == "predicted")
        distance = 10 * (1 - dice)
        distances = {"hd": distance, "hd95": distance - 1, "asd": distance / 2}
        in_mm = {f"{name}_mm": 3 * value for name, value in distances.items()}
        scores = {
            **{"dice": dice, "jac": dice / (2 - dice), "nsd": dice, "nsd_mm": dice / 2},
            **{"nsd_length": dice, "nsd_length_mm": dice / 2},
            **dict.fromkeys({**distances, **in_mm}, None if empty else 0.0),
            **({} if empty else {**distances, **in_mm}),
            **{"tp": round(100 * dice), "pred_area": 0 if empty else 100},
        }
        of_choices |= {f"{name}_{choice}": value if there else None for name, value in scores.items()}
    row = {"object": object_, "modality": "CT", "strategy": strategy, "instance": 0, "image_id": "i", "case_id": "c"}
    there = {"area": 100, "dice_blind": 0.25, "diagonal": 50.0, "diagonal_mm": 150.0}
    return {**dict.fromkeys(SCHEMA.names), **row, **of_choices, **there, **fields}


ROWS = [
    result("liver", "S1", 0.5),
    result("liver", "S5", 0.9, image_id="i1"),
    result("liver", "S5", 0.6, image_id="i2"),
    result("liver", "S5", 0.0, image_id="i3"),
    result("liver", "S1", 0.4, image_id="i2"),
    result("liver", "S1", 0.3, image_id="i3"),
    result("spleen", "S1", 0.2),
    result("spleen", "S5", 0.8),
    result("cell", "S1", 0.1, instance=0),
    result("cell", "S5", 0.1, instance=0),
    result("cell", "S1", 0.7, instance=1),
    result("cell", "S5", 0.7, instance=1),
    result("cell", "S1", 0.8, instance=2),
    result("cell", "S5", 0.8, instance=2),
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(ROWS, schema=SCHEMA), tmp_path / "results.parquet")
    write_summary(tmp_path, {**FACTS, "model": {"name": "m"}})
    return tmp_path


def test_why_everything_mode_found_nothing_is_counted(tmp_path: Path) -> None:
    reasons = [None, "iou", "iou", "elsewhere"]
    rows = [result("liver", "S1", 0.5 if why is None else 0.0, nothing_found=why) for why in reasons]
    rows += [result("liver", "S5", 0.0), result("spleen", "S1", 0.5)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "results.parquet")
    summary = write_summary(tmp_path, FACTS)
    liver, prompted = line(summary, object="liver", strategy="S1"), line(summary, object="liver", strategy="S5")
    counts = {"iou": 2, "stability": 0, "nms": 0, "elsewhere": 1}
    assert {name: liver[f"nothing_{name}"] for name in counts} == counts
    assert all(prompted[f"nothing_{name}"] is pd.NA for name in counts)
    said = "S1 found nothing for 3 of 5 masks: for 2, no mask of the image had a high enough IoU estimate; for 1, all"
    assert said in (tmp_path / "table.md").read_text()


def line(table: pd.DataFrame, **key: str) -> Any:
    for name, value in key.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_means_deviations_and_counts_of_a_target(run: Path) -> None:
    liver = line(summarise(run / "results.parquet"), object="liver", strategy="S5")
    assert (liver["masks"], liver["images"], liver["cases"]) == (3, 3, 1)
    assert liver["dice_oracle"] == pytest.approx(0.5)
    assert liver["dice_oracle_std"] == pytest.approx(np.std([0.9, 0.6, 0.0]))
    # The empty prediction scores DICE 0; a distance it has none, the image's diagonal counts.
    assert liver["hd_oracle"] == pytest.approx((1 + 4 + 50) / 3)
    assert liver["hd_defined_oracle"] == pytest.approx((1 + 4) / 2)
    assert (liver["empty_oracle"], liver["hd_undefined_oracle"]) == (1, 1)
    assert liver["dice_blind"] == 0.25


def test_distances_and_conformity_of_a_target(run: Path) -> None:
    liver = line(summarise(run / "results.parquet"), object="liver", strategy="S5")
    values = {"hd": (1, 4), "hd95": (0, 3), "asd": (0.5, 2)}
    for name, pair in values.items():
        for column, factor in ((f"{name}_oracle", 1), (f"{name}_mm_predicted", 3)):
            assert liver[column] == pytest.approx(factor * np.mean([*pair, 50]))
            assert liver[f"{column}_std"] == pytest.approx(factor * np.std([*pair, 50]))
            score, _, choice = column.rpartition("_")
            assert liver[f"{score}_defined_{choice}"] == pytest.approx(factor * np.mean(pair))
            assert liver[f"{score}_undefined_{choice}"] == 1
    # An empty prediction has none of the reference's surface within reach.
    assert liver["nsd_oracle"] == pytest.approx(0.5)
    assert liver["nsd_mm_oracle"] == pytest.approx(0.25)
    assert (liver["nsd_undefined_oracle"], liver["nsd_mm_undefined_predicted"]) == (0, 0)
    con = [(3 * dice - 2) / dice for dice in (0.9, 0.6)]
    assert (liver["con_oracle"], liver["con_oracle_std"]) == pytest.approx((np.mean(con), np.std(con)))
    assert liver["con_undefined_oracle"] == 1


def test_masks_without_a_known_size_of_a_pixel(tmp_path: Path) -> None:
    unknown = dict.fromkeys(f"{score}_{choice}" for score in DISTANCES_MM for choice in CHOICES)
    rows = [result("liver", "S5", 0.9), result("liver", "S5", 0.6, **unknown), result("liver", "S5", 0)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "results.parquet")
    liver = line(summarise(tmp_path / "results.parquet"), object="liver", strategy="S5")
    assert (liver["hd_undefined_oracle"], liver["hd_mm_undefined_oracle"]) == (1, 2)
    assert (liver["nsd_undefined_oracle"], liver["nsd_mm_undefined_oracle"]) == (0, 1)
    assert (liver["hd_mm_oracle"], liver["hd_mm_defined_oracle"]) == pytest.approx(((3 + 150) / 2, 3))
    assert liver["nsd_mm_oracle"] == pytest.approx(0.45 / 2)


def test_prompts_that_were_moved_stay_out(run: Path, tmp_path: Path) -> None:
    moved = [{**row, "dice_oracle": 0.123, "hd_oracle": 77.0, "variant": "jitter=0-10"} for row in ROWS]
    mixed = [row for pair in zip(moved, ROWS, strict=True) for row in pair]
    pq.write_table(pa.Table.from_pylist(mixed, schema=SCHEMA), tmp_path / "mixed.parquet")
    assert summarise(tmp_path / "mixed.parquet").equals(summarise(run / "results.parquet"))


def test_everything_mode_has_no_choice_of_the_models_own(run: Path) -> None:
    liver = line(summarise(run / "results.parquet"), object="liver", strategy="S1")
    assert liver["dice_oracle"] == pytest.approx(0.4)
    names = [name for name in liver.index if name.endswith(("_predicted", "_predicted_std"))]
    assert len(names) == 2 * 13 + 11 + 6 + 1
    assert liver[names].isna().all()


def test_instances_are_never_pooled_with_unions(run: Path) -> None:
    summary = summarise(run / "results.parquet")
    cells = summary[(summary["object"] == "cell") & (summary["strategy"] == "S5")].set_index("masks_are")
    assert cells["masks"].to_dict() == {"instances": 2, "union": 1}
    assert cells["dice_oracle"].to_dict() == pytest.approx({"instances": 0.75, "union": 0.1})
    overall = means(summary)
    assert line(overall, over=OVER_MASKS, masks_are="union", strategy="S5")["masks"] == 5
    assert line(overall, over=OVER_MASKS, masks_are="instances", strategy="S5")["masks"] == 2


def test_mean_over_targets_and_over_masks(run: Path) -> None:
    overall = means(summarise(run / "results.parquet"))
    union = {"masks_are": "union", "strategy": "S5"}
    assert line(overall, over=OVER_TARGETS, **union)["dice_oracle"] == pytest.approx((0.5 + 0.8 + 0.1) / 3)
    assert line(overall, over=OVER_MASKS, **union)["dice_oracle"] == pytest.approx((0.9 + 0.6 + 0.8 + 0.1) / 5)
    assert pd.isna(line(overall, over=OVER_MASKS, masks_are="union", strategy="S1")["dice_predicted"])


def test_the_three_files_say_the_same(run: Path) -> None:
    body = json.loads((run / "summary.json").read_text())
    csv = pd.read_csv(run / "table.csv")
    summary = read_summary(run)
    assert body["model"] == {"name": "m"}
    assert list(csv) == list(summary) == list(body["targets"][0])
    assert len(csv) == len(summary) == len(body["targets"])
    for (_, one), written, record in zip(summary.iterrows(), csv.to_dict("records"), body["targets"], strict=True):
        for name, value in one.items():
            if isinstance(value, str):
                assert written[name] == record[name] == value
            elif pd.isna(value):
                assert pd.isna(written[name])
                assert record[name] is None
            else:
                assert written[name] == pytest.approx(value, rel=1e-5, abs=1e-6)
                assert record[name] == pytest.approx(value, abs=1e-12)
    table = (run / "table.md").read_text()
    assert "\nImages: preprocessing sam, resized in 8 bits.\n\nS1 found nothing for 0 of 7 masks.\n" in table
    for target in ("liver, CT", "spleen, CT", "cell, CT", "cell, CT (instances)", OVER_TARGETS, OVER_MASKS):
        assert f"| {target} " in table
    assert f"{body['targets'][0]['dice_oracle']:.3f}" in table


def test_what_does_not_exist_is_a_dash_or_nothing(run: Path) -> None:
    text = to_text(wide_table(read_summary(run)))
    predicted = next(line for line in text.splitlines() if "predicted" in line)
    assert predicted.split() == ["predicted", "–", "0.100"]
    for written in (text, *(path.read_text() for path in run.glob("[st]*.*"))):
        assert "nan" not in written.lower().replace("naname", "")
        assert "<NA>" not in written
    # Counts stay whole numbers beside fields that are empty.
    counts = pd.read_csv(io.StringIO((run / "table.csv").read_text()), dtype=str)["empty_oracle"]
    assert set(counts) == {"0", "1"}


def test_a_strategy_that_some_targets_lack_is_a_dash(tmp_path: Path) -> None:
    rows = [result("liver", "S5", 0.5), result("liver", "S6", 0.5), result("spleen", "S5", 0.5)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "results.parquet")
    text = to_text(wide_table(read_summary(tmp_path)), "markdown")
    spleen = next(line for line in text.splitlines() if "spleen" in line)
    assert [cell.strip() for cell in spleen.strip("|").split("|")] == ["spleen, CT", "1", "oracle", "0.500", "–"]


def test_a_run_without_distances(tmp_path: Path) -> None:
    scores = [f"{score}_{choice}" for score in (*DISTANCES, *DISTANCES_MM) for choice in CHOICES]
    nothing = dict.fromkeys([*scores, "diagonal", "diagonal_mm"])
    rows = [{**row, **nothing} for row in ROWS]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "results.parquet")
    summary = write_summary(tmp_path, FACTS)
    assert summary[["hd_oracle", "nsd_mm_predicted"]].isna().all(axis=None)
    spleen = line(summary, object="spleen", strategy="S5")
    assert spleen["hd_undefined_oracle"] == spleen["masks"] == 1
    assert spleen["con_oracle"] == pytest.approx(0.5)


def test_results_of_an_earlier_version(run: Path) -> None:
    table = pq.read_table(run / "results.parquet")
    pq.write_table(table.drop_columns(["hd95_oracle"]), run / "results.parquet")
    with pytest.raises(CosmosError, match=r"earlier version .* no hd95_oracle\. Give the command .* new folder"):
        read_summary(run)


def test_an_unfinished_or_damaged_run(tmp_path: Path) -> None:
    with pytest.raises(CosmosError, match="no finished run"):
        read_summary(tmp_path)
    (tmp_path / "results.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(CosmosError, match=r"results\.parquet cannot be read"):
        read_summary(tmp_path)
