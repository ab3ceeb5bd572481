"""HD of masks, as a module for `evaluate.load`."""

from typing import Any

from cosmos_datasets.evaluation.distances import hausdorff
from cosmos_datasets.evaluation.mask_metric import MaskMetric
from cosmos_datasets.evaluation.metrics import Convention
from cosmos_datasets.evaluation.sample import Mask


class Hd(MaskMetric):
    """HD, the Hausdorff distance of the surfaces of two masks, in pixels or in millimetres."""

    key = "hd"
    summary = "HD, the Hausdorff distance of the surfaces of two masks, in pixels or millimetres; lower is better."
    may_be_undefined = True
    is_length = True

    def score(
        self,
        prediction: Mask,
        reference: Mask,
        convention: Convention = "standard",
        spacing: tuple[float, float] = (1.0, 1.0),
        **options: Any,
    ) -> float:
        """HD of one pair of masks; NaN where one is empty (0 by the convention "released")."""
        return hausdorff(prediction, reference, spacing, convention, **options)
