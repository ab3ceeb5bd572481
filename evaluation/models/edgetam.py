"""EdgeTAM on single images: `transformers.EdgeTamModel`."""

from __future__ import annotations

from cosmos_datasets.evaluation.models.sam2 import Sam2Adapter


class EdgeTamAdapter(Sam2Adapter):
    """EdgeTAM: SAM 2 with a small convolutional encoder, a RepViT of the package timm. Images and prompts as there."""

    architecture = "EdgeTamModel"
