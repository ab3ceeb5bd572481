"""``cosmos-eval efficiency`` on a drawn data set and small models."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from cosmos_datasets.evaluation.efficiency import run as module
from cosmos_datasets.evaluation.efficiency.operations import Stopwatch

Args = list[object]


@pytest.fixture
def args(small: Path) -> Args:
    head = ["efficiency", small, "--config", "acdc", "--images", 2, "--repeats", 1]
    return [*head, "--grid", 3, "--threads", "1", "--device", "cpu"]


@pytest.fixture
def no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be measured any more."""

    def refuse(*_: Any) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(Stopwatch, "time", refuse)


def test_two_models_in_one_table(args: Args, models: dict[str, Path], tmp_path: Path, cli: Any) -> None:
    out = tmp_path / "cost"
    both = ["--model", models["sam"], "--model", models["sam2"], "--out", out]
    report = json.loads(cli(*args, *both, "--format", "json").stdout)
    assert report == json.loads((out / "efficiency.json").read_text())
    assert [model["name"] for model in report["models"]] == ["sam", "sam2"]
    for model, architecture in zip(report["models"], (transformers.SamModel, transformers.Sam2Model), strict=True):
        rows = {row["quantity"]: row for row in model["rows"]}
        weights = architecture.from_pretrained(models[model["name"]])
        assert rows["parameters"]["median"] == sum(one.numel() for one in weights.parameters())
        assert {row["strategy"] for row in model["rows"] if row["quantity"] == "decoding"} == {
            "S2", "S3", "S4", "S5", "S6"
        }  # fmt: skip
        timed = [row for row in model["rows"] if row["unit"] == "s"]
        assert all(0 < row["q1"] <= row["median"] <= row["q3"] for row in timed)
        assert rows["memory: everything"]["unit"] == "B"
    settings = report["settings"]
    assert settings["device"]["type"] == "cpu" and settings["device"]["threads"] == 1
    assert settings["versions"]["torch"] == torch.__version__
    assert len(settings["images"]) == 2 and settings["images"][0] != settings["images"][1]

    table = list(csv.DictReader(io.StringIO((out / "efficiency.csv").read_text())))
    assert {row["model"] for row in table} == {"sam", "sam2"}
    assert len(table) == sum(len(model["rows"]) for model in report["models"])
    markdown = (out / "efficiency.md").read_text()
    assert [cell.strip() for cell in markdown.splitlines()[0].split("|")] == ["", "", "sam", "sam2", ""]
    assert "decoding, S5 (16 at a time), s per prompt" in markdown
    assert "depend on what else runs" in markdown


def test_a_model_is_measured_once(
    args: Args, models: dict[str, Path], tmp_path: Path, cli: Any, request: pytest.FixtureRequest
) -> None:
    args += ["--model", models["sam2"], "--out", tmp_path / "cost"]
    first = cli(*args).stdout
    request.getfixturevalue("no_more")
    again = cli(*args)
    assert again.stdout == first
    assert "sam2: measured " in again.stderr
    with pytest.raises(AssertionError, match=r"another kind \(repeats differ\)"):
        cli(*args, "--repeats", 2)


def test_further_models_stand_beside_the_earlier_ones(
    args: Args, models: dict[str, Path], tmp_path: Path, cli: Any
) -> None:
    out = tmp_path / "cost"
    for name in ("sam2", "sam", "sam2"):
        cli(*args, "--model", models[name], "--out", out)
    assert [model["name"] for model in json.loads((out / "efficiency.json").read_text())["models"]] == ["sam2", "sam"]


def test_ctrl_c_leaves_the_models_so_far(
    args: Args, models: dict[str, Path], tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, out = module._measure, tmp_path / "cost"

    def stopping(request: Any, checkpoint: Any, *rest: Any) -> Any:
        if checkpoint.name == "sam2":
            raise KeyboardInterrupt
        return real(request, checkpoint, *rest)

    both = ["--model", models["sam"], "--model", models["sam2"], "--out", out]
    with monkeypatch.context() as patch:
        patch.setattr(module, "_measure", stopping)
        assert cli(*args, *both, fails=True).exit_code == 130
    assert [model["name"] for model in json.loads((out / "efficiency.json").read_text())["models"]] == ["sam"]
    assert sorted(path.name for path in out.iterdir()) == ["efficiency.csv", "efficiency.json", "efficiency.md"]
    assert "sam: measured " in cli(*args, *both).stderr
    assert len(json.loads((out / "efficiency.json").read_text())["models"]) == 2


def test_what_is_refused(
    args: Args, models: dict[str, Path], tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch, no_more: None
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("years of work")
    sam = ["--model", models["sam"]]
    assert "holds no efficiency.json" in cli(*args, *sam, "--out", foreign, fails=True).stderr
    (foreign / "efficiency.json").write_text("{}")
    assert "is damaged" in cli(*args, *sam, "--out", foreign, fails=True).stderr
    assert (foreign / "efficiency.json").read_text() == "{}"

    new = ["--out", tmp_path / "new"]
    assert "There is no folder" in cli(*args, *sam, "--model", "no//where", *new, fails=True).stderr
    assert "no mask" in cli(*args, *sam, *new, "--object", "liver", fails=True).stderr
    assert cli(*args, *sam, *new, "--images", 0, fails=True).exit_code == 2
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "one process" in cli(*args, *sam, *new, fails=True).stderr
    assert not (tmp_path / "new").exists()
