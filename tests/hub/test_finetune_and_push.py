"""From a built data set to a model that others load from the Hub: every step by its command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from finetuned import write_models
from hub.clients import run_client
from hub.store import Hub
from huggingface_hub import ModelCard
from tiny_models import save, tiny_sam2

from cosmos_datasets.evaluation.cli import main

_REPO = "org/tuned"
_LOAD = """
import json
import torch, transformers
family, base, adapter = {family!r}, {base!r}, {adapter!r}
model, report = getattr(transformers, family).from_pretrained("org/tuned", output_loading_info=True)
largest = None
if adapter:
    from peft import PeftModel
    untouched = getattr(transformers, family).from_pretrained(base)
    merged = PeftModel.from_pretrained(untouched, "org/tuned", subfolder="adapter").merge_and_unload().state_dict()
    own = model.state_dict()
    assert set(own) == set(merged)
    largest = max(float((own[name] - merged[name]).abs().max()) for name in own)
print(json.dumps([sorted(report["missing_keys"]), sorted(report["unexpected_keys"]), largest]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("family", "method"), [("SamModel", "lora"), ("Sam2Model", "decoder")])
def test_fine_tune_push_and_load(family: str, method: str, here: Hub, shared_built: Path, tmp_path: Path) -> None:
    if family == "SamModel":
        base, _ = write_models(tmp_path)
    else:
        base = save(tiny_sam2(6), tmp_path / "sam2-tiny-random")
    out = tmp_path / "out"

    def run(*arguments: object) -> Any:
        done = CliRunner().invoke(main, [*map(str, arguments), "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    comparison = run("finetune", shared_built, "--config", "msd", "--model", base, "--method", method, "--epochs", 1,
                     "--learning-rate", "0.01", "--threads", 1, "--out", out)  # fmt: skip
    assert run("compare", out / "evaluation" / "before", out / "evaluation" / "after") == comparison
    done = run("push", out, _REPO, "--dataset", "org/cosmos1050k")
    assert done["private"] is True
    card = ModelCard(here.read(here.model(_REPO), "README.md").decode())
    assert {round(row["mean_b"], 4) for row in comparison["rows"]} <= {
        one.metric_value for one in card.data.eval_results or []
    }
    home = tmp_path / "bob"
    home.mkdir()
    code = _LOAD.format(family=family, base=str(base), adapter=method == "lora")
    missing, unexpected, largest = json.loads(run_client(here, home, code).splitlines()[-1])
    assert not missing
    assert not unexpected
    assert largest is None or largest < 1e-6
    assert (largest is not None) == (method == "lora")
