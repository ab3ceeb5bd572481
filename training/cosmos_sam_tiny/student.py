"""The student: a plain `transformers.SamModel` with a small ViT encoder, at any of its training sizes."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
import transformers
from safetensors.torch import load_file

from cosmos_sam_tiny.teacher import CHANNELS

HIDDEN = 192
LAYERS = 8
PATCH = 16
#: Attention stays inside windows of this many places a side, except in the layers of `GLOBAL_LAYERS`.
WINDOW = 8
GLOBAL_LAYERS = (2, 5, 7)

_POSITIONS = "vision_encoder.pos_embed"


def build_student(size: int) -> transformers.SamModel:
    """A student with random weights.

    Args:
        size: side of its input; 16 times the side of its embedding.
    """
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": HIDDEN,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HIDDEN // 64,
            "mlp_dim": 4 * HIDDEN,
            "output_channels": CHANNELS,
            "num_pos_feats": CHANNELS // 2,
            "image_size": size,
            "patch_size": PATCH,
            "window_size": WINDOW,
            "global_attn_indexes": list(GLOBAL_LAYERS),
            "use_rel_pos": False,
            "use_abs_pos": True,
            # The default is 1e-10: made to be overwritten, it would leave an encoder that hardly learns.
            "initializer_range": 0.02,
        },
        prompt_encoder_config={"image_size": size, "patch_size": PATCH},
        mask_decoder_config={},
    )
    student = transformers.SamModel(config)
    student.vision_encoder.pos_embed.data.copy_(_waves(size // PATCH))
    return student


def _waves(side: int) -> torch.Tensor:
    """Sines and cosines of both coordinates, ``(1, side, side, HIDDEN)``: neighbours are alike from the start."""
    frequency = 10000.0 ** -(torch.arange(HIDDEN // 4) / (HIDDEN // 4))
    phase = torch.arange(side)[:, None] * frequency
    line = torch.cat([phase.sin(), phase.cos()], dim=1)
    rows, columns = line[:, None].expand(-1, side, -1), line[None].expand(side, -1, -1)
    return 0.5 * torch.cat([rows, columns], dim=-1)[None]


def load_decoder(student: transformers.SamModel, folder: Path) -> None:
    """Start prompt encoder and mask decoder from SAM ViT-H's.

    Args:
        student: keeps its own image encoder.
        folder: holds ``model.safetensors`` with the names of `transformers.SamModel`.
    """
    state = load_file(folder / "model.safetensors")
    report = student.load_state_dict(state, strict=False)
    if report.unexpected_keys or any(not name.startswith("vision_encoder.") for name in report.missing_keys):
        raise ValueError(f"{folder} does not hold SAM's prompt encoder and mask decoder")


def start_like(student: transformers.SamModel, teacher_weights: Path) -> None:
    """Give the neck's last layer norm the teacher's weights: scale and mean of every channel fit at once."""
    state = torch.load(teacher_weights, map_location="cpu", weights_only=True)
    last = student.vision_encoder.neck.layer_norm2
    last.weight.data.copy_(state["image_encoder.neck.3.weight"])
    last.bias.data.copy_(state["image_encoder.neck.3.bias"])


def grown(student: transformers.SamModel, size: int) -> transformers.SamModel:
    """The same student for another size: its positions are interpolated, all else is taken over."""
    state = student.state_dict()
    positions = state[_POSITIONS].permute(0, 3, 1, 2)
    side = size // PATCH
    state[_POSITIONS] = F.interpolate(positions, (side, side), mode="bicubic", align_corners=False).permute(0, 2, 3, 1)
    larger = build_student(size)
    larger.load_state_dict(state)
    return larger


def sharpened(student: transformers.SamModel, factor: float) -> transformers.SamModel:
    """Multiply the logits of all masks, in place; masks and estimates of IoU stay as they are.

    Everything mode keeps the masks that hardly change between the logits -1 and 1. Where SAM's logits jump from one
    place to the next, those of a model that saw little training rise slowly.
    """
    with torch.no_grad():
        for network in student.mask_decoder.output_hypernetworks_mlps:
            network.proj_out.weight.mul_(factor)
            network.proj_out.bias.mul_(factor)
    return student
