"""NSD of masks, as a module for `evaluate.load`."""

from typing import Any
from typing import Literal

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.contour_share import contour
from cosmos_datasets.evaluation.contour_share import contour_shares
from cosmos_datasets.evaluation.distances import distance_scores
from cosmos_datasets.evaluation.distances import surface_points
from cosmos_datasets.evaluation.mask_metric import MaskMetric
from cosmos_datasets.evaluation.metrics import Convention
from cosmos_datasets.evaluation.sample import Mask


class Nsd(MaskMetric):
    """NSD, the share of the surfaces of two masks that agrees within a tolerance, 0 to 1."""

    key = "nsd"
    summary = (
        "NSD, the normalised surface DICE: the share of two masks' surfaces that agrees within a tolerance, 0 to 1."
    )

    def score(
        self,
        prediction: Mask,
        reference: Mask,
        convention: Convention = "standard",
        spacing: tuple[float, float] = (1.0, 1.0),
        tolerance: float = 2.0,
        by: Literal["points", "length"] = "points",
        **options: Any,
    ) -> float:
        """NSD of one pair of masks; the tolerance is in the unit of the spacing."""
        if by == "length":
            contours = contour(prediction), contour(reference)
            return contour_shares(*contours, spacing, (tolerance,), convention, **options)[0]
        if by != "points":
            raise CosmosError(f'NSD is by "points" or by "length", not by {by!r}')
        surfaces = surface_points(prediction), surface_points(reference)
        return distance_scores(*surfaces, spacing, tolerance=tolerance, convention=convention, **options).nsd
