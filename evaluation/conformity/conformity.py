"""The conformity coefficient of masks, as a module for `evaluate.load`."""

from typing import Any

from cosmos_datasets.evaluation.mask_metric import MaskMetric
from cosmos_datasets.evaluation.metrics import Convention
from cosmos_datasets.evaluation.metrics import conformity
from cosmos_datasets.evaluation.metrics import counts
from cosmos_datasets.evaluation.sample import Mask


class Conformity(MaskMetric):
    """CON = 1 - (FP + FN) / TP of a predicted and a reference mask, 1 or less."""

    key = "conformity"
    summary = "CONFORMITY (CON) of two masks: 1 - (FP + FN) / TP, 1 or less; higher is better."
    may_be_undefined = True

    def score(self, prediction: Mask, reference: Mask, convention: Convention = "standard", **options: Any) -> float:
        """CON of one pair of masks; NaN without a common pixel (0 by the convention "released")."""
        return float(conformity(*counts(prediction, reference), convention, **options))
