"""Clicks needed, areas and means, against plain loops."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from cosmos_datasets.evaluation.interactive.store import RESULTS, SCHEMA
from cosmos_datasets.evaluation.interactive.summary import area_under, clicks_needed, render, summarise, write_summary

CURVES = arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 12)), elements=st.floats(0, 1))


@given(CURVES, st.sampled_from([0.0, 0.8, 0.9]))
def test_clicks_needed(curves: Any, level: float) -> None:
    needed, failed = clicks_needed(curves, level)
    for curve, clicks, never in zip(curves.tolist(), needed, failed, strict=True):
        reached = [k for k, value in enumerate(curve, start=1) if value >= level]
        assert clicks == (reached[0] if reached else len(curve))
        assert never == (not reached)


@given(CURVES)
def test_the_area_is_that_of_the_polygon(curves: Any) -> None:
    for curve, area in zip(curves, area_under(curves), strict=True):
        pieces = [(a + b) / 2 for a, b in pairwise(curve)]
        assert area == pytest.approx(sum(pieces) / len(pieces) if pieces else curve[0])
        assert curve.min() - 1e-12 <= area <= curve.max() + 1e-12


def drawn(folder: Path, masks: int = 9, clicks: int = 6) -> list[dict[str, Any]]:
    """Results of two targets, of one also single instances."""
    generator = np.random.default_rng(1)
    rows = []
    for k in range(masks):
        name, modality, instance = [("liver", "CT", 0), ("cell", "Histopathology", 0), ("cell", "Histopathology", k)][
            k % 3
        ]
        ids = {"image_id": f"a/{k // 2}", "case_id": "a", "object": name, "modality": modality, "instance": instance}
        for click in range(1, clicks + 1):
            own = float(generator.uniform(0.5, 1))
            scores = {"dice_predicted": own, "dice_oracle": min(1.0, own + 0.05), "dice_blind": 0.25}
            # Masks of a million pixels, so that DICE = 2 TP / 2,000,000 nearly.
            scores |= {"area": 10**6, "rule": "ritm", "previous_mask": True}
            for choice in ("predicted", "oracle"):
                scores |= {f"tp_{choice}": round(scores[f"dice_{choice}"] * 10**6), f"pred_area_{choice}": 10**6}
            rows.append({**dict.fromkeys(SCHEMA.names), **ids, "click": click, **scores})
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / RESULTS)
    return rows


def test_targets_and_means(tmp_path: Path) -> None:
    rows = drawn(tmp_path)
    table = summarise(tmp_path / RESULTS).set_index(["object", "masks_are", "choice"])
    own = [row["dice_predicted"] for row in rows if row["object"] == "cell" and row["instance"] and row["click"] == 4]
    line = table.loc[("cell", "instances", "predicted")]
    assert (line["masks"], line["dice_4"]) == (3, pytest.approx(np.mean(own)))
    unions = [table.loc[(name, "union", "oracle")] for name in ("cell", "liver")]
    mean = table.loc[("mean over targets", "union", "oracle")]
    for name in ("noc_dice_90", "noc_iou_90"):
        assert mean[name] == pytest.approx((unions[0][name] + unions[1][name]) / 2)
    assert mean["noc_iou_90"] >= mean["noc_dice_90"]
    assert mean["masks"] == 6
    reached = [row["dice_predicted"] / (2 - row["dice_predicted"]) >= 0.8 for row in rows if row["object"] == "liver"]
    first = [(one.index(True) + 1) if any(one) else 6 for one in (reached[k : k + 6] for k in range(0, 18, 6))]
    assert table.loc[("liver", "union", "predicted"), "noc_iou_80"] == np.mean(first)
    over_masks = table.loc[("mean over masks", "union", "oracle")]
    every = [row["dice_oracle"] for row in rows if not row["instance"] and row["click"] == 6]
    assert over_masks["dice_6"] == pytest.approx(np.mean(every))


def test_files_and_text(tmp_path: Path) -> None:
    drawn(tmp_path)
    summary = write_summary(tmp_path, {"model": {"name": "tiny"}, "noc": "iou"})
    assert {path.name for path in tmp_path.iterdir()} == {
        *(RESULTS, "summary.json", "table.csv", "table.md", "curves.png")
    }
    text = render(summary)
    assert "cell, Histopathology (instances)" in text
    assert "NoC@85 IoU" in text and "NoC@85 DICE" in render(summary, "dice")
    assert "Clicks by RITM's rule, with the previous mask as input." in text
    assert set(summary["rule"]) == {"ritm"} and summary["previous_mask"].all()
    assert "mean over targets (instances)" not in text, "a mean over one target repeats it"
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.size[0] > 1000
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 20
    before = (tmp_path / "curves.png").read_bytes()
    write_summary(tmp_path, {"model": {"name": "tiny"}, "noc": "iou"})
    assert (tmp_path / "curves.png").read_bytes() == before
