"""DICE, JAC and CON from pixel counts: the one definition for the engine, the tables and the `evaluate` modules.

A score is always made from three counts, so that the scores of an image, a volume or a whole data set follow
from stored counts by adding them up. The surface distances HD, HD95, ASD and NSD have their own module, `distances`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError

if TYPE_CHECKING:
    from torch import Tensor

Convention = Literal["standard", "released"]

CONVENTIONS: tuple[Convention, ...] = ("standard", "released")
"""How empty masks score.

=============================  ===================  ==========================
case                           ``standard``         ``released``
=============================  ===================  ==========================
only one of the two is empty   DICE, JAC, NSD 0     DICE, JAC, NSD 0
both are empty                 DICE, JAC, NSD 1     DICE, JAC, NSD 0
HD, HD95, ASD, either empty    undefined (NaN)      0
CON, no shared pixel           undefined (NaN)      0
CON, both empty                1                    0
=============================  ===================  ==========================

``standard``: two masks that agree in every pixel score 1, and a distance to nothing does not exist; whoever
averages HD counts the undefined ones. ``released``: what the code published with Huang et al. (Medical Image
Analysis 92:103061, 2024) computes, for comparison with its numbers; there an empty prediction has a perfect
HD, and ASD goes from the prediction to the reference only.
"""


class Counts(NamedTuple):
    """Pixels of the overlap, the prediction and the reference: the scores' arguments, in their order."""

    tp: Any
    predicted: Any
    reference: Any


def counts(prediction: Any, reference: Any) -> Counts:
    """Count the pixels of masks, or of whole batches of masks.

    Args:
        prediction: bool NumPy array or torch tensor ``(..., height, width)``.
        reference: the same kind, on the same device; leading dimensions broadcast, ``(3, 1, h, w)`` against
            ``(5, h, w)`` counts every pair.

    Returns:
        int64 counts of the broadcast leading shape for ``tp``, of each input's own leading shape for the
        others.

    Raises:
        CosmosError: the masks differ in height or width.
    """
    check_shapes(prediction, reference)
    return Counts(_area(prediction & reference), _area(prediction), _area(reference))


def _area(mask: Any) -> Any:
    if isinstance(mask, np.ndarray):
        return np.count_nonzero(mask, axis=(-2, -1)) if mask.ndim > 2 else np.int64(np.count_nonzero(mask))
    import torch

    # int32 because torch adds up bools into int64 ten times more slowly on a CPU
    return mask.sum(dim=(-2, -1), dtype=torch.int32).to(torch.int64)


@overload
def dice(tp: int, predicted: int, reference: int, convention: Convention = ...) -> float: ...
@overload
def dice(tp: Tensor, predicted: Tensor, reference: Tensor | int, convention: Convention = ...) -> Tensor: ...
@overload
def dice(
    tp: NDArray[np.int64],
    predicted: NDArray[np.int64],
    reference: NDArray[np.int64] | int,
    convention: Convention = ...,
) -> NDArray[np.float64]: ...
def dice(tp: Any, predicted: Any, reference: Any, convention: Convention = "standard") -> Any:
    """DICE = 2 TP / (P + R), the Sorensen-Dice coefficient, unsmoothed (Dice, Ecology 26:297, 1945).

    Args:
        tp: pixels in both masks.
        predicted: pixels of the prediction.
        reference: pixels of the reference.
        convention: what two empty masks score, see :data:`CONVENTIONS`.

    Returns:
        0 to 1, of the inputs' kind and broadcast shape: a float, a float64 array, or a tensor in torch's
        default dtype.

    Raises:
        CosmosError: the convention does not exist.
    """
    return _ratio(2 * tp, predicted + reference, convention)


@overload
def jaccard(tp: int, predicted: int, reference: int, convention: Convention = ...) -> float: ...
@overload
def jaccard(tp: Tensor, predicted: Tensor, reference: Tensor | int, convention: Convention = ...) -> Tensor: ...
@overload
def jaccard(
    tp: NDArray[np.int64],
    predicted: NDArray[np.int64],
    reference: NDArray[np.int64] | int,
    convention: Convention = ...,
) -> NDArray[np.float64]: ...
def jaccard(tp: Any, predicted: Any, reference: Any, convention: Convention = "standard") -> Any:
    """JAC = TP / (P + R - TP), the Jaccard index or intersection over union (New Phytol. 11:37, 1912).

    Arguments, result and errors as for :func:`dice`.
    """
    return _ratio(tp, predicted + reference - tp, convention)


def conformity(tp: Any, predicted: Any, reference: Any, convention: Convention = "standard") -> Any:
    """CON = 1 - (FP + FN) / TP = (3 DICE - 2) / DICE, the conformity coefficient (Chang, NeuroImage 47:122, 2009).

    Arguments and errors as for :func:`dice`.

    Returns:
        1 for masks that agree, 0 at DICE 2/3, without a lower bound; of the inputs' kind and broadcast shape. Without
        a shared pixel it is undefined: NaN (``standard``), where two empty masks, which agree, have 1; or 0
        (``released``).
    """
    check_convention(convention)
    wrong = predicted + reference - 2 * tp
    disjoint = tp == 0
    found = 1 - wrong / (tp + disjoint)
    if convention == "released":
        return _filled(found, disjoint, 0.0)
    return _filled(found, disjoint & (wrong > 0), math.nan)


def _filled(values: Any, where: Any, value: float) -> Any:
    """A number, array or tensor with another value in some places."""
    if isinstance(values, float):
        return value if where else values
    return np.where(where, value, values) if isinstance(values, np.ndarray) else values.masked_fill(where, value)


def check_shapes(prediction: Any, reference: Any) -> None:
    """Raise a CosmosError unless both arrays or tensors ``(..., height, width)`` have one height and width."""
    a, b = tuple(prediction.shape[-2:]), tuple(reference.shape[-2:])
    if a != b:
        raise CosmosError(f"a mask can only be scored against one of the same height and width, not {a} and {b}")


def check_convention(convention: str) -> None:
    """Raise a CosmosError that lists the conventions unless this is one of them."""
    if convention not in CONVENTIONS:
        message = f"no convention {convention!r} for empty masks; there are {' and '.join(CONVENTIONS)}"
        raise CosmosError(message)


def _ratio(part: Any, whole: Any, convention: Convention) -> Any:
    """Part / whole; where the whole is empty, 1 or 0 by the convention. Free of branches."""
    check_convention(convention)
    empty = whole == 0
    return (part + empty * int(convention == "standard")) / (whole + empty)
