"""Small SAM-HQ, EdgeTAM and SAM 3 models with seeded random weights, saved the way the Hub's are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from tiny_models import randomised, tiny_sam
from transformers.modeling_outputs import BaseModelOutput

HIDDEN = 32
PROMPTS = {"hidden_size": HIDDEN, "image_size": 128, "patch_size": 16}
DECODER = {"hidden_size": HIDDEN, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": 32}
SAM3_SIDE = 112


def tiny_sam_hq(seed: int = 0) -> Any:
    """A SamHQModel of three layers, the last two with global attention."""
    parts = tiny_sam().config.to_dict()
    vision = {**parts["vision_config"], "num_hidden_layers": 3, "global_attn_indexes": [1, 2]}
    config = transformers.SamHQConfig(
        vision_config={**vision, "model_type": "sam_hq_vision_model"},
        prompt_encoder_config=PROMPTS,
        mask_decoder_config={**DECODER, "vit_dim": HIDDEN},
    )
    return randomised(lambda: transformers.SamHQModel(config), seed)


class PyramidConfig(transformers.PretrainedConfig):
    model_type = "tests_pyramid"


class Pyramid(transformers.PreTrainedModel):
    """Four levels of convolutions: what stands in EdgeTAM for the RepViT of timm, which is not always installed."""

    config_class = PyramidConfig
    channels = (8, 16, 24, 32)

    def __init__(self, config: PyramidConfig) -> None:
        super().__init__(config)
        inputs = (3, *self.channels)
        self.levels = torch.nn.ModuleList(
            torch.nn.Sequential(
                torch.nn.Conv2d(inputs[n], channels, 4 if n == 0 else 2, stride=4 if n == 0 else 2),
                torch.nn.BatchNorm2d(channels),
                torch.nn.GELU(),
            )
            for n, channels in enumerate(self.channels)
        )
        self.post_init()

    def forward(self, pixel_values: torch.Tensor, **_: Any) -> BaseModelOutput:
        levels = [pixel_values]
        for level in self.levels:
            levels.append(level(levels[-1]))
        return BaseModelOutput(last_hidden_state=levels[1:])


transformers.AutoConfig.register(PyramidConfig.model_type, PyramidConfig)
transformers.AutoModel.register(PyramidConfig, Pyramid)


def edgetam_config(backbone: dict[str, Any] | None = None, channels: tuple[int, ...] = Pyramid.channels) -> Any:
    """The parts of the configuration of a small EdgeTAM, for image and video models."""
    vision = transformers.EdgeTamVisionConfig(
        backbone_config=backbone or {"model_type": PyramidConfig.model_type},
        backbone_channel_list=list(reversed(channels)),
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
        fpn_hidden_size=HIDDEN,
    )
    return {"vision_config": vision.to_dict(), "prompt_encoder_config": PROMPTS, "mask_decoder_config": DECODER}


def tiny_edgetam(seed: int = 0) -> Any:
    """An EdgeTamModel with a `Pyramid`, whose normalisation has seen something."""
    config = transformers.EdgeTamConfig(**edgetam_config())
    return _with_statistics(randomised(lambda: transformers.EdgeTamModel(config), seed), seed)


def tiny_edgetam_video(seed: int = 0) -> Any:
    """An EdgeTamVideoModel with a `Pyramid`."""
    config = transformers.EdgeTamVideoConfig(
        **edgetam_config(), image_size=128, memory_attention_num_layers=1, perceiver_resampler_num_layers=1
    )
    return _with_statistics(randomised(lambda: transformers.EdgeTamVideoModel(config), seed), seed)


def timm_edgetam(seed: int = 0) -> Any:
    """An EdgeTamModel with the RepViT that the published checkpoint has, as timm initialises it; needs timm."""
    backbone = transformers.TimmWrapperConfig(
        architecture="repvit_m1.dist_in1k",
        model_args={"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]},
    )
    config = transformers.EdgeTamConfig(**edgetam_config(backbone.to_dict(), channels=(48, 96, 192, 384)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vision = transformers.EdgeTamVisionModel(config.vision_config)
    model = randomised(lambda: transformers.EdgeTamModel(config), seed)
    model.vision_encoder.backbone.load_state_dict(vision.backbone.state_dict())
    return model


def _with_statistics(model: Any, seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(generator=generator)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2, generator=generator)
    return model


def sam3_config(levels: int = 3) -> dict[str, Any]:
    """The parts of the configuration of a small SAM 3, for image and video models."""
    backbone = transformers.Sam3ViTConfig(
        hidden_size=HIDDEN,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=SAM3_SIDE,
        patch_size=14,
        window_size=4,
        global_attn_indexes=[1],
        pretrain_image_size=56,
    )
    vision = transformers.Sam3VisionConfig(
        backbone_config=backbone.to_dict(),
        fpn_hidden_size=HIDDEN,
        scale_factors=[4.0, 2.0, 1.0, 0.5][:levels],
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
    )
    prompts = {"hidden_size": HIDDEN, "image_size": SAM3_SIDE, "patch_size": 14}
    return {"vision_config": vision.to_dict(), "prompt_encoder_config": prompts, "mask_decoder_config": DECODER}


def tiny_sam3(seed: int = 0, levels: int = 3) -> Any:
    """A Sam3TrackerModel; with four levels as in the published checkpoint."""
    config = transformers.Sam3TrackerConfig(**sam3_config(levels))
    return randomised(lambda: transformers.Sam3TrackerModel(config), seed)


def sam3_tracker_video_config() -> Any:
    """The configuration of SAM 3's video tracker, with four levels."""
    return transformers.Sam3TrackerVideoConfig(
        **sam3_config(levels=4), image_size=SAM3_SIDE, memory_attention_num_layers=1
    )


def tiny_sam3_tracker_video(seed: int = 0) -> Any:
    """A Sam3TrackerVideoModel."""
    config = sam3_tracker_video_config()
    return randomised(lambda: transformers.Sam3TrackerVideoModel(config), seed)


def tiny_sam3_video(seed: int = 0) -> Any:
    """A Sam3VideoModel, which is detector and tracker on one encoder: what the published checkpoint is."""
    text = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 16, "projection_dim": 16}
    text |= {"bos_token_id": 1, "eos_token_id": 2}
    layers = {"hidden_size": HIDDEN, "num_attention_heads": 2, "intermediate_size": 32, "num_layers": 1}
    detector = transformers.Sam3Config(
        vision_config=sam3_config(levels=4)["vision_config"],
        text_config={**text, "model_type": "clip_text_model", "num_hidden_layers": 1, "num_attention_heads": 2},
        geometry_encoder_config=layers,
        detr_encoder_config=layers,
        detr_decoder_config={**layers, "num_queries": 4},
        mask_decoder_config={"hidden_size": HIDDEN, "num_attention_heads": 2},
    )
    config = transformers.Sam3VideoConfig(
        detector_config=detector.to_dict(), tracker_config=sam3_tracker_video_config().to_dict()
    )
    return randomised(lambda: transformers.Sam3VideoModel(config), seed)


def save_as_published(model: Any, folder: Path) -> Path:
    """Write a model with its tensors' own names; ``save_pretrained`` puts another prefix before some of SAM 3's."""
    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    return folder
