"""MobileSAM as the experiments see a model: the teacher's encoder at its own 1024 pixels, and SAM's decoder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
import transformers

from cosmos_datasets.evaluation.models.preprocess import Normalisation
from cosmos_datasets.evaluation.models.sam import SamAdapter
from cosmos_sam_tiny.student import load_decoder
from cosmos_sam_tiny.teacher import TinyViT, load_teacher


class MobileSamAdapter(SamAdapter):
    """SAM with another image encoder; everything else is :class:`SamAdapter`'s.

    Args:
        weights: of MobileSAM, see :func:`cosmos_sam_tiny.teacher.fetch_weights`.
        decoder: folder with SAM's prompt encoder and mask decoder.
    """

    def __init__(self, weights: Path, decoder: Path) -> None:
        # The encoder of this model is never run: it is as small as can be.
        vision = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1, "num_pos_feats": 128}
        config = transformers.SamConfig(vision_config=vision, prompt_encoder_config={}, mask_decoder_config={})
        model = transformers.SamModel(config)
        load_decoder(model, decoder)
        super().__init__(
            model,
            name="MobileSAM",
            digest=hashlib.sha256(weights.read_bytes()).hexdigest(),
            device=torch.device("cpu"),
            dtype=torch.float32,
            normalisation=Normalisation(),
            preprocess="sam",
        )
        self._encoder: TinyViT = load_teacher(weights)

    def _features(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (self._encoder(pixels),)
