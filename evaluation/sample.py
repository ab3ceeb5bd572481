"""What the experiments see of a row: an image and its targets, masks kept cropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
#: ``(x0, y0, x1, y1)`` in pixels of the image, ends inclusive.
Box = tuple[int, int, int, int]


def pasted(mask: Mask, bbox: Box, window: Box) -> Mask:
    """What of a cropped mask lies in a window of the image.

    Args:
        mask: bool ``(y1 - y0 + 1, x1 - x0 + 1)``.
        bbox: its place.
        window: may reach beyond the mask, or cut it.

    Returns:
        bool, of the window's size.
    """
    left, top, right, bottom = window
    canvas = np.zeros((bottom - top + 1, right - left + 1), dtype=np.bool_)
    x0, y0 = max(bbox[0], left), max(bbox[1], top)
    x1, y1 = min(bbox[2], right), min(bbox[3], bottom)
    if x0 <= x1 and y0 <= y1:
        part = mask[y0 - bbox[1] : y1 - bbox[1] + 1, x0 - bbox[0] : x1 - bbox[0] + 1]
        canvas[y0 - top : y1 - top + 1, x0 - left : x1 - left + 1] = part
    return canvas


@dataclass(frozen=True, eq=False)
class Target:
    """One reference mask of an image.

    Attributes:
        mask: bool, ``(y1 - y0 + 1, x1 - x0 + 1)``: the mask cropped to its box.
        bbox: ``(x0, y0, x1, y1)`` in pixels of the image, ends inclusive.
        object: canonical object.
        label: the source's own class.
        instance: 0 where the mask is not one instance of several.
        rater: -1 where there is one reference.
    """

    mask: Mask
    bbox: Box
    object: str
    label: str
    instance: int = 0
    rater: int = -1

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return int(np.count_nonzero(self.mask))

    def full(self, height: int, width: int) -> Mask:
        """The mask on the canvas of its image, bool ``(height, width)``."""
        return pasted(self.mask, self.bbox, (0, 0, width - 1, height - 1))


@dataclass(frozen=True, eq=False)
class Sample:
    """One image with its targets.

    Attributes:
        image: uint8, ``(height, width)`` or ``(height, width, 3)``.
        targets: in the order of the row.
        row: the row's other fields (``image_id``, ``source``, ``modality``, ``case_id``, ``group_id``, ``split``,
            ``fold``, ``spacing``).
    """

    image: NDArray[np.uint8]
    targets: tuple[Target, ...]
    row: Mapping[str, Any]

    @property
    def height(self) -> int:
        """Rows of the image."""
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        """Columns of the image."""
        return int(self.image.shape[1])

    @property
    def spacing(self) -> tuple[float, float] | None:
        """Size of a pixel in mm as (row, column); ``None`` where the data set does not know it."""
        spacing = self.row.get("spacing")
        # Of a header without usable geometry a data set may hold zeros.
        return (spacing[0], spacing[1]) if spacing and min(spacing) > 0 else None
