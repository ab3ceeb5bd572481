"""What a fine-tuning leaves, and that it is what was trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from tiny_models import save, tiny_sam2

from cosmos_datasets.evaluation.models import load_model

Tuned = Callable[[str, str], Path]
CLASSES = {"sam": transformers.SamModel, "sam2": transformers.Sam2Model}
each = pytest.mark.parametrize(
    ("family", "method"),
    [("sam", "decoder"), ("sam2", "decoder"), ("sam", "lora"), ("sam2", "lora"), ("sam2", "full")],
)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


@each
def test_only_what_the_method_trains_has_changed(
    family: str, method: str, tuned: Tuned, models: dict[str, Path]
) -> None:
    before, after = weights(models[family]), weights(tuned(family, method))
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("mask_decoder.output_hypernetworks_mlps.1.") for name in changed)
    assert any(name.startswith("mask_decoder.iou_prediction_head.") for name in changed)
    # The output for a single mask is never evaluated, and gets no gradient.
    assert not any(name.startswith("mask_decoder.output_hypernetworks_mlps.0.") for name in changed)
    encoder = {name for name in changed if name.startswith("vision_encoder.")}
    if method == "decoder":
        assert all(name.startswith("mask_decoder.") for name in changed)
        assert not any(".conv_s" in name for name in changed)
    elif method == "lora":
        assert encoder
        assert all(name.endswith(("attn.qkv.weight", "attn.proj.weight")) for name in encoder)
        assert all(name.startswith(("mask_decoder.", "vision_encoder.")) for name in changed)
    else:
        assert any("mlp" in name for name in encoder)
        assert any(name.startswith("prompt_encoder.") for name in changed)


@each
def test_the_checkpoint_loads_with_plain_transformers(
    family: str, method: str, tuned: Tuned, models: dict[str, Path]
) -> None:
    folder = tuned(family, method)
    model, report = CLASSES[family].from_pretrained(folder, output_loading_info=True)
    assert not any(report[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    adapter = load_model(str(folder), "cpu")
    image = torch.randint(0, 256, (48, 40), generator=torch.Generator().manual_seed(0)).byte().numpy()
    boxes = torch.tensor([[4.0, 5.0, 30.0, 29.0], [10.0, 10.0, 20.0, 35.0]])
    embedding = adapter.encode([image])[0]
    logits, scores = adapter.decode(embedding, boxes=boxes)
    with torch.no_grad():
        output = model.eval()(
            pixel_values=adapter.pixels([image]),
            input_boxes=adapter.to_input(boxes, 48, 40)[None],
            multimask_output=True,
        )
    torch.testing.assert_close(output.pred_masks[0], logits, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(output.iou_scores[0], scores, rtol=1e-4, atol=1e-4)
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    assert settings["image_mean"] == pytest.approx([0.485, 0.456, 0.406])
    if family == "sam":  # that of SAM 2 needs torchvision
        processor = transformers.SamProcessor.from_pretrained(folder)
        assert processor.image_processor.size["longest_edge"] == 128
    names = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert not names & {".bin", ".pt", ".pth", ".pkl"}


@pytest.mark.parametrize("family", ["sam", "sam2"])
def test_the_adapter_applied_is_the_merged_model(family: str, tuned: Tuned, models: dict[str, Path]) -> None:
    import peft

    folder = tuned(family, "lora")
    merged = CLASSES[family].from_pretrained(folder).eval()
    applied = peft.PeftModel.from_pretrained(
        CLASSES[family].from_pretrained(models[family]), folder / "adapter"
    ).eval()
    plain = CLASSES[family].from_pretrained(models[family]).eval()
    inputs = {
        "pixel_values": torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0)),
        "input_boxes": torch.tensor([[[10.0, 12.0, 80.0, 90.0]]]),
    }
    with torch.no_grad():
        one, other, base = (model(**inputs).pred_masks for model in (merged, applied, plain))
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3 * float(base.abs().max()))
    assert float((one - base).abs().max()) > 100 * float((one - other).abs().max())
    assert str(models[family].parent) not in (folder / "adapter" / "adapter_config.json").read_text()


@each
def test_the_loss_falls_and_the_log_has_every_step(family: str, method: str, tuned: Tuned) -> None:
    folder = tuned(family, method) / "training"
    lines: list[dict[str, Any]] = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == list(range(1, len(steps) + 1))
    assert {line["epoch"] for line in steps} == {1, 2}
    half = len(steps) // 2
    mean = [sum(line["loss"] for line in part) / half for part in (steps[:half], steps[-half:])]
    assert mean[1] < mean[0]
    assert [line["validated"] for line in lines if "validated" in line] == [0, 1, 2]
    assert list((folder / "tensorboard").glob("events*"))


def test_the_report(tuned: Tuned, models: dict[str, Path], data: Path) -> None:
    folder = tuned("sam2", "decoder")
    report = json.loads((folder / "finetune.json").read_text())
    assert report["base_model"] == "sam2"
    assert report["base_digest"] == load_model(str(models["sam2"]), "cpu").digest
    assert (report["family"], report["method"], report["held_out"]) == ("Sam2Model", "decoder", "official test split")
    assert report["groups"] == {"train": 2, "validation": 1, "test": 1}
    assert report["dataset"]["location"] == "built"
    assert report["dataset"]["sources"]["acdc"]["licence"]
    assert report["best"]["epoch"] in {1, 2}
    assert str(data.parent) not in json.dumps(report)
    assert report["command"].startswith("cosmos-eval finetune built --model sam2 ")
    comparison = json.loads((folder / "comparison.json").read_text())
    assert comparison["masks"] == report["masks"]["test"]
    for when in ("before", "after"):
        run = json.loads((folder / "evaluation" / when / "run.json").read_text())
        assert (run["data"]["split"], run["data"]["masks_selected"]) == ("test", report["masks"]["test"])
    assert not (folder / "training" / "embeddings").exists()


def test_the_kept_epoch_is_the_one_of_best_validation(tuned: Tuned) -> None:
    folder = tuned("sam2", "decoder")
    best = json.loads((folder / "finetune.json").read_text())["best"]
    lines = [json.loads(line) for line in (folder / "training" / "metrics.jsonl").read_text().splitlines()]
    scores = {line["validated"]: line["validation_dice"] for line in lines if "validated" in line}
    assert best["validation_dice"] == max(scores[1], scores[2]) == scores[best["epoch"]]
    assert best["validation_dice_untouched"] == scores[0]
    kept = load_file(folder / "training" / "best.safetensors")
    exported = weights(folder)
    assert all(torch.equal(exported[name], tensor) for name, tensor in kept.items())


def test_a_base_model_that_gives_nan_is_refused_before_anything_is_trained(
    args: list[Any], tmp_path: Path, cli: Any
) -> None:
    model = tiny_sam2(6)
    model.mask_decoder.output_hypernetworks_mlps[2].proj_out.bias.data.fill_(3e38)  # finite; what is made of it is not
    refused = cli(*args, "--model", save(model, tmp_path / "damaged"), "--out", tmp_path / "tuned", fails=True)
    assert refused.exit_code == 1
    assert "damaged gives numbers that are not finite (NaN) for acdc/patient" in refused.output
    assert not (tmp_path / "tuned" / "model.safetensors").exists()
