"""Finding and loading models: what works, and what is refused with a message that helps."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import HfApi, constants
from huggingface_hub.utils import httpx
from safetensors.torch import load_file, save_file
from tiny_families import (
    save_as_published,
    tiny_edgetam,
    tiny_edgetam_video,
    tiny_sam3,
    tiny_sam3_tracker_video,
    tiny_sam3_video,
    tiny_sam_hq,
)
from tiny_models import save, tiny_sam, tiny_sam2, tiny_sam2_config
from transformers import Sam2VideoConfig, Sam2VideoModel

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.models import FAMILIES, ModelError, load_model
from cosmos_datasets.evaluation.models.edgetam import EdgeTamAdapter
from cosmos_datasets.evaluation.models.sam import SamAdapter
from cosmos_datasets.evaluation.models.sam2 import Sam2Adapter
from cosmos_datasets.evaluation.models.sam3 import Sam3Adapter
from cosmos_datasets.evaluation.models.sam_hq import SamHQAdapter


@pytest.fixture
def sam(tmp_path: Path) -> Path:
    return save(tiny_sam(), tmp_path / "sam")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No Hub, and an empty cache, which is returned."""

    def unreachable(*_: Any, **__: Any) -> None:
        raise httpx.ConnectError("no route to host")

    monkeypatch.setattr(HfApi, "model_info", unreachable)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def refusal(model: Path | str, **settings: str) -> str:
    with pytest.raises(ModelError) as caught:
        load_model(str(model), **{"device": "cpu", **settings})
    assert isinstance(caught.value, CosmosError)
    return str(caught.value)


def put_into_cache(cache: Path, name: str, folder: Path) -> None:
    entry = cache / f"models--{name.replace('/', '--')}"
    revision = "0" * 40
    (entry / "refs").mkdir(parents=True)
    (entry / "refs" / "main").write_text(revision)
    shutil.copytree(folder, entry / "snapshots" / revision)


def tiny_sam2_video() -> Any:
    config = Sam2VideoConfig(**tiny_sam2_config(), image_size=128, memory_attention_num_layers=1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Sam2VideoModel(config)


MADE = {
    "sam": (tiny_sam, SamAdapter, "SamModel", 128),
    "sam_hq": (tiny_sam_hq, SamHQAdapter, "SamHQModel", 128),
    "sam2": (tiny_sam2, Sam2Adapter, "Sam2Model", 128),
    "sam2_video": (tiny_sam2_video, Sam2Adapter, "Sam2Model", 128),
    "edgetam": (tiny_edgetam, EdgeTamAdapter, "EdgeTamModel", 128),
    "edgetam_video": (tiny_edgetam_video, EdgeTamAdapter, "EdgeTamModel", 128),
    "sam3_tracker": (tiny_sam3, Sam3Adapter, "Sam3TrackerModel", 112),
    "sam3_tracker_video": (tiny_sam3_tracker_video, Sam3Adapter, "Sam3TrackerModel", 112),
    "sam3_video": (tiny_sam3_video, Sam3Adapter, "Sam3TrackerModel", 112),
}


@pytest.mark.parametrize("model_type", FAMILIES)
def test_family_follows_the_config(model_type: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Of video models and of the whole SAM 3 the promptable image model is taken, with its weights there."""
    make, kind, architecture, size = MADE[model_type]
    made = make()
    folder = (save_as_published if model_type == "sam3_video" else save)(made, tmp_path / "model")
    assert json.loads((folder / "config.json").read_text())["model_type"] == model_type
    capfd.readouterr()
    adapter = load_model(str(folder), device="cpu")
    assert capfd.readouterr() == ("", "")
    assert type(adapter) is kind
    assert type(adapter.model).__name__ == architecture
    assert (adapter.name, adapter.device, adapter.dtype) == ("model", torch.device("cpu"), torch.float32)
    assert (adapter.image_size, adapter.mask_threshold) == (size, 0.0)
    original = {name.removeprefix("tracker_model."): tensor for name, tensor in made.state_dict().items()}
    encoder = {
        "vision_encoder.backbone.": "detector_model.vision_encoder.backbone.",
        "vision_encoder.neck.": "tracker_neck.",
    }
    for name, tensor in adapter.model.state_dict().items():
        place = name
        for start, there in encoder.items():
            if model_type == "sam3_video" and name.startswith(start):
                place = there + name.removeprefix(start)
        assert torch.equal(tensor, original[place]), name


def test_digest_is_of_the_contents(sam: Path, tmp_path: Path) -> None:
    digest = load_model(str(sam), device="cpu").digest
    moved = shutil.copytree(sam, tmp_path / "elsewhere")
    assert load_model(str(moved), device="cpu").digest == digest
    assert len(digest) == 64
    weights = load_file(sam / "model.safetensors")
    weights["mask_decoder.iou_token.weight"] += 1
    save_file(weights, sam / "model.safetensors", {"format": "pt"})
    assert load_model(str(sam), device="cpu").digest != digest
    (moved / "preprocessor_config.json").write_text('{"image_mean": [0, 0, 0]}')
    assert load_model(str(moved), device="cpu").digest != digest


def test_shards(sam: Path, tmp_path: Path) -> None:
    model = tiny_sam()
    model.save_pretrained(tmp_path / "shards", max_shard_size="100KB")
    assert not (tmp_path / "shards" / "model.safetensors").exists()
    adapter = load_model(str(tmp_path / "shards"), device="cpu")
    image = torch.arange(100, dtype=torch.uint8).reshape(10, 10).numpy()
    whole = load_model(str(sam), device="cpu").encode([image])[0]
    assert torch.equal(adapter.encode([image])[0].tensors[0], whole.tensors[0])
    min((tmp_path / "shards").glob("model-*")).unlink()
    assert "model-00001" in refusal(tmp_path / "shards")


@pytest.mark.parametrize("name", ["processor_config.json", "preprocessor_config.json"])
def test_the_processors_mean_and_std_are_honoured(sam: Path, name: str) -> None:
    image = torch.arange(100, dtype=torch.uint8).reshape(10, 10).numpy()
    usual = load_model(str(sam), device="cpu").encode([image])[0].tensors[0]
    settings: dict[str, Any] = {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.5, 0.5, 0.5]}
    (sam / name).write_text(json.dumps({"image_processor": settings} if name.startswith("processor") else settings))
    assert not torch.allclose(load_model(str(sam), device="cpu").encode([image])[0].tensors[0], usual)
    settings.update(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])
    (sam / name).write_text(json.dumps({"image_processor": settings} if name.startswith("processor") else settings))
    assert torch.equal(load_model(str(sam), device="cpu").encode([image])[0].tensors[0], usual)
    (sam / name).write_text('{"image_mean": ["grey"]}')
    assert "image processor" in refusal(sam)


def test_a_part_of_a_model_is_refused(sam: Path) -> None:
    weights = load_file(sam / "model.safetensors")
    decoder = {name: tensor for name, tensor in weights.items() if not name.startswith("vision_encoder.")}
    save_file(decoder, sam / "model.safetensors", {"format": "pt"})
    message = refusal(sam)
    assert f"lacks {len(weights) - len(decoder)} of" in message
    assert "vision_encoder." in message


def test_weights_of_another_size_are_refused(sam: Path) -> None:
    weights = load_file(sam / "model.safetensors")
    weights["mask_decoder.iou_token.weight"] = torch.zeros(1, 7)
    save_file(weights, sam / "model.safetensors", {"format": "pt"})
    assert str(sam) in refusal(sam)


@pytest.mark.parametrize(
    "name", ["../secret.safetensors", "/etc/passwd", "weights.bin", "a/b.safetensors", ".safetensors"]
)
def test_an_index_names_safetensors_beside_it_and_nothing_else(sam: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.safetensors").write_bytes((sam / "model.safetensors").read_bytes())
    (sam / "model.safetensors").unlink()
    (sam / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": name}}))
    message = refusal(sam)
    assert "model.safetensors.index.json" in message
    assert "nothing else is opened" in message


@pytest.mark.parametrize(
    ("part", "name", "value"), [("vision_config", "num_hidden_layers", 10**6), (None, "size", 10**9)]
)
def test_sizes_that_no_model_has_are_refused_before_memory_is_taken(
    sam: Path, part: Any, name: str, value: int
) -> None:
    config = json.loads((sam / "config.json").read_text())
    (config[part] if part else config)[name] = value
    (sam / "config.json").write_text(json.dumps(config))
    assert f"{name} = {value} is no size" in refusal(sam)


def test_deep_json_is_refused(sam: Path) -> None:
    (sam / "config.json").write_text("[" * 200_000)
    assert "config.json cannot be read" in refusal(sam)


def test_weights_that_are_no_numbers_are_refused(sam: Path) -> None:
    weights = load_file(sam / "model.safetensors")
    name = next(one for one, tensor in weights.items() if "mask_decoder" in one and tensor.is_floating_point())
    weights[name].view(-1)[0] = float("nan")
    save_file(weights, sam / "model.safetensors", metadata={"format": "pt"})
    assert f"1 of its tensors, the first {name}, hold values that are no numbers" in refusal(sam)


def test_pickles_are_refused(sam: Path) -> None:
    (sam / "model.safetensors").rename(sam / "pytorch_model.bin")
    message = refusal(sam)
    assert "pytorch_model.bin" in message
    assert "save_pretrained" in message


def test_broken_folders_are_refused(sam: Path, tmp_path: Path) -> None:
    assert "config.json" in refusal(tmp_path)
    assert "is a file" in refusal(sam / "config.json")
    (sam / "model.safetensors").write_bytes(b"\x00" * 100)
    assert "broken" in refusal(sam)
    (sam / "model.safetensors").unlink()
    assert "no weights" in refusal(sam)
    (sam / "config.json").write_text("{")
    assert "config.json" in refusal(sam)
    (sam / "config.json").write_text("[]")
    assert "config.json" in refusal(sam)


@pytest.mark.parametrize("model_type", ["vit", "segformer", "sam3", "sam3_lite_text", None, ["sam"]])
def test_other_kinds_of_model_are_refused(sam: Path, model_type: Any) -> None:
    (sam / "config.json").write_text(json.dumps({"model_type": model_type}))
    message = refusal(sam)
    assert f"of type {model_type}. " in message
    assert f"Supported types: {', '.join(FAMILIES)} " in message


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise ModuleNotFoundError(\"No module named 'torchvision'\")", "No module named 'torchvision'"),
        ("raise RuntimeError('operator torchvision::nms does not exist')", "nms does not exist"),
    ],
)
@pytest.mark.parametrize("backbone", [None, {}, {"model_type": "timm_wrapper", "architecture": "repvit_m1"}])
def test_edgetam_needs_a_timm_that_works(
    program: str, reason: str, backbone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for before transformers is, which says less."""
    (tmp_path / "timm.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    folder = save(tiny_edgetam(), tmp_path / "edge")
    config = json.loads((folder / "config.json").read_text())
    config["vision_config"]["backbone_config"] = backbone
    (folder / "config.json").write_text(json.dumps(config))
    message = refusal(folder)
    assert reason in message
    assert "pip install timm" in message


def test_a_torchvision_that_does_not_fit_is_named(sam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Transformers:
        def __getattr__(self, name: str) -> Any:
            raise ModuleNotFoundError(name) from RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setitem(sys.modules, "transformers", Transformers())  # type: ignore[arg-type]
    message = refusal(sam)
    assert "SamModel (operator torchvision::nms does not exist)" in message
    assert "only EdgeTAM needs it" in message


def test_the_detector_of_sam3_alone_is_refused(tmp_path: Path) -> None:
    folder = save_as_published(tiny_sam3_video(), tmp_path)
    weights = load_file(folder / "model.safetensors")
    detector = {name: tensor for name, tensor in weights.items() if name.startswith("detector_model.")}
    save_file(detector, folder / "model.safetensors", {"format": "pt"})
    assert "it is only a part of a model" in refusal(folder)


def test_settings_are_checked(sam: Path, tmp_path: Path) -> None:
    assert "bfloat16" in refusal(sam, dtype="float8")
    assert "percentile" in refusal(sam, preprocess="ct")
    assert "Try cpu" in refusal(sam, device="toaster")
    assert "Try cpu" in refusal(sam, device="cuda:99")
    for make in (tiny_sam2, tiny_sam_hq, tiny_sam3):
        assert "medsam" in refusal(save(make(), tmp_path / make.__name__), preprocess="medsam")
    for folder in (sam, tmp_path / "tiny_sam3"):
        assert "is for SAM 2 and EdgeTAM" in refusal(folder, preprocess="transformers")


@pytest.mark.parametrize("name", ["./nowhere", "/no/where", "a b/c", "a/b/c", "../x"])
def test_neither_a_folder_nor_an_id(name: str) -> None:
    assert "no folder" in refusal(name)


def test_unreachable_hub(no_network: Path, sam: Path) -> None:
    message = refusal("owner/tiny-sam")
    assert "cannot be reached" in message
    assert "hf download owner/tiny-sam" in message
    put_into_cache(no_network, "owner/tiny-sam", sam)
    adapter = load_model("owner/tiny-sam", device="cpu")
    assert (adapter.name, adapter.digest) == ("owner/tiny-sam", load_model(str(sam), device="cpu").digest)


def test_offline_never_asks_the_hub(no_network: Path, sam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in refusal("owner/tiny-sam")
    put_into_cache(no_network, "owner/tiny-sam", sam)
    assert load_model("owner/tiny-sam", device="cpu").name == "owner/tiny-sam"


@pytest.mark.parametrize(("status", "part"), [(404, "spelling"), (401, "hf auth login"), (503, "answered 503")])
def test_what_the_hub_answers(no_network: Path, monkeypatch: pytest.MonkeyPatch, status: int, part: str) -> None:
    from huggingface_hub.errors import HfHubHTTPError

    def refuse(*_: Any, **__: Any) -> None:
        raise HfHubHTTPError("refused", response=httpx.Response(status, request=httpx.Request("GET", "https://hub")))

    monkeypatch.setattr(HfApi, "model_info", refuse)
    assert part in refusal("owner/tiny-sam")


def test_hub_models_with_pickles_only_are_not_downloaded(no_network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.hf_api import ModelInfo

    info = ModelInfo(id="owner/old", siblings=[{"rfilename": "config.json"}, {"rfilename": "pytorch_model.bin"}])
    monkeypatch.setattr(HfApi, "model_info", lambda *_, **__: info)
    assert "pytorch_model.bin" in refusal("owner/old")


def test_the_packaged_model_goes_by_a_short_name() -> None:
    adapter = load_model("tiny", device="cpu")
    assert adapter.name == "cosmos-sam-tiny"
    assert adapter.image_size == 512
