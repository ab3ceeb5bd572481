"""SAM and its fine-tunes: `transformers.SamModel`."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image

from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.models.preprocess import (
    Pixels,
    clip_percentiles,
    longest_side,
    pad_to_square,
    resize,
    scale_to_unit,
)


class SamAdapter(Adapter):
    """SAM: the longer side is scaled to the encoder's size, the rest padded with zeros after normalisation.

    The profile ``medsam`` follows MedSAM's own code instead: the image is squashed to the square with a cubic filter
    and scaled to 0-1, without mean and std. Its reference uses scikit-image's cubic spline, for which Pillow's cubic
    filter stands here; the two differ by a few grey levels at edges.
    """

    architecture = "SamModel"
    image_processor = "SamImageProcessor"

    def _pixels(self, image: Pixels) -> torch.Tensor:
        size = self.image_size
        if self.preprocess == "medsam":
            return scale_to_unit(resize(image, size, size, resample=Image.Resampling.BICUBIC).to(self.device))
        if self.preprocess == "percentile":
            image = clip_percentiles(image)
        pixels = resize(image, *longest_side(image.shape[0], image.shape[1], size))
        return pad_to_square(self._normalisation(pixels.to(self.device)), size)

    def _features(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        # Not get_image_embeddings(), which does the same without autograd.
        return (self._model.vision_encoder(pixels).last_hidden_state,)

    def _image_embeddings(self, features: tuple[torch.Tensor, ...]) -> Any:
        return features[0]

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if self.preprocess == "medsam":
            return self.image_size, self.image_size
        return longest_side(height, width, self.image_size)

    def _scale(self, height: int, width: int) -> tuple[float, float]:
        resized_height, resized_width = self._resized(height, width)
        return resized_width / width, resized_height / height

    def _upsample(self, logits: torch.Tensor, height: int, width: int) -> torch.Tensor:
        rows, columns = self._resized(height, width)
        square = F.interpolate(logits, (self.image_size, self.image_size), mode="bilinear", align_corners=False)
        return F.interpolate(square[..., :rows, :columns], (height, width), mode="bilinear", align_corners=False)
