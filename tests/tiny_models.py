"""Small SAM and SAM 2 models with seeded random weights, saved the way the Hub's are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers


def tiny_sam(seed: int = 0, image_size: int = 128) -> Any:
    """A SamModel of some 100,000 parameters."""
    hidden = 32
    config = transformers.SamConfig(
        vision_config=transformers.SamVisionConfig(
            hidden_size=hidden,
            output_channels=hidden,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=image_size,
            patch_size=16,
            window_size=4,
            global_attn_indexes=[1],
            num_pos_feats=hidden // 2,
            mlp_dim=64,
        ).to_dict(),
        prompt_encoder_config=transformers.SamPromptEncoderConfig(
            hidden_size=hidden, image_size=image_size, patch_size=16
        ).to_dict(),
        mask_decoder_config=transformers.SamMaskDecoderConfig(
            hidden_size=hidden, mlp_dim=64, num_attention_heads=2, iou_head_hidden_dim=32
        ).to_dict(),
    )
    return randomised(lambda: transformers.SamModel(config), seed)


def tiny_sam2_config(image_size: int = 128) -> dict[str, Any]:
    """The parts of the configuration of a small SAM 2, for image and video models."""
    hidden = 32
    levels = [image_size // 4, image_size // 8, image_size // 16]
    backbone = transformers.Sam2HieraDetConfig(
        hidden_size=16,
        num_attention_heads=1,
        image_size=[image_size, image_size],
        blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[16, 32, 64, 128],
        num_attention_heads_per_stage=[1, 1, 2, 2],
        window_size_per_stage=[4, 4, 4, 4],
        window_positional_embedding_background_size=[4, 4],
        global_attention_blocks=[3],
    )
    vision = transformers.Sam2VisionConfig(
        backbone_config=backbone.to_dict(),
        backbone_channel_list=[128, 64, 32, 16],
        backbone_feature_sizes=[[side, side] for side in levels],
        fpn_hidden_size=hidden,
        num_feature_levels=3,
    )
    return {
        "vision_config": vision.to_dict(),
        "prompt_encoder_config": {"hidden_size": hidden, "image_size": image_size, "patch_size": 16},
        "mask_decoder_config": {
            "hidden_size": hidden,
            "mlp_dim": 64,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 32,
        },
    }


def tiny_sam2(seed: int = 0, image_size: int = 128) -> Any:
    """A Sam2Model of some 300,000 parameters."""
    config = transformers.Sam2Config(**tiny_sam2_config(image_size))
    return randomised(lambda: transformers.Sam2Model(config), seed)


def save(model: Any, folder: Path) -> Path:
    """Write a model as ``save_pretrained`` does."""
    model.save_pretrained(folder)
    return folder


def randomised(build: Any, seed: int) -> Any:
    """Weights large enough that masks and scores differ between prompts (the models' own start is almost flat)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build().eval()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    parameter.normal_(std=1.5 / parameter[0].numel() ** 0.5)
                else:
                    parameter.add_(0.1 * torch.randn_like(parameter))
    return model
