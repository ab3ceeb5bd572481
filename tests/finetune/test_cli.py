"""The command: what it refuses, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Args = list[Any]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--config", "nowhere"], "no configuration 'nowhere'"),
        (["--objects", "liver"], "no mask in .* answers"),
        (["--objects", "lver"], "Did you mean liver"),
        (["--train-cases", 100], "there are 4 cases to train on"),
        (["--model", "no-such-folder/at/all"], "There is no folder no-such-folder"),
        (["--peft-config", __file__], "--peft-config goes with --method lora"),
        (["--method", "lora", "--peft-config", __file__], "is not JSON"),
        (["--strategies", "S9"], "S9 is no strategy"),
    ],
)
def test_mistakes_are_found_before_anything_is_written(
    more: Args, says: str, args: Args, tmp_path: Path, cli: Any
) -> None:
    import re

    result = cli(*args, *more, "--out", tmp_path / "out", fails=True)
    assert result.exit_code in {1, 2}
    assert re.search(says, result.output), result.output
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(args: Args, tmp_path: Path, cli: Any) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    result = cli(*args, "--out", tmp_path, fails=True)
    assert "is not the folder of a fine-tuning" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("more", "differs"),
    [
        (["--seed", 3], "it differs in: seed"),
        (["--method", "full", "--learning-rate", 0.1], "method, learning rate"),
        (["--objects", "LV"], "masks for train, masks for validation, masks for test"),
    ],
)
def test_another_fine_tuning_is_not_mixed_in(more: Args, differs: str, args: Args, tuned: Any, cli: Any) -> None:
    result = cli(*args, *more, "--out", tuned("sam2", "decoder"), fails=True)
    assert result.exit_code == 1
    assert differs in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("[1]", "is not a JSON object"),
        ('{"peft_type": "NOTHING"}', "peft cannot use this configuration"),
        ('{"peft_type": "LORA", "target_modules": ["no_such_layer"]}', "peft cannot use this configuration"),
        ('{"peft_type": "LORA", "rank": 4}', "peft cannot use this configuration"),
    ],
)
def test_configurations_that_peft_cannot_use(settings: str, says: str, args: Args, tmp_path: Path, cli: Any) -> None:
    (tmp_path / "peft.json").write_text(settings)
    more = ["--method", "lora", "--peft-config", tmp_path / "peft.json", "--out", tmp_path / "out"]
    result = cli(*args, *more, fails=True)
    assert result.exit_code == 1
    assert says in result.output


def test_a_damaged_state_is_named(args: Args, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--epochs", 1, "--out", tmp_path / "out")
    (tmp_path / "out" / "training" / "state.safetensors").write_bytes(b"nothing")
    result = cli(*args, "--out", tmp_path / "out", fails=True)
    assert "state.safetensors is damaged" in result.output


def test_shared_embeddings_are_kept_and_a_damaged_one_is_made_anew(
    args: Args, tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cosmos_datasets.evaluation.models.adapter import Adapter

    shared = ["--embeddings", tmp_path / "shared", "--epochs", 1]
    cli(*args, *shared, "--out", tmp_path / "one")
    kept = sorted((tmp_path / "shared").glob("embeddings-*/*"))
    assert len(kept) == 30
    one = (tmp_path / "one" / "model.safetensors").read_bytes()
    kept[3].write_bytes(b"nothing")
    result = cli(*args, *shared, "--out", tmp_path / "two", fails=True)
    assert "give the same command again" in result.output
    counts: list[int] = []
    encode = Adapter.encode
    monkeypatch.setattr(Adapter, "encode", lambda self, *given: counts.append(1) or encode(self, *given))
    result = cli(*args, *shared, "--out", tmp_path / "two")
    assert (tmp_path / "two" / "model.safetensors").read_bytes() == one
    # The lost one, and the held-out images before and after.
    assert len(counts) == 1 + 2 * 10


def test_the_comparison_as_json(args: Args, tuned: Any, cli: Any) -> None:
    folder = tuned("sam2", "decoder")
    out = cli(*args, "--out", folder, "--json").stdout
    assert json.loads(out) == json.loads((folder / "comparison.json").read_text())


def test_accumulated_batches_are_one_larger_batch(args: Args, tmp_path: Path, cli: Any, tuned: Any) -> None:
    cli(*args, "--batch-size", 1, "--gradient-accumulation", 4, "--out", tmp_path / "out")
    one, other = (
        [json.loads(line) for line in (folder / "training" / "metrics.jsonl").read_text().splitlines()]
        for folder in (tuned("sam2", "decoder"), tmp_path / "out")
    )
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        assert all(first[name] == pytest.approx(second[name], abs=2e-3) for name in first)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_trains_weights_of_full_precision(
    precision: str, args: Args, tmp_path: Path, cli: Any, tuned: Any
) -> None:
    import torch
    from safetensors.torch import load_file

    cli(*args, "--mixed-precision", precision, "--epochs", 1, "--out", tmp_path / "out")
    weights = load_file(tmp_path / "out" / "model.safetensors")
    assert {one.dtype for one in weights.values()} == {torch.float32}
    lines = (tmp_path / "out" / "training" / "metrics.jsonl").read_text().splitlines()
    full = (tuned("sam2", "decoder") / "training" / "metrics.jsonl").read_text().splitlines()
    first, exact = (json.loads(text[1])["loss"] for text in (lines, full))
    assert first != exact
    assert first == pytest.approx(exact, rel=0.05)


def test_help_starts_without_torch() -> None:
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom cosmos_datasets.evaluation.cli import main\n"
        "result = CliRunner().invoke(main, ['finetune', '--help'])\nassert 'few-shot' in result.output.lower()\n"
        "assert not {'torch', 'transformers', 'peft'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def report_of(out: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((out / "finetune.json").read_text())
    return loaded


def test_a_fold_is_held_out_where_there_is_no_test_split(
    data: Path, models: dict[str, Path], tmp_path: Path, cli: Any
) -> None:
    few = ["--train-cases", 2, "--epochs", 1, "--device", "cpu", "--threads", 1, "--out", tmp_path / "out"]
    cli("finetune", data, "--config", "msd", "--model", models["sam"], "--test-fold", 2, *few)
    report = report_of(tmp_path / "out")
    assert report["held_out"] == "fold 2"
    assert report["groups"]["train"] == 2
    run = json.loads((tmp_path / "out" / "evaluation" / "after" / "run.json").read_text())
    assert (run["data"]["fold"], run["data"]["split"]) == (2, None)
    assert run["data"]["masks_selected"] == report["masks"]["test"]
    # Any other model on the same masks.
    cli("run", data, "--config", "msd", "--fold", 2, "--model", tmp_path / "out", "--strategies", "S5", "--threads", 1,
        "--device", "cpu", "--out", tmp_path / "run")  # fmt: skip
    one, other = (path / "results.parquet" for path in (tmp_path / "run", tmp_path / "out" / "evaluation" / "after"))
    assert one.read_bytes() == other.read_bytes()


def test_several_objects_and_sources_that_are_trained_on_only(
    data: Path, models: dict[str, Path], tmp_path: Path, cli: Any
) -> None:
    few = ["--train-cases", 1, "--epochs", 1, "--device", "cpu", "--threads", 1, "--out", tmp_path / "out"]
    result = cli("finetune", data, "--objects", "LV,liver", "--model", models["sam"], *few)
    assert "without held-out masks, trained on only: msd" in result.output
    report = report_of(tmp_path / "out")
    assert report["dataset"]["objects"] == ["left_ventricle", "liver"]
    assert sorted(report["dataset"]["sources"]) == ["acdc", "msd"]
    assert report["held_out"] == "official test split"
