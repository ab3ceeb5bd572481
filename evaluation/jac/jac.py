"""JAC of masks, as a module for `evaluate.load`."""

from typing import Any

from cosmos_datasets.evaluation.mask_metric import MaskMetric
from cosmos_datasets.evaluation.metrics import Convention
from cosmos_datasets.evaluation.metrics import counts
from cosmos_datasets.evaluation.metrics import jaccard
from cosmos_datasets.evaluation.sample import Mask


class Jac(MaskMetric):
    """JAC = TP / (P + R - TP) of a predicted and a reference mask, 0 to 1."""

    key = "jac"
    summary = "JAC, the Jaccard index (intersection over union) of two masks: |P and R| / |P or R|, 0 to 1."

    def score(self, prediction: Mask, reference: Mask, convention: Convention = "standard", **options: Any) -> float:
        """JAC of one pair of masks."""
        return float(jaccard(*counts(prediction, reference), convention, **options))
