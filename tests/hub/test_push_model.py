"""``cosmos-eval push``: a fine-tuned model goes to the Hub with its results, or not at all."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result
from finetuned import write_finetuned
from hub.clients import run_client, run_command
from hub.server import client_env
from hub.store import Hub, regular_file
from huggingface_hub import ModelCard, parse_eval_result_entries
from PIL import Image
from trees import copy, files

from cosmos_datasets.evaluation.cli import main

_REPO = "org/sam-cells"


@pytest.fixture(scope="session")
def finetuned(shared_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a fine-tuning on MSD left; read only."""
    return write_finetuned(tmp_path_factory.mktemp("finetuned"), shared_built, "msd", options=["--limit", "40"])


@pytest.fixture
def tuned(finetuned: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return copy(finetuned, tmp_path / "tuned")


@pytest.fixture
def alice(tmp_path: Path) -> Path:
    """Home of a client that pushes."""
    (tmp_path / "alice").mkdir()
    return tmp_path / "alice"


@pytest.fixture
def bob(tmp_path: Path) -> Path:
    """Home of a client that was never there."""
    (tmp_path / "bob").mkdir()
    return tmp_path / "bob"


def push(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["push", *map(str, arguments)], catch_exceptions=False)


def pushed(*arguments: object) -> Any:
    done = push(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*arguments: object) -> str:
    done = push(*arguments)
    assert done.exit_code == 1, done.output
    assert not done.stdout
    return done.stderr


def test_what_arrives(here: Hub, finetuned: Path) -> None:
    done = pushed(finetuned, _REPO)
    repo = here.model(_REPO)
    as_they_are = {"config.json", "model.safetensors", "preprocessor_config.json", "finetune.json"}
    assert set(repo.files) == as_they_are | {".gitattributes", "README.md", "comparison.json", "comparison.png"}
    for path in as_they_are:
        assert here.read(repo, path) == (finetuned / path).read_bytes()
    assert json.loads(here.read(repo, "comparison.json")) == json.loads((finetuned / "comparison.json").read_text())
    assert here.read(repo, "comparison.png").startswith(b"\x89PNG")
    assert repo.private
    assert len(repo.commits) == 2
    assert done["commit"] == repo.commits[-1].oid
    assert done["private"] is True
    assert set(done["files"]) == set(repo.files) - {".gitattributes"}
    assert done["licence"] == "other"  # nobody said what the base model's is


def test_the_same_again_sends_nothing(here: Hub, finetuned: Path) -> None:
    first, again = pushed(finetuned, _REPO), pushed(finetuned, _REPO)
    assert first["commit"] == again["commit"]
    assert len(here.uploads) == len(set(here.uploads))


def test_the_card_is_the_one_of_the_dry_run(here: Hub, finetuned: Path) -> None:
    options = ("--licence", "apache-2.0", "--base-model", "facebook/sam-vit-base")
    shown = push(finetuned, _REPO, "--dry-run", *options)
    assert shown.exit_code == 0
    assert not here.requests
    assert pushed(finetuned, _REPO, *options)["licence"] == "cc-by-sa-4.0"
    assert here.read(here.model(_REPO), "README.md").decode() == shown.stdout
    assert ModelCard(shown.stdout).data.base_model == "facebook/sam-vit-base"


def test_hints_for_what_the_card_could_say(here: Hub, finetuned: Path) -> None:
    hints = push(finetuned, _REPO, "--dry-run").stderr
    assert all(option in hints for option in ("--licence", "--base-model", "--dataset"))
    full = ("--base-model", "facebook/sam-vit-base", "--dataset", "org/cosmos1050k")
    assert not push(finetuned, _REPO, "--dry-run", *full).stderr


def test_a_warning_about_data_that_may_not_be_passed_on(here: Hub, tuned: Path) -> None:
    report = json.loads((tuned / "finetune.json").read_text())
    report["dataset"]["sources"]["msd"]["redistributable"] = "no"
    (tuned / "finetune.json").write_text(json.dumps(report))
    title = report["dataset"]["sources"]["msd"]["title"]
    assert f"may not be passed on ({title}): may a model of it?" in push(tuned, _REPO, "--dry-run").stderr


# The clients that people use, in processes of their own.

_LOAD = """
import hashlib, json, sys
import torch, transformers
from huggingface_hub import HfApi, ModelCard
model, report = transformers.SamModel.from_pretrained("org/sam-cells", output_loading_info=True)
digest = hashlib.sha256()
for name, value in sorted(model.state_dict().items()):
    digest.update(name.encode() + value.numpy().tobytes())
card = ModelCard.load("org/sam-cells")
info = HfApi().model_info("org/sam-cells")
print(json.dumps({
    "digest": digest.hexdigest(),
    "missing": [*report["missing_keys"], *report["unexpected_keys"]],
    "results": [[one.metric_type, one.metric_value] for one in card.data.eval_results],
    "license": card.data.license,
    "private": info.private,
    "ours": [name for name in sys.modules if name.startswith("cosmos")],
    "mask": [*mask.shape, str(mask.dtype)],
}))
"""


def test_read_back_by_the_snippet_of_the_card_with_nothing_of_ours(
    hub: Hub, finetuned: Path, alice: Path, bob: Path
) -> None:
    import hashlib

    from transformers import SamModel

    sent = run_command(hub, alice, "cosmos-eval", "push", finetuned, _REPO, "--json")
    assert sent.returncode == 0, sent.stderr
    assert hub.token not in sent.stdout + sent.stderr
    card = hub.read(hub.model(_REPO), "README.md").decode()
    (snippet,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    pixels = np.random.default_rng(0).integers(0, 256, (100, 120), dtype=np.uint8)
    Image.fromarray(pixels).save(bob / "image.png")
    found = json.loads(run_client(hub, bob, snippet + _LOAD).splitlines()[-1])
    assert found["mask"] == [100, 120, "torch.bool"]
    digest = hashlib.sha256()
    for name, value in sorted(SamModel.from_pretrained(finetuned).state_dict().items()):
        digest.update(name.encode() + value.numpy().tobytes())
    assert found["digest"] == digest.hexdigest()
    assert not found["missing"]
    assert not found["ours"]
    assert found["private"] is True
    rows = json.loads((finetuned / "comparison.json").read_text())["rows"]
    assert {round(row["mean_b"], 4) for row in rows} <= {value for _, value in found["results"]}


@pytest.mark.slow
def test_evaluated_again_from_the_hub(here: Hub, finetuned: Path, shared_built: Path, bob: Path) -> None:
    """The figures of the card are what the pushed weights give."""
    pushed(finetuned, _REPO)
    again = run_command(
        here, bob, "cosmos-eval", "run", shared_built, "--model", _REPO, "--config", "msd", "--strategies",
        "S5", "--no-hd", "--threads", "1", "--masks", "union", "--limit", "40", "--out", bob / "run", "--json",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    before = json.loads((finetuned / "evaluation" / "after" / "summary.json").read_text())["targets"]
    assert json.loads(again.stdout) == before


# .eval_results.


def test_eval_results_where_the_data_set_is_on_the_hub(here: Hub, finetuned: Path) -> None:
    pushed(finetuned, _REPO, "--dataset", "org/cosmos1050k")
    repo = here.model(_REPO)
    entries = parse_eval_result_entries(yaml.safe_load(here.read(repo, ".eval_results/cosmos1050k.yaml")))
    rows = json.loads((finetuned / "comparison.json").read_text())["rows"]
    assert [entry.value for entry in entries[1:]] == [round(row["mean_b"], 4) for row in rows]
    assert entries[0].source_url == f"{here.endpoint}/{_REPO}/blob/main/comparison.json"
    assert ModelCard(here.read(repo, "README.md").decode()).data.datasets == ["org/cosmos1050k"]
    # The data set's name is given no more: nothing of before is left.
    pushed(finetuned, _REPO)
    assert ".eval_results/cosmos1050k.yaml" not in repo.files


def test_what_was_trained_from_the_hub_needs_no_options(here: Hub, tuned: Path) -> None:
    report = json.loads((tuned / "finetune.json").read_text())
    report["base_model"] = "facebook/sam-vit-base"
    report["dataset"]["location"] = "org/cosmos1050k"
    (tuned / "finetune.json").write_text(json.dumps(report))
    done = push(tuned, _REPO)
    assert done.exit_code == 0
    assert "licence: cc-by-sa-4.0" in done.stdout
    assert "--licence" not in done.stderr
    repo = here.model(_REPO)
    assert ".eval_results/cosmos1050k.yaml" in repo.files
    data = ModelCard(here.read(repo, "README.md").decode()).data
    assert (data.base_model, data.datasets) == ("facebook/sam-vit-base", ["org/cosmos1050k"])


# Repositories that hold something.


def test_an_adapter_comes_along_and_goes_with_its_model(here: Hub, tuned: Path) -> None:
    (tuned / "adapter").mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors", "training.log"):
        (tuned / "adapter" / name).write_text("{}")
    pushed(tuned, _REPO)
    repo = here.model(_REPO)
    assert {path for path in repo.files if path.startswith("adapter/")} == {
        *("adapter/adapter_config.json", "adapter/adapter_model.safetensors")
    }
    assert "`adapter/` holds" in here.read(repo, "README.md").decode()
    repo.add("by hand", {**repo.files, "LICENSE": regular_file(b"terms")})
    (tuned / "adapter" / "adapter_config.json").unlink()
    (tuned / "adapter" / "adapter_model.safetensors").unlink()
    pushed(tuned, _REPO)
    assert not [path for path in repo.files if path.startswith("adapter/")]
    assert here.read(repo, "LICENSE") == b"terms"


def test_another_model_is_not_overwritten(here: Hub, finetuned: Path) -> None:
    pushed(finetuned, _REPO)
    repo = here.model(_REPO)
    repo.add("by hand", {path: one for path, one in repo.files.items() if path != "finetune.json"})
    commits = len(repo.commits)
    assert "holds a model that was not pushed by this command" in refused(finetuned, _REPO)
    assert len(repo.commits) == commits


def test_public_only_when_asked_for(here: Hub, finetuned: Path) -> None:
    assert pushed(finetuned, _REPO, "--public")["private"] is False
    assert "is public. Say --public" in refused(finetuned, _REPO)
    assert pushed(finetuned, _REPO, "--private")["private"] is True
    assert here.model(_REPO).private


# Nothing without results.


@pytest.mark.parametrize("when", ["before", "after"])
def test_no_results_no_push(when: str, here: Hub, tuned: Path) -> None:
    (tuned / "evaluation" / when / "results.parquet").unlink()
    said = refused(tuned, _REPO)
    assert f"has no results {when} the fine-tuning" in said
    assert "Give the command of the fine-tuning again" in said
    assert refused(tuned, _REPO, "--dry-run") == said
    assert not here.requests


def test_results_of_other_weights(here: Hub, tuned: Path) -> None:
    weights = bytearray((tuned / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (tuned / "model.safetensors").write_bytes(weights)
    said = refused(tuned, _REPO)
    assert f"{tuned / 'evaluation' / 'after'} holds results of other weights" in said
    assert "cosmos-eval finetune cosmos1050k" in said
    assert not here.requests


def test_results_of_another_base(here: Hub, tuned: Path) -> None:
    report = json.loads((tuned / "finetune.json").read_text())
    (tuned / "finetune.json").write_text(json.dumps({**report, "base_digest": "0" * 64}))
    assert "than the base model (00000000)" in refused(tuned, _REPO)


def test_folders_that_no_fine_tuning_made(here: Hub, tuned: Path, tmp_path: Path) -> None:
    takes = "takes the folder that cosmos-eval finetune made"
    run = refused(tuned / "evaluation" / "after", _REPO)
    assert "is the folder of a run, which holds no model" in run
    assert takes in run
    (tmp_path / "empty").mkdir()
    assert f"has no finetune.json. cosmos-eval push {takes}" in refused(tmp_path / "empty", _REPO)
    report = json.loads((tuned / "finetune.json").read_text())
    del report["groups"], report["best"]
    (tuned / "finetune.json").write_text(json.dumps(report))
    assert "lacks best, groups" in refused(tuned, _REPO)
    (tuned / "finetune.json").write_text("{")
    assert "is damaged" in refused(tuned, _REPO)
    assert not here.requests


# The Hub says no.


def test_nobody_is_logged_in(here: Hub, finetuned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert "nobody is logged in; hf auth login" in refused(finetuned, _REPO)


@pytest.mark.parametrize(
    ("repo", "token", "says"),
    [
        ("org/model", "hf_wrong", "does not accept the token"),
        ("strangers/model", "", "May your account write to strangers"),
        ("model", "", "it has the form organisation/name"),
    ],
)
def test_bad_tokens_and_names(
    repo: str, token: str, says: str, here: Hub, finetuned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    said = refused(finetuned, repo)
    assert says in said
    assert said.startswith("error: ")
    assert "hf_" not in said
    assert not here.repos


def test_a_full_storage(here: Hub, finetuned: Path) -> None:
    here.capacity = 1000
    said = refused(finetuned, _REPO)
    assert "no room for it" in said
    assert "the same command goes on" in said
    here.capacity = None
    assert pushed(finetuned, _REPO)["commit"] == here.model(_REPO).commits[-1].oid


def test_what_was_sent_before_an_interruption_is_not_sent_again(here: Hub, finetuned: Path) -> None:
    here.fail("POST", "/commit/", 503, "busy", times=50)
    assert "cannot send the model; the same command goes on" in refused(finetuned, _REPO)
    sent = list(here.uploads)
    assert sent
    here.faults.clear()
    pushed(finetuned, _REPO)
    assert here.uploads == sent


def test_ctrl_c_leaves_no_half_and_the_same_command_goes_on(hub: Hub, finetuned: Path, alice: Path) -> None:
    hub.pause = 5
    code = f"from cosmos_datasets.evaluation.cli import main; main(['push', {str(finetuned)!r}, {_REPO!r}])"
    running = subprocess.Popen([sys.executable, "-c", code], env=client_env(hub, alice), cwd=alice, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    deadline = time.monotonic() + 100
    while not any("/storage/" in path for _, path, _ in hub.requests) and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said = "".join(running.communicate(timeout=100))
    assert running.returncode == 130, said
    assert "interrupted; give the same command again to go on" in said
    assert "Traceback" not in said
    assert set(hub.model(_REPO).files) == {".gitattributes"}
    hub.pause = 0
    assert run_command(hub, alice, "cosmos-eval", "push", finetuned, _REPO).returncode == 0
    assert "model.safetensors" in hub.model(_REPO).files
    assert len(hub.uploads) == len(set(hub.uploads))


def test_nothing_is_left_behind_and_the_token_is_nowhere(
    here: Hub, tuned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    before = files(tuned)
    done = push(tuned, _REPO)
    assert done.exit_code == 0
    assert _REPO in done.stdout
    assert files(tuned) == before
    assert not list(scratch.iterdir())
    assert here.token not in done.output
    repo = here.model(_REPO)
    assert not [path for path in repo.files if here.token.encode() in here.read(repo, path)]
