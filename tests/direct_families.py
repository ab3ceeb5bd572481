"""Families of models called directly: transformers loads the model, and nothing of the package prepares its input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from tiny_families import tiny_edgetam, tiny_sam3, tiny_sam_hq
from tiny_models import tiny_sam, tiny_sam2
from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.adapter import Adapter

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


def three_channels(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def padded(image: np.ndarray, size: int, mean: float | np.ndarray, std: float | np.ndarray) -> torch.Tensor:
    processor = SamImageProcessorPil(
        size={"longest_edge": size}, pad_size={"height": size, "width": size}, image_mean=mean, image_std=std
    )
    return processor(three_channels(image), return_tensors="pt")["pixel_values"]


def squashed(image: np.ndarray, size: int, mean: float | np.ndarray, std: float | np.ndarray) -> torch.Tensor:
    """Resized in 8 bits."""
    square = np.array(Image.fromarray(three_channels(image)).resize((size, size), Image.Resampling.BILINEAR))
    return normalised(square, mean, std)


def normalised(values: np.ndarray, mean: float | np.ndarray, std: float | np.ndarray) -> torch.Tensor:
    """Values 0 to 255 ``(height, width, 3)`` as a model takes them."""
    return torch.from_numpy(((values.astype(np.float32) / 255 - mean) / std).astype(np.float32)).permute(2, 0, 1)[None]


def triangles(old: int, new: int) -> np.ndarray:
    """How much each of the old pixels weighs in each of the new ones, (new, old): antialiased linear resampling."""
    scale = old / new
    centres = (np.arange(new)[:, None] + 0.5) * scale
    weights = np.clip(1 - np.abs(np.arange(old) + 0.5 - centres) / max(scale, 1), 0, None)
    return weights / weights.sum(axis=1, keepdims=True)


def unrounded(image: np.ndarray, size: int, mean: float | np.ndarray, std: float | np.ndarray) -> torch.Tensor:
    """Resized in floating point."""
    colour = three_channels(image)
    rows, columns = (triangles(side, size) for side in colour.shape[:2])
    return normalised(np.einsum("ih,hwc,jw->ijc", rows, colour, columns, optimize=True), mean, std)


class Family:
    """An adapter beside the model that it wraps, which transformers loads without us."""

    def __init__(self, architecture: str, folder: Path, preprocess: str = "sam") -> None:
        self.folder = folder
        self.adapter: Adapter = load_model(str(folder), device="cpu", preprocess=preprocess)
        self.model: Any = getattr(transformers, architecture).from_pretrained(folder, dtype=torch.float32).eval()
        self.size = self.adapter.image_size
        self.pads = architecture in {"SamModel", "SamHQModel"}
        floats = architecture in {"Sam2Model", "EdgeTamModel"} and preprocess == "sam"
        self.prepared = padded if self.pads else unrounded if floats else squashed
        self.normalisation = (0.5, 0.5) if architecture == "Sam3TrackerModel" else (MEAN, STD)

    def pixels(self, image: np.ndarray) -> torch.Tensor:
        return self.prepared(image, self.size, *self.normalisation)

    def embeddings(self, image: np.ndarray) -> list[torch.Tensor]:
        """What the model of transformers makes of an image, without our preprocessing."""
        with torch.no_grad():
            found = self.model.get_image_embeddings(self.pixels(image))
        if isinstance(found, torch.Tensor):
            return [found]
        if isinstance(found, tuple):  # SAM-HQ: with those of all blocks of global attention
            return [found[0], found[1][0]]
        return list(found)

    def scale(self, image: np.ndarray) -> torch.Tensor:
        height, width = image.shape[:2]
        if not self.pads:
            return torch.tensor([self.size / width, self.size / height])
        factor = self.size / max(height, width)
        return torch.tensor([int(width * factor + 0.5) / width, int(height * factor + 0.5) / height])

    def call(self, image: np.ndarray, points: Any, labels: Any, boxes: Any, **options: Any) -> Any:
        scale = self.scale(image)
        with torch.no_grad():
            return self.model(
                pixel_values=self.pixels(image),
                input_points=None if points is None else points[None] * scale,
                input_labels=None if labels is None else labels[None],
                input_boxes=None if boxes is None else boxes[None] * scale.repeat(2),
                multimask_output=True,
                **options,
            )

    def full(self, logits: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        """Logits ``(N, h, w)`` at the size of the image."""
        if not self.pads:
            return torch.nn.functional.interpolate(logits[:, None], size, mode="bilinear", align_corners=False)[:, 0]
        factor = self.size / max(size)
        (upsampled,) = SamImageProcessorPil().post_process_masks(
            logits[None, :, None],
            [size],
            [tuple(int(side * factor + 0.5) for side in size)],
            binarize=False,
            pad_size={"height": self.size, "width": self.size},
        )
        return upsampled[:, 0]


MADE: dict[str, tuple[str, Callable[..., Any]]] = {
    "sam": ("SamModel", tiny_sam),
    "sam-256": ("SamModel", lambda: tiny_sam(image_size=256)),
    "sam-hq": ("SamHQModel", tiny_sam_hq),
    "sam2": ("Sam2Model", tiny_sam2),
    "edgetam": ("EdgeTamModel", tiny_edgetam),
    "sam3": ("Sam3TrackerModel", tiny_sam3),
    "sam3-four-levels": ("Sam3TrackerModel", lambda: tiny_sam3(levels=4)),
}
