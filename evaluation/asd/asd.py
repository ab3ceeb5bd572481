"""ASD of masks, as a module for `evaluate.load`."""

from typing import Any

from cosmos_datasets.evaluation.distances import distance_scores
from cosmos_datasets.evaluation.distances import surface_points
from cosmos_datasets.evaluation.mask_metric import MaskMetric
from cosmos_datasets.evaluation.metrics import Convention
from cosmos_datasets.evaluation.sample import Mask


class Asd(MaskMetric):
    """ASD, the average distance between the surfaces of two masks, in pixels or in millimetres."""

    key = "asd"
    summary = (
        "ASD, the average symmetric distance of the surfaces of two masks, in pixels or millimetres; lower is better."
    )
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
        """ASD of one pair of masks; NaN where one is empty (0 by the convention "released")."""
        surfaces = surface_points(prediction), surface_points(reference)
        return distance_scores(*surfaces, spacing, tolerance=0, convention=convention, **options).asd
