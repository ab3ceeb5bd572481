"""DICE of masks, as a module for `evaluate.load`."""

from typing import Any

from cosmos_datasets.evaluation.mask_metric import MaskMetric
from cosmos_datasets.evaluation.metrics import Convention
from cosmos_datasets.evaluation.metrics import counts
from cosmos_datasets.evaluation.metrics import dice
from cosmos_datasets.evaluation.sample import Mask


class Dice(MaskMetric):
    """DICE = 2 TP / (P + R) of a predicted and a reference mask, 0 to 1."""

    key = "dice"
    summary = "DICE, the Sorensen-Dice coefficient of two masks: 2 |P and R| / (|P| + |R|), 0 to 1."

    def score(self, prediction: Mask, reference: Mask, convention: Convention = "standard", **options: Any) -> float:
        """DICE of one pair of masks."""
        return float(dice(*counts(prediction, reference), convention, **options))
