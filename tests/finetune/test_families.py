"""Fine-tuning of the families beside SAM and SAM 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from runs import sure
from safetensors.torch import load_file
from tiny_families import save_as_published, tiny_edgetam, tiny_sam3, tiny_sam3_video, tiny_sam_hq
from tiny_models import save

from cosmos_datasets.evaluation.models import load_model

Finetune = Callable[..., Any]
IMAGE = torch.randint(0, 256, (48, 40), generator=torch.Generator().manual_seed(0)).byte().numpy()
BOXES = torch.tensor([[4.0, 5.0, 30.0, 29.0], [10.0, 10.0, 20.0, 35.0]])


@pytest.fixture
def finetune(data: Path, cli: Any, tmp_path: Path) -> Finetune:
    """Fine-tune for an epoch on a case; the folder of the result is ``tuned``."""
    fast = [
        "--config",
        "acdc",
        "--device",
        "cpu",
        "--threads",
        1,
        "--epochs",
        1,
        "--batch-size",
        8,
        "--train-cases",
        1,
    ]

    def run(model: Path, method: str, *more: object, fails: bool = False) -> Any:
        out = tmp_path / "tuned"
        return cli("finetune", data, *fast, "--model", model, "--method", method, *more, "--out", out, fails=fails)

    return run


@pytest.mark.parametrize(
    ("make", "method", "architecture", "processor", "mean"),
    [
        (tiny_sam_hq, "decoder", "SamHQModel", "SamImageProcessor", 0.485),
        (tiny_sam_hq, "lora", "SamHQModel", "SamImageProcessor", 0.485),
        (tiny_edgetam, "decoder", "EdgeTamModel", "Sam2ImageProcessor", 0.485),
        (tiny_edgetam, "full", "EdgeTamModel", "Sam2ImageProcessor", 0.485),
        (tiny_sam3, "lora", "Sam3TrackerModel", "Sam3ImageProcessor", 0.5),
    ],
)
def test_a_checkpoint_of_its_family_comes_out(
    make: Any, method: str, architecture: str, processor: str, mean: float, finetune: Finetune, tmp_path: Path
) -> None:
    base, out = save(sure(make(6)), tmp_path / "base"), tmp_path / "tuned"
    finetune(base, method)
    before, after = load_file(base / "model.safetensors"), load_file(out / "model.safetensors")
    assert before.keys() == after.keys()
    changed = {name.removeprefix("tracker_model.") for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("mask_decoder.output_hypernetworks_mlps.1.") for name in changed)
    encoder = [name for name in changed if "vision_encoder." in name]
    assert (encoder == []) == (method == "decoder")
    if method == "lora":
        assert all("attn." in name or "attention." in name for name in encoder)
    # The statistics of a normalisation stay: they are not learnt, and a few images say little.
    assert not any("running_" in name or "num_batches" in name for name in changed)

    kind = getattr(transformers, architecture)
    model, report = kind.from_pretrained(out, output_loading_info=True)
    assert not any(report[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert json.loads((out / "finetune.json").read_text())["family"] == architecture
    settings = json.loads((out / "preprocessor_config.json").read_text())
    assert (settings["image_processor_type"], settings["image_mean"][0]) == (processor, mean)
    adapter = load_model(str(out), "cpu")
    logits, scores = adapter.decode(adapter.encode([IMAGE])[0], boxes=BOXES)
    with torch.no_grad():
        output = model.eval()(
            pixel_values=adapter.pixels([IMAGE]),
            input_boxes=adapter.to_input(BOXES, *IMAGE.shape)[None],
            multimask_output=True,
        )
    torch.testing.assert_close(output.pred_masks[0], logits, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(output.iou_scores[0], scores, rtol=1e-4, atol=1e-4)


def test_of_the_whole_sam3_the_tuned_tracker_comes_out(finetune: Finetune, tmp_path: Path) -> None:
    base = save_as_published(tiny_sam3_video(6), tmp_path / "base")
    finetune(base, "decoder")
    before, after = load_model(str(base), "cpu"), load_model(str(tmp_path / "tuned"), "cpu")
    assert type(before) is type(after)
    old, new = before.encode([IMAGE])[0], after.encode([IMAGE])[0]
    for one, other in zip(old.tensors, new.tensors, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(before.decode(old, boxes=BOXES)[0], after.decode(new, boxes=BOXES)[0])


def test_an_encoder_without_attention_takes_no_lora(finetune: Finetune, tmp_path: Path) -> None:
    base = save(tiny_edgetam(6), tmp_path / "base")
    result = finetune(base, "lora", fails=True)
    assert result.exit_code == 1
    assert "EdgeTamModel has no attention" in result.output
    assert "--peft-config" in result.output
