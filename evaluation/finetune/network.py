"""The model while it is trained: which of its parameters learn, one batch, and what it scores."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.finetune.examples import Example
from cosmos_datasets.evaluation.finetune.loss import mask_loss
from cosmos_datasets.evaluation.finetune.recipe import ATTENTION, LORA, Recipe
from cosmos_datasets.evaluation.metrics import dice
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.scoring import PROMPTS_AT_ONCE

#: SAM 2 and its relatives apply these layers of their decoder before embeddings are stored, so they stay with the
#: frozen encoder.
_STORED = ("conv_s0.", "conv_s1.")
#: The output for a single mask is never asked for, so nothing but the optimiser's decay would reach its own layers.
_UNUSED = "output_hypernetworks_mlps.0."
#: Masks are compared at the size of the image, or at this side if the image is larger: memory grows with its square.
_LARGEST = 1024
_PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, eq=False)
class Shown:
    """An image as it is shown in an epoch.

    Attributes:
        example: image and masks.
        chosen: which of its masks.
        boxes: float32 ``(k, 4)``: their prompts, xyxy in pixels of the image.
    """

    example: Example
    chosen: NDArray[np.int64]
    boxes: NDArray[np.float32]


class Network:
    """A model of transformers, prepared for a method.

    Args:
        adapter: the model; it is changed in place.
        recipe: the method and its settings.

    Raises:
        CosmosError: if peft cannot use its configuration.
    """

    def __init__(self, adapter: Adapter, recipe: Recipe) -> None:
        self.adapter = adapter
        self.peft: Any = None
        self._precision = _PRECISIONS.get(recipe.mixed_precision)
        model = adapter.model
        model.requires_grad_(False)
        if recipe.method == "lora":
            self.peft = _with_peft(model, recipe)
        elif recipe.method == "full":
            model.requires_grad_(True)
        else:
            for name, parameter in model.mask_decoder.named_parameters():
                parameter.requires_grad_(not name.startswith(_STORED))
        for name, parameter in model.named_parameters():
            if _UNUSED in name:
                parameter.requires_grad_(False)

    @property
    def trained(self) -> dict[str, torch.nn.Parameter]:
        """The parameters that learn, by name."""
        named = (self.peft or self.adapter.model).named_parameters()
        return {name: parameter for name, parameter in named if parameter.requires_grad}

    def load(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Set the parameters that learn."""
        with torch.no_grad():
            for name, parameter in self.trained.items():
                parameter.copy_(weights[name])

    def training(self, on: bool) -> None:
        """Switch dropout and the like, which some configurations of peft have."""
        model = self.peft or self.adapter.model
        model.train(on)
        for module in model.modules():
            # Batches are small, and the statistics of EdgeTAM's encoder would be lost: they are no parameters.
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.adapter.device.type, self._precision, enabled=self._precision is not None)

    def _features(self, examples: Sequence[Example]) -> tuple[torch.Tensor, ...]:
        if examples[0].features:
            levels = zip(*(one.features for one in examples), strict=True)
            return tuple(torch.cat(level).to(self.adapter.device) for level in levels)
        return self.adapter.features(self.adapter.pixels([one.image for one in examples]))

    def loss(self, batch: Sequence[Shown]) -> tuple[torch.Tensor, dict[str, float]]:
        """Sum of the losses of all prompts of a batch, and sums for the log."""
        device = self.adapter.device
        boxes = [self._to_input(one.boxes, one.example) for one in batch]
        owners = torch.repeat_interleave(torch.arange(len(batch)), torch.tensor([len(one) for one in boxes]))
        with self._autocast():
            # All prompts of a batch in one pass, whatever their number an image: each with its image's embedding.
            features = tuple(level[owners.to(device)] for level in self._features([one.example for one in batch]))
            logits, scores = self.adapter.decode_boxes(features, torch.cat(boxes))
        losses, notes = [], {"loss": 0.0, "dice": 0.0, "iou_error": 0.0}
        for n, one in enumerate(batch):
            own = (owners == n).to(device)
            targets = torch.from_numpy(np.stack([one.example.full(int(k)) for k in one.chosen])).to(device)
            targets = _reduced(targets)
            larger = self.adapter.resample(logits[own].float(), *targets.shape[-2:])
            loss, facts = mask_loss(larger, scores[own], targets)
            losses.append(loss)
            notes = {name: value + facts[name] for name, value in notes.items()}
        return torch.stack(losses).sum(), notes

    def validate(self, example: Example, name: str) -> list[float]:
        """DICE of every mask of an image with its tight box, for the mask that the model itself prefers.

        Raises:
            ModelError: the model gives NaN; ``name`` is that of the image.
        """
        scored: list[float] = []
        with torch.no_grad(), self._autocast():
            features = self._features([example])
            for start in range(0, len(example.boxes), PROMPTS_AT_ONCE):
                masks = range(start, min(start + PROMPTS_AT_ONCE, len(example.boxes)))
                boxes = self._to_input(example.boxes[start : masks.stop].astype(np.float32), example)
                repeated = tuple(level.expand(len(boxes), *level.shape[1:]) for level in features)
                logits, scores = self.adapter.decode_boxes(repeated, boxes)
                self.adapter.refuse_not_finite(name, logits, scores)
                own = scores.argmax(dim=1)
                chosen = logits.float()[torch.arange(len(own), device=own.device), own][:, None]
                found = self.adapter.resample(chosen, *example.size)[:, 0] > self.adapter.mask_threshold
                for k, mask in zip(masks, found.cpu().numpy(), strict=True):
                    target = example.full(k)
                    tp, area, wanted = (int(np.count_nonzero(one)) for one in (mask & target, mask, target))
                    scored.append(dice(tp, area, wanted))
        return scored

    def _to_input(self, boxes: NDArray[np.float32], example: Example) -> torch.Tensor:
        return self.adapter.to_input(torch.from_numpy(boxes).to(self.adapter.device), *example.size)


def _reduced(targets: torch.Tensor) -> torch.Tensor:
    """Masks of a large image at a smaller size."""
    side = max(targets.shape[-2:])
    if side <= _LARGEST:
        return targets
    size = tuple(max(1, round(length * _LARGEST / side)) for length in targets.shape[-2:])
    return F.interpolate(targets[:, None].float(), size, mode="nearest-exact")[:, 0] > 0.5


def _with_peft(model: Any, recipe: Recipe) -> Any:
    import peft

    settings = dict(recipe.peft or LORA)
    if recipe.peft is None and not any(re.fullmatch(ATTENTION, name) for name, _ in model.named_modules()):
        raise CosmosError(
            f"The image encoder of a {type(model).__name__} has no attention, to which --method lora could add. Use "
            "decoder or full, or name other layers with --peft-config."
        )
    # The decoder is trained as well, and saved beside what is added to the encoder.
    settings["modules_to_save"] = sorted({*(settings.get("modules_to_save") or ()), "mask_decoder"})
    torch.manual_seed(recipe.seed)
    try:
        kind = settings.pop("peft_type", "LORA")
        with warnings.catch_warnings(category=FutureWarning, action="ignore"):  # of peft about transformers
            wrapped = peft.get_peft_model(model, peft.PEFT_TYPE_TO_CONFIG_MAPPING[peft.PeftType(kind)](**settings))
    except (KeyError, TypeError, ValueError) as error:
        raise CosmosError(f"peft cannot use this configuration: {error}") from error
    if not hasattr(wrapped, "merge_and_unload"):
        raise CosmosError(f"{kind} cannot be merged into the model; use LORA or another method of peft that can.")
    return wrapped
