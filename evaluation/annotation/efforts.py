"""The efforts that one reference mask asks for, whatever was predicted of it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from skimage.morphology import skeletonize

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.annotation.hce import EPSILON, GAMMA, Effort, correction_effort, eroded

from cosmos_datasets.evaluation.baselines import disc, ellipse
from cosmos_datasets.evaluation.metrics import dice
from cosmos_datasets.evaluation.prompts import Prompt
from cosmos_datasets.evaluation.sample import Box, Mask, Target, pasted

#: A mask, cropped, and its place.
Crop = tuple[Mask, Box]


class TargetEfforts:
    """Correction efforts towards one reference mask; work that masks share is done once.

    Args:
        target: the reference.
        height: rows of the image.
        width: columns of the image.
        mean_area: mean pixels of the target's class: the size of the blind disc.
        gamma, epsilon: see :func:`~cosmos_datasets.evaluation.annotation.hce.correction_effort`.
    """

    def __init__(
        self,
        target: Target,
        height: int,
        width: int,
        *,
        mean_area: float,
        gamma: int = GAMMA,
        epsilon: float = EPSILON,
    ) -> None:
        self._target, self._height, self._width = target, height, width
        self._mean_area, self._gamma, self._epsilon = mean_area, gamma, epsilon
        self._blind: dict[tuple[bool, str], Effort] = {}

    def of(self, predicted: Crop | None) -> Effort:
        """From a predicted mask; ``None`` is an empty one."""
        if predicted is None:
            return self.nothing
        reference: Crop = (self._target.mask, self._target.bbox)
        thinned: Crop = (self._thinned, self._target.bbox)
        window = self._window(predicted[1])
        masks = [pasted(*crop, window) for crop in (predicted, reference, thinned)]
        return correction_effort(*masks, gamma=self._gamma, epsilon=self._epsilon)

    @cached_property
    def nothing(self) -> Effort:
        """From an empty mask."""
        return self.of((np.zeros_like(self._target.mask), self._target.bbox))

    @cached_property
    def is_thin(self) -> bool:
        """Whether relaxation leaves but the skeleton of the reference, so that HCE knows little of its outline."""
        whole = pasted(self._target.mask, self._target.bbox, self._window(self._target.bbox))
        return not eroded(whole, self._gamma).any()

    def of_blind(self, strategy: str, prompt: str) -> Effort:
        """From what the prompt alone gives, without the image; see :mod:`cosmos_datasets.evaluation.baselines`.

        Args:
            strategy: S1 has the empty mask, S5 and S6 the ellipse in the box, the others the disc of highest DICE.
            prompt: as results store it, JSON.
        """
        if strategy == "S1":
            return self.nothing
        key = (strategy in ("S5", "S6"), prompt)
        if key not in self._blind:
            self._blind[key] = self.of(self._blind_mask(Prompt.from_json(prompt)))
        return self._blind[key]

    @cached_property
    def _thinned(self) -> Mask:
        thinned: Mask = skeletonize(self._target.mask)
        return thinned

    def _blind_mask(self, prompt: Prompt) -> Crop | None:
        shape = self._height, self._width
        masks: list[Crop] = []
        try:
            if prompt.box is not None:
                masks.append(ellipse(prompt.box, *shape))
            else:
                masks += [disc(point, self._mean_area, *shape) for point in prompt.points[prompt.labels == 1]]
        except CosmosError:
            # A prompt that was moved out of the image.
            return None
        return max(masks, key=self._dice, default=None)

    def _dice(self, crop: Crop) -> float:
        hit = np.count_nonzero(pasted(*crop, self._target.bbox) & self._target.mask)
        return dice(int(hit), int(np.count_nonzero(crop[0])), self._target.area)

    def _window(self, box: Box) -> Box:
        """Around the target and a box, as large as the relaxation looks, as far as the image reaches."""
        x0, y0, x1, y1 = self._target.bbox
        margin = self._gamma + 1
        left, top = max(min(x0, box[0]) - margin, 0), max(min(y0, box[1]) - margin, 0)
        right, bottom = max(x1, box[2]) + margin, max(y1, box[3]) + margin
        return left, top, min(right, self._width - 1), min(bottom, self._height - 1)
