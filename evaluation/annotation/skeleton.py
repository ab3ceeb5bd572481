"""The skeleton of a mask, by thinning."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.evaluation.sample import Mask

#: Neighbours as (row, column), clockwise from the one above: P2 to P9 of the paper.
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def _removable() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each of the 256 neighbourhoods whether the first and the second half of a pass remove its centre."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    number = bits.sum(axis=1)
    rises = ((bits == 0) & (np.roll(bits, -1, axis=1) == 1)).sum(axis=1)
    on_edge = (number >= 2) & (number <= 6) & (rises == 1)
    up, right, down, left = (bits[:, k].astype(bool) for k in (0, 2, 4, 6))
    first = on_edge & ~(up & right & down) & ~(right & down & left)
    second = on_edge & ~(up & right & left) & ~(up & down & left)
    return first, second


_HALVES = _removable()
_WEIGHTS = 1 << np.arange(8)


def skeleton(mask: Mask) -> Mask:
    """Thin a mask to lines one pixel wide.

    The rule is that of T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital patterns",
    Communications of the ACM 27(3):236-239, 1984. Only the outline is looked at in every pass, so that the cost
    grows with the area once, not with area times width.

    Args:
        mask: bool ``(height, width)``; what lies beyond its border is background.

    Returns:
        bool ``(height, width)``, a part of the mask.
    """
    padded = np.pad(mask, 1)
    width = padded.shape[1]
    pixels = padded.ravel()
    around = np.array([row * width + column for row, column in _AROUND])
    # Only a pixel with background beside it can go.
    inside = np.flatnonzero(pixels)
    edge = inside[~pixels[inside[:, None] + around[::2]].all(axis=1)]
    changed = True
    while changed:
        changed = False
        for removable in _HALVES:
            gone = edge[removable[pixels[edge[:, None] + around] @ _WEIGHTS]]
            if len(gone):
                changed = True
                pixels[gone] = False
                edge = np.unique(np.concatenate([edge, (gone[:, None] + around[::2]).ravel()]))
                edge = edge[pixels[edge]]
    thinned: Mask = pixels.reshape(padded.shape)[1:-1, 1:-1]
    return thinned
