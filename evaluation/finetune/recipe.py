"""What decides the result of a fine-tuning beside model and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Method = Literal["decoder", "lora", "full"]
METHODS = ("decoder", "lora", "full")
PRECISIONS = ("no", "bf16", "fp16")
#: The attention of the image encoders: of SAM, SAM-HQ and SAM 2, and of SAM 3. EdgeTAM's has none.
ATTENTION = r"vision_encoder\..*\.(attn\.(qkv|proj)|attention\.[qkvo]_proj)"
LORA: dict[str, Any] = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ATTENTION}


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters; the defaults are the paper's where it states them.

    Attributes:
        method: ``decoder`` trains the mask decoder, ``lora`` low-rank additions to the attention of the image encoder
            and the mask decoder, ``full`` everything.
        epochs: passes over the training images.
        batch_size: images of a step, over all processes.
        gradient_accumulation: batches of a step: their gradients are added up.
        learning_rate, weight_decay: of AdamW.
        jitter: pixels by which every edge of a training box is moved at most.
        masks_per_image: at most so many masks of an image in an epoch, drawn anew every time.
        mixed_precision: ``no``, ``bf16`` or ``fp16``.
        seed: of order, jitter, drawn masks and new weights.
        peft: configuration of peft, for ``lora``.
    """

    method: Method = "decoder"
    epochs: int = 20
    batch_size: int = 2
    gradient_accumulation: int = 1
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    jitter: int = 0
    masks_per_image: int = 16
    mixed_precision: str = "no"
    seed: int = 0
    peft: dict[str, Any] | None = None
