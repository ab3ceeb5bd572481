"""Trainings that are killed and go on, and several processes: the weights do not show it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from runs import finish, start
from safetensors.torch import load_file
from trees import files, temporaries

from cosmos_datasets.evaluation.finetune.training import Training

# A training whose steps take their time and are noted.
_SLOW = """
import sys, time
from cosmos_datasets.evaluation.cli import main
from cosmos_datasets.evaluation.finetune.training import Training
step = Training._step
def slowly(self, images, epoch, number, pool):
    with open({log!r}, "a") as log:
        log.write(f"step {{epoch}} {{number}}\\n")
    time.sleep(0.1)
    return step(self, images, epoch, number, pool)
Training._step = slowly
main(sys.argv[1:])
"""

Args = list[Any]


def slow(log: Path, arguments: Args) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SLOW.format(log=str(log)), *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ.copy())


def wait_for(log: Path, line: str) -> None:
    for _ in range(1200):
        if log.is_file() and line in log.read_text().splitlines():
            return
        time.sleep(0.05)
    raise AssertionError("the training did not get on")


@pytest.fixture(scope="module")
def args(data: Path, models: dict[str, Path]) -> Args:
    """Jitter and drawn masks: all that chance decides."""
    return [
        *("finetune", data, "--config", "acdc", "--model", models["sam2"], "--device", "cpu", "--threads", 1),
        *("--epochs", 2, "--batch-size", 2, "--gradient-accumulation", 2, "--jitter", 3, "--masks-per-image", 2),
    ]


@pytest.fixture(scope="module")
def whole(args: Args, cli: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One process, never interrupted."""
    out = tmp_path_factory.mktemp("whole") / "out"
    threads = torch.get_num_threads()
    cli(*args, "--out", out)
    torch.set_num_threads(threads)
    return out


def steps(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "training" / "metrics.jsonl").read_text().splitlines()]


def test_a_killed_training_ends_with_the_same_weights_bit_for_bit(
    args: Args, tmp_path: Path, whole: Path, cli: Any
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    process = slow(log, [*args, "--save-every", 2, "--out", out])
    wait_for(log, "step 1 3")
    process.kill()
    process.communicate()
    assert not (out / "model.safetensors").exists()
    log.unlink()
    # The second one is killed as well, and begins behind what the first one has saved.
    process = slow(log, [*args, "--save-every", 2, "--out", out])
    wait_for(log, "step 2 3")
    process.kill()
    process.communicate()
    assert log.read_text().splitlines()[0] == "step 1 2"
    cli(*args, "--save-every", 3, "--out", out)
    for name in ("model.safetensors", "training/best.safetensors", "training/state.safetensors"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert steps(out) == steps(whole)
    results = "evaluation/after/results.parquet"
    assert (out / results).read_bytes() == (whole / results).read_bytes()
    assert not temporaries(out)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "full"])
def test_other_methods_go_on_bit_for_bit_too(method: str, args: Args, tmp_path: Path, cli: Any) -> None:
    settings = tmp_path / "peft.json"
    settings.write_text('{"r": 4, "lora_dropout": 0.2, "target_modules": ["qkv"]}')
    more = ["--method", method, *(["--peft-config", settings] if method == "lora" else [])]
    cli(*args, *more, "--out", tmp_path / "whole")
    process = slow(tmp_path / "log", [*args, *more, "--save-every", 2, "--out", tmp_path / "out"])
    wait_for(tmp_path / "log", "step 1 4")
    process.kill()
    process.communicate()
    cli(*args, *more, "--out", tmp_path / "out")
    one, other = files(tmp_path / "whole"), files(tmp_path / "out")
    assert one["model.safetensors"] == other["model.safetensors"]
    assert one.get("adapter/adapter_model.safetensors") == other.get("adapter/adapter_model.safetensors")


@pytest.mark.slow
def test_an_interrupted_training_says_how_to_go_on(args: Args, tmp_path: Path) -> None:
    process = slow(tmp_path / "log", [*args, "--out", tmp_path / "out"])
    wait_for(tmp_path / "log", "step 1 1")
    process.send_signal(signal.SIGINT)
    _, err = finish(process, status=130)
    assert "give the same command again" in err
    assert not temporaries(tmp_path)


def test_more_epochs_go_on_from_fewer(args: Args, tmp_path: Path, whole: Path, cli: Any) -> None:
    cli(*args, "--epochs", 1, "--out", tmp_path / "out")
    first = files(tmp_path / "out")
    cli(*args, "--out", tmp_path / "out")
    name = "training/state.safetensors"
    assert (tmp_path / "out" / name).read_bytes() == (whole / name).read_bytes()
    name = "evaluation/after/results.parquet"
    assert (tmp_path / "out" / name).read_bytes() == (whole / name).read_bytes()
    assert files(tmp_path / "out")["finetune.json"] != first["finetune.json"]
    again = cli(*args, "--epochs", 1, "--out", tmp_path / "out", fails=True)
    assert "2 epochs are done already, 1 are asked for" in again.output


def test_a_finished_fine_tuning_is_not_done_again(
    args: Args, whole: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Training, "run")
    before = files(whole)
    assert "after (B)" in cli(*args, "--out", whole).output
    after = files(whole)
    assert {name for name in before if before[name] != after[name]} <= {
        f"evaluation/{when}/{name}" for when in ("before", "after") for name in ("run.json", "summary.json")
    }


def apart(one: Path, other: Path, base: Path) -> float:
    """How far two models are from each other, as a share of how far the first one has moved."""
    first, second, start = (load_file(folder / "model.safetensors") for folder in (one, other, base))
    moved = torch.cat([(first[name] - start[name]).flatten() for name in start])
    difference = torch.cat([(second[name] - first[name]).flatten() for name in start])
    return float(difference.norm() / moved.norm())


def test_another_seed_is_another_training(args: Args, tmp_path: Path, whole: Path, cli: Any) -> None:
    cli(*args, "--seed", 1, "--out", tmp_path / "out")
    assert apart(whole, tmp_path / "out", args[5]) > 0.3


def test_two_processes_train_the_model_of_one(args: Args, tmp_path: Path, whole: Path) -> None:
    out = tmp_path / "out"
    text, err = finish(start(*args, "--processes", 2, "--out", out))
    assert "2 processes" in err
    assert "after (B)" in text
    # Sums in another order: Adam makes much of the last digits of a gradient that is next to nothing.
    assert apart(whole, out, args[5]) < 0.1
    scores = [
        pd.read_parquet(one / "evaluation" / "after" / "results.parquet")["dice_predicted"] for one in (whole, out)
    ]
    assert float((scores[0] - scores[1]).abs().mean()) < 0.005
    for first, second in zip(steps(whole), steps(out), strict=True):
        assert first.keys() == second.keys()
        assert all(first[name] == pytest.approx(second[name], abs=2e-3) for name in first)
    parts = {path.name.split("-")[0] for path in (out / "evaluation" / "after" / "parts").glob("*.parquet")}
    assert parts == {"rank00000", "rank00001"}
