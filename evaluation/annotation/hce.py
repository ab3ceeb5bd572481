"""Human correction effort: how many clicks turn a predicted mask into the reference.

X. Qin, H. Dai, X. Hu, D.-P. Fan, L. Shao and L. Van Gool, "Highly Accurate Dichotomous Image Segmentation", ECCV 2022.
The steps, with FP and FN the false positive and false negative pixels:

1. *Relaxation.* Errors thinner than about two gamma are not worth a correction: the union of both masks is eroded
   gamma times by a cross of 3 x 3 pixels. FP inside of it grows back gamma times outside of the reference, FN inside
   of it gamma times outside of the prediction; what is FP and FN of that is left.
2. *Structure.* The part of the reference's skeleton that was not predicted is FN in any case: a thin vessel counts.
3. *Points.* Outlines that must be drawn: border pixels of FP that touch (4-neighbours) true positives or FN, and
   border pixels of FN that touch what is now background. Each stretch of them is approximated by a polyline with
   epsilon pixels of tolerance; its corners are clicks.
4. *Regions.* A region (8-connected) without such a pixel goes or comes by one click.

HCE is the sum. What the definition leaves open is settled as in its authors' evaluation, so that figures compare:
the image's border erodes nothing and needs no points; a pixel counts once, also where two outlines pass it; an outline
that is drawn whole is an open line from its first pixel in raster order, counterclockwise. Settled otherwise: the
skeleton is exactly that of Zhang and Suen (theirs is scikit-image's variant of it, whose lines lie a pixel elsewhere);
a stretch through the place where a walk begins stays in the order of the walk (theirs turns its beginning around); the
polyline is that of Douglas and Peucker, without OpenCV's removal of corners on almost straight lines afterwards.

gamma and epsilon are pixels of the image whatever its size, chosen by the authors for large photographs. A reference
that is less than about ``2 gamma`` wide is relaxed down to its skeleton, also when it is annotated from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cosmos_datasets.evaluation.annotation.outlines import border_chains, open_runs
from cosmos_datasets.evaluation.annotation.polyline import dominant_points
from cosmos_datasets.evaluation.annotation.skeleton import skeleton
from cosmos_datasets.evaluation.sample import Mask

#: The paper's relaxation and tolerance, pixels.
GAMMA, EPSILON = 5, 2.0

_CROSS = ndimage.generate_binary_structure(2, 1)
_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.bool_)


@dataclass(frozen=True)
class Effort:
    """Clicks of a correction.

    Attributes:
        points: corners of outlines to draw, of false positives and false negatives together.
        regions: regions that go or come by one click.
    """

    points: int = 0
    regions: int = 0

    @property
    def hce(self) -> int:
        """Human correction effort, clicks."""
        return self.points + self.regions


def correction_effort(
    predicted: Mask, reference: Mask, thinned: Mask | None = None, *, gamma: int = GAMMA, epsilon: float = EPSILON
) -> Effort:
    """The effort of turning a predicted mask into the reference.

    Args:
        predicted: bool ``(height, width)``; an empty one is annotating from nothing.
        reference: bool ``(height, width)``.
        thinned: the skeleton of the reference, if it is known.
        gamma: pixels of relaxation, 0 or more.
        epsilon: pixels of tolerance of the polylines, 0 or more.

    Returns:
        The effort. Both arrays may be cut from the image as long as ``gamma + 1`` pixels of background, or the
        image's own border, are left on every side.
    """
    if np.array_equal(predicted, reference):
        return Effort()
    hit = predicted & reference
    core = eroded(predicted | reference, gamma)
    extra = _relaxed(predicted & ~reference, core, ~reference, gamma)
    lacking = _relaxed(reference & ~predicted, core, ~predicted, gamma)
    lacking |= (skeleton(reference) if thinned is None else thinned) & ~hit
    in_extra = _effort(extra, hit | lacking, epsilon)
    in_lacking = _effort(lacking, ~(hit | extra | lacking), epsilon)
    return Effort(in_extra.points + in_lacking.points, in_extra.regions + in_lacking.regions)


def eroded(mask: Mask, times: int) -> Mask:
    """Eroded by the cross, not from the border; SciPy takes 0 times for 'until nothing changes'."""
    core: Mask = ndimage.binary_erosion(mask, _CROSS, iterations=times, border_value=1) if times else mask
    return core


def _relaxed(errors: Mask, core: Mask, free: Mask, gamma: int) -> Mask:
    """The errors within gamma steps, inside of ``free``, of errors in the core."""
    seeds = errors & core
    if not gamma or not seeds.any():
        return seeds
    grown: Mask = errors & ndimage.binary_dilation(seeds, _CROSS, iterations=gamma, mask=free)
    return grown


def _effort(errors: Mask, against: Mask, epsilon: float) -> Effort:
    """Of one kind of error, whose outline is drawn where it touches ``against``."""
    if not errors.any():
        return Effort()
    touching = errors & ndimage.binary_dilation(against, structure=_CROSS)
    numbers, found = ndimage.label(errors, structure=_EIGHT_NEIGHBOURS)
    runs = open_runs(border_chains(errors), touching)
    outlined = {int(numbers[tuple(run[0])]) for run in runs}
    return Effort(sum(dominant_points(run, epsilon) for run in runs), int(found) - len(outlined))
