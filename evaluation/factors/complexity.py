"""Boundary complexity: the elliptic Fourier order that a contour needs."""

from __future__ import annotations

from typing import NamedTuple

from cosmos_datasets.evaluation.factors.contours import Polygon, outer_contours
from cosmos_datasets.evaluation.factors.elliptic_fourier import EllipticFourier
from cosmos_datasets.evaluation.factors.polygons import crossings, dice_of
from cosmos_datasets.evaluation.sample import Mask

#: The search stops above this DICE of decoded and original contour, or
_ENOUGH = 0.97
#: when an order adds less than this to the DICE of the order before.
_LEAST_GAIN = 0.001
#: Weight of what is missing to DICE 100 %.
_PENALTY = 2 * 100
#: Points of a decoded contour, at least; long contours get as many as they have.
_SAMPLES = 64


class FourierOrder(NamedTuple):
    """Where the search ended.

    Attributes:
        order: the order at which it stopped, 1 or more.
        dice: of the contour decoded from it and the original, 0 to 1.
    """

    order: int
    dice: float

    @property
    def complexity(self) -> float:
        """``F = order + 2 * 100 * (1 - dice)``: 1 for a disc, more for less even contours; no unit."""
        return self.order + _PENALTY * (1 - self.dice)


def fourier_order(contour: Polygon) -> FourierOrder:
    """Raise the order from 1 until the decoded contour is good enough or does not get better.

    The rule of the paper: stop when DICE > 97.0 %, or when the gain over the order before is below 0.1 % (a loss is).
    It always ends, because until then every order adds 0.1 %. DICE is that of the pixels inside of both contours.

    The second rule often stops early: what looks the same after half a turn has no even orders, and a star of six
    points nothing but its ellipse below order 5. Then the search ends at 2, and F says how far the first order is from
    the shape: an ellipse three times as long as wide gets 16, for its outline, walked along at constant speed, is no
    single harmonic.

    Args:
        contour: float64 ``(n, 2)``, (x, y), see :class:`~cosmos_datasets.evaluation.factors.contours.Contour`.
    """
    original = crossings(contour)
    before = 0.0
    decoded = EllipticFourier(contour).approximations(max(len(contour), _SAMPLES))
    for order, curve in enumerate(decoded, start=1):
        dice = dice_of(original, crossings(curve))
        if dice > _ENOUGH or (order > 1 and dice - before < _LEAST_GAIN):
            return FourierOrder(order, dice)
        before = dice
    raise AssertionError("the series has no end")


def boundary_complexity(mask: Mask) -> tuple[float, int]:
    """The complexity F of a mask.

    Every 8-connected component has its own outer contour and its own F, holes filled; the mask's F is their mean,
    weighted by the components' pixels. So a mask of many even parts counts as even. (How the paper treats several
    components and holes is not known.)

    Args:
        mask: bool ``(height, width)``, at least one pixel.

    Returns:
        F, 1 or more, and the number of components.
    """
    contours = outer_contours(mask)
    total = sum(one.area for one in contours)
    weighted = sum(one.area * fourier_order(one.points).complexity for one in contours)
    return weighted / total, len(contours)
