"""Where a simulated user clicks: where the mask is wrong, far from the border of what is wrong.

There are two rules. ``ritm`` is that of the literature: K. Sofiiuk, I. Petrov and A. Konushin, "Reviving iterative
training with mask guidance for interactive segmentation", ICIP 2022, as their evaluation has it and that of FocalClick
and SimpleClick. ``largest-region`` is that of N. Xu et al., "Deep interactive object selection", CVPR 2016.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cosmos_datasets.evaluation.sample import Mask

Pixel = tuple[int, int]
_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.bool_)


@dataclass(frozen=True)
class Click:
    """A point that the user gives.

    Attributes:
        x: column, in pixels of the image.
        y: row.
        positive: whether it says that the object is here, or that it is not.
    """

    x: int
    y: int
    positive: bool

    def moved(self, dx: int, dy: int) -> Click:
        """The same click in coordinates whose origin lies at (-dx, -dy)."""
        return Click(self.x + dx, self.y + dy, self.positive)


def user(seed: int, *key: object) -> np.random.Generator:
    """Draws of the user of one mask: they depend on the seed and the mask's key alone, never on order or process."""
    text = "\n".join(map(str, (seed, *key)))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()))


def ritm_click(reference: Mask, shown: Mask, clicked: Collection[Pixel]) -> Click | None:
    """RITM's rule: the wrong pixel that is farthest from the border of its error.

    The distances are Euclidean, within all that is missing and within all that is too much; beyond the image nothing
    is wrong. The click lies at the larger of the two maxima, and is positive only if what is missing has the larger
    one. Of equally far pixels it is the first in raster order. A pixel that was clicked on counts as not wrong, but
    moves no border.

    Args:
        reference: bool ``(h, w)``: the image, or any part of it that holds both masks.
        shown: bool, the same part of the image: the mask that the user sees; empty before the first click.
        clicked: (x, y) of the clicks so far; they may lie outside of this part.

    Returns:
        The click; ``None`` if the masks agree, or every wrong pixel has been clicked on.
    """
    missing, extra = (_depths(wrong, clicked) for wrong in (reference & ~shown, shown & ~reference))
    positive = bool(missing.max() > extra.max())
    depths = missing if positive else extra
    y, x = np.unravel_index(int(depths.argmax()), depths.shape)
    return Click(int(x), int(y), positive) if depths[y, x] else None


def first_click(reference: Mask, generator: np.random.Generator) -> Click | None:
    """The rule of the largest region, to begin with: the pixel of the reference farthest from its border.

    Not the centroid of the protocol's S2: that may lie outside of the mask, and this is what every later click does.

    Args:
        reference: bool ``(h, w)``: the image, or any part of it that holds the whole mask. What lies outside counts
            as not the object, so a mask that touches the image's edge ends there.
        generator: draws one of several pixels that are equally far.

    Returns:
        A positive click; ``None`` if the mask is empty.
    """
    place = _deepest(reference, (), generator)
    return None if place is None else Click(*place, positive=True)


def next_click(
    reference: Mask, shown: Mask, clicked: Collection[Pixel], generator: np.random.Generator
) -> Click | None:
    """The rule of the largest region: the middle of the largest one in which the mask that the user sees is wrong.

    A region is a set of missing or of superfluous pixels that is connected over edges and corners. Of regions of equal
    size a missing one comes first, then the first in raster order. In it, the click lies at the pixel farthest from
    all that is not the region; never where the user clicked before. A region that has been clicked on all over is
    passed over for the next smaller one.

    Args:
        reference: bool ``(h, w)``, see :func:`first_click`.
        shown: bool, the same part of the image: the mask that the user sees; may be empty.
        clicked: (x, y) of the clicks so far; they may lie outside of this part.
        generator: draws one of several pixels that are equally far.

    Returns:
        A positive click where something is missing, a negative one where something is too much; ``None`` if the masks
        agree, or every wrong pixel has been clicked on.
    """
    regions = []
    for positive, wrong in ((True, reference & ~shown), (False, shown & ~reference)):
        labels, count = ndimage.label(wrong, structure=_EIGHT_NEIGHBOURS)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        places = ndimage.find_objects(labels)
        regions += [(-int(sizes[k + 1]), not positive, k, labels, place) for k, place in enumerate(places)]
    for _, negative, k, labels, (rows, columns) in sorted(regions, key=lambda region: region[:3]):
        inside = [(x - columns.start, y - rows.start) for x, y in clicked]
        place = _deepest(labels[rows, columns] == k + 1, inside, generator)
        if place is not None:
            return Click(*place, positive=not negative).moved(columns.start, rows.start)
    return None


def _depths(region: Mask, clicked: Collection[Pixel]) -> NDArray[np.float64]:
    """Euclidean distances to what is not the region, as the array's outside is not; 0 where the user clicked."""
    depths: NDArray[np.float64] = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    height, width = region.shape
    for x, y in clicked:
        if 0 <= x < width and 0 <= y < height:
            depths[y, x] = 0
    return depths


def _deepest(region: Mask, clicked: Collection[Pixel], generator: np.random.Generator) -> Pixel | None:
    """(x, y) of a pixel with the largest depth; ``None`` if all are 0."""
    depths = _depths(region, clicked)
    largest = depths.max()
    if largest == 0:
        return None
    rows, columns = np.nonzero(depths == largest)
    k = int(generator.integers(len(rows)))
    return int(columns[k]), int(rows[k])
