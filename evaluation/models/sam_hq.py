"""SAM-HQ: `transformers.SamHQModel`."""

from __future__ import annotations

from typing import Any

import torch

from cosmos_datasets.evaluation.models.sam import SamAdapter


class SamHQAdapter(SamAdapter):
    """SAM-HQ: images and prompts as for SAM; its decoder also sees the first global attention block of the encoder.

    Each of the three masks is the sum of SAM's logits and those of the high-quality token (``hq_token_only=False``,
    the default of transformers and of SAM-HQ's own code); the token's mask alone would be one, without an estimate of
    its IoU. The masks come by falling estimate; SAM-HQ's own code keeps the first one, the predicted choice here.
    """

    architecture = "SamHQModel"

    def _features(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        output = self._model.vision_encoder(pixels)
        # Of the global blocks the decoder reads the first one only.
        return (output.last_hidden_state, *output.intermediate_embeddings[:1])

    def _encoded(self, features: tuple[torch.Tensor, ...]) -> dict[str, Any]:
        return {**super()._encoded(features), "intermediate_embeddings": list(features[1:])}
