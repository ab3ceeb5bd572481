"""SAM 2 on single images: `transformers.Sam2Model`."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.models.preprocess import Pixels, clip_percentiles, resize, resize_unrounded


class Sam2Adapter(Adapter):
    """SAM 2: the image is squashed to the encoder's square; mask logits go straight to the size of the image.

    It is resized in floating point, as in SAM 2's own code; the profile ``transformers`` rounds it to 8 bits, as
    transformers' image processor does. Where an image is enlarged many times, less than a grey level can move the DICE
    of a single mask by 0.1 and more.
    """

    rounds = False
    mask_limit = 32.0
    iou_threshold = 0.8
    architecture = "Sam2Model"
    image_processor = "Sam2ImageProcessor"

    def _pixels(self, image: Pixels) -> torch.Tensor:
        if self.preprocess == "percentile":
            image = clip_percentiles(image)
        resized = (resize if self.rounds else resize_unrounded)(image, self.image_size, self.image_size)
        return self._normalisation(resized.to(self.device))

    def _features(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        # What get_image_embeddings() does, with autograd.
        model = self._model
        levels = list(model.get_image_features(pixels, return_dict=True).fpn_hidden_states)
        levels[-1] = levels[-1] + model.no_memory_embedding
        # There may be a level more than sizes, see Sam3Adapter.
        sizes = model.backbone_feature_sizes
        return tuple(
            level.permute(1, 2, 0).view(len(pixels), -1, *size) for level, size in zip(levels, sizes, strict=False)
        )

    def _image_embeddings(self, features: tuple[torch.Tensor, ...]) -> Any:
        return list(features)

    def _scale(self, height: int, width: int) -> tuple[float, float]:
        return self.image_size / width, self.image_size / height

    def _upsample(self, logits: torch.Tensor, height: int, width: int) -> torch.Tensor:
        return F.interpolate(logits, (height, width), mode="bilinear", align_corners=False)
