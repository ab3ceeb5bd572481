"""Where a simulated user clicks: in the middle of the largest error.

The rule is the usual one of interactive segmentation (Xu et al., Deep Interactive Object Selection, CVPR 2016; in the
form of Sofiiuk et al., RITM, ICIP 2022, for the distance to the border and for places clicked before), with the
largest region by its pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cosmos_datasets.errors import CosmosError
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


def first_click(reference: Mask, generator: np.random.Generator) -> Click:
    """The pixel of the reference farthest from its border.

    Not the centroid of the protocol's S2: that may lie outside of the mask, and this is what every later click does.

    Args:
        reference: bool ``(h, w)``: the image, or any part of it that holds the whole mask. What lies outside counts
            as not the object, so a mask that touches the image's edge ends there.
        generator: draws one of several pixels that are equally far.

    Returns:
        A positive click.

    Raises:
        CosmosError: the mask is empty.
    """
    place = _deepest(reference, (), generator)
    if place is None:
        raise CosmosError("the reference mask is empty: there is no pixel to click on")
    return Click(*place, positive=True)


def next_click(
    reference: Mask, shown: Mask, clicked: Collection[Pixel], generator: np.random.Generator
) -> Click | None:
    """The middle of the largest region in which the mask that the user sees is wrong.

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


def _deepest(region: Mask, clicked: Collection[Pixel], generator: np.random.Generator) -> Pixel | None:
    """(x, y) of a pixel with the largest Euclidean distance to what is not the region; the array's outside is not."""
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    height, width = region.shape
    for x, y in clicked:
        if 0 <= x < width and 0 <= y < height:
            depth[y, x] = 0
    largest = depth.max(initial=0)
    if largest == 0:
        return None
    rows, columns = np.nonzero(depth == largest)
    k = int(generator.integers(len(rows)))
    return int(columns[k]), int(rows[k])
