"""The drop of moved prompts, against one computed by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drawn_runs import drawn, result, write

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.drop import drops
from cosmos_datasets.evaluation.jitter import variants

RANGES = [(0, 10), (10, 20)]
NAMES = variants(RANGES, 2, "centre", "moved")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two targets of eight subjects; single instances too, and a strategy that is never moved."""
    generator = np.random.default_rng(0)
    rows = []
    for row in drawn(3, objects=("liver", "spleen"))[:-1]:
        for instance in (0, 1):
            plain = {**row, "instance": instance}
            rows += [plain, {**plain, "strategy": "S1", "dice_predicted": None}]
            for variant in NAMES:
                lower = {
                    name: float(row[name] * generator.uniform(0.4, 1.02)) for name in ("dice_oracle", "dice_predicted")
                }
                rows.append({**plain, **lower, "variant": variant})
    return write(tmp_path / "run", rows)


def by_hand(run: Path, score: str, low: int, **chosen: Any) -> pd.DataFrame:
    """The drop of every mask and repeat, looked up one by one."""
    frame = pd.read_parquet(run / "results.parquet")
    frame = frame[(frame["strategy"] == "S5")]
    for name, value in chosen.items():
        frame = frame[frame[name] == value]
    key = ["image_id", "label", "instance"]
    before = {tuple(row[name] for name in key): row[score] for _, row in frame[frame["variant"] == ""].iterrows()}
    rows = []
    for _, row in frame[frame["variant"].str.startswith(f"jitter={low}-")].iterrows():
        drop = before[tuple(row[name] for name in key)] - row[score]
        rows.append({"object": row["object"], "seed": row["variant"][-1], "drop": drop})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("choice", ["oracle", "predicted"])
def test_the_drop_of_a_target(run: Path, choice: Any) -> None:
    table = drops(run, choice=choice, by="target")
    assert len(table) == 2 * 2 * 2
    for _, row in table.iterrows():
        instance = int(row["masks_are"] == "instances")
        low = int(row["pixels"].split("-")[0])
        pairs = by_hand(run, f"dice_{choice}", low, object=row["object"], instance=instance)
        repeats = [pairs.loc[pairs["seed"] == seed, "drop"].to_numpy() for seed in ("1", "2")]
        assert row["drop"] == pytest.approx(np.mean([np.mean(one) for one in repeats]), abs=1e-12)
        assert row["drop_std"] == pytest.approx(abs(np.mean(repeats[0]) - np.mean(repeats[1])) / 2, abs=1e-12)
        assert row["unmoved"] - row["moved"] == pytest.approx(row["drop"], abs=1e-12)
        assert (row["masks"], row["groups"], row["repeats"]) == (len(repeats[0]), 8, 2)
        assert row["drop_low"] < row["drop"] < row["drop_high"]


def test_the_two_means_over_all(run: Path) -> None:
    table = drops(run).set_index(["over", "masks_are", "pixels"])
    for low, high in RANGES:
        pairs = by_hand(run, "dice_oracle", low, instance=0)
        of_masks = table.loc[("mean over masks", "union", f"{low}-{high}")]
        of_targets = table.loc[("mean over targets", "union", f"{low}-{high}")]
        assert of_masks["drop"] == pytest.approx(pairs["drop"].mean(), abs=1e-12)
        assert of_targets["drop"] == pytest.approx(pairs.groupby("object")["drop"].mean().mean(), abs=1e-12)
        assert of_masks["drop"] != of_targets["drop"]
        assert of_targets["drop_low"] < of_targets["drop"] < of_targets["drop_high"]


def test_printed(run: Path, cli: Any) -> None:
    text = cli("drop", run, "--by", "target").stdout.splitlines()
    assert text[0].split() == ["target", "strategy", "masks", "unmoved", "0-10", "px", "10-20", "px"]
    assert any(line.startswith("liver, CT (instances)") for line in text)
    csv = pd.read_csv(io.StringIO(cli("drop", run, "--format", "csv").stdout))
    assert np.allclose(csv["drop"], drops(run)["drop"], atol=1e-6)
    assert [row["drop"] for row in json.loads(cli("drop", run, "--format", "json").stdout)] == pytest.approx(
        drops(run)["drop"].tolist()
    )
    assert cli("drop", run, "--format", "markdown").stdout.startswith("| overall")


def test_a_single_subject_has_no_interval(tmp_path: Path) -> None:
    rows = [result("msd/1/a", dice, variant=variant) for dice, variant in ((0.9, ""), (0.6, NAMES[0]))]
    row = drops(write(tmp_path / "run", rows), by="source").iloc[0]
    assert row["drop"] == pytest.approx(0.3)
    assert np.isnan(row["drop_low"])


def test_runs_without_moved_prompts(tmp_path: Path, cli: Any) -> None:
    run = write(tmp_path / "run", drawn(1))
    assert "--jitter 0-10,10-20,20-30" in cli("drop", run, fails=True).stderr
    (run / "results.parquet").unlink()
    with pytest.raises(CosmosError, match="no finished run"):
        drops(run)
    with pytest.raises(CosmosError, match="no drop by"):
        drops(run, by="patient")
