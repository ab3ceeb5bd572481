"""Real images and a real model: fine-tuning helps, on subjects that it never saw."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest
from runs import SHARED

from cosmos_datasets.build.run import build
from cosmos_datasets.registry import get_source

#: Held out (fold 0), choosing the epoch (fold 1), training.
SUBJECTS = ("008", "015", "017", "001", "003", "011")


@pytest.fixture(scope="module")
def hippocampus(tmp_path_factory: pytest.TempPathFactory, pool: Executor) -> Path:
    """Six real subjects of the Medical Segmentation Decathlon, where they are present."""
    real = SHARED / "real" / "msd" / "Task04_Hippocampus"
    if not real.is_dir():
        pytest.skip(f"the real images are not there: {real}")
    folder = tmp_path_factory.mktemp("hippocampus")
    task = folder / "raw" / "Task04_Hippocampus"
    facts = json.loads((real / "dataset.json").read_text())
    facts["training"] = [one for one in facts["training"] if one["image"][-10:-7] in SUBJECTS]
    facts["numTraining"] = len(facts["training"])
    for one in facts["training"]:
        for name in one.values():
            (task / name).parent.mkdir(parents=True, exist_ok=True)
            (task / name).symlink_to(real / name)
    (task / "dataset.json").write_text(json.dumps(facts))
    build(get_source("msd"), folder / "raw", folder / "built", executor=pool)
    return folder / "built"


@pytest.mark.slow
def test_a_few_subjects_make_the_packaged_model_better_on_others(hippocampus: Path, tmp_path: Path, cli: Any) -> None:
    out = tmp_path / "out"
    options = ["--model", "tiny", "--epochs", 2, "--jitter", 2, "--device", "cpu"]
    cli("finetune", hippocampus, *options, "--out", out)
    report = json.loads((out / "finetune.json").read_text())
    assert report["groups"] == {"train": 2, "validation": 1, "test": 3}
    assert report["best"]["validation_dice"] > report["best"]["validation_dice_untouched"]
    (row,) = json.loads((out / "comparison.json").read_text())["rows"]
    assert (row["object"], row["strategy"]) == ("hippocampus", "S5")
    assert row["difference"] > 0.01
    assert row["low"] < row["difference"] < row["high"], "three subjects are too few to ask for more"
