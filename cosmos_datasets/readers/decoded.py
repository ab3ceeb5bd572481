"""What a decoder of pictures hands on: pixels as the file stores them, with what tells how they are meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.finding import Finding

#: Orientation of Exif and TIFF (tag 274): the value of a picture that is shown as it is stored.
ORIENTATION, UPRIGHT = 0x0112, 1
_OF_16_BITS = 2


@dataclass(frozen=True)
class Decoded:
    """One picture, nothing of it interpreted.

    Attributes:
        pixels: ``(height, width)``, or with colour channels as last axis, or as first axis where the file has planes.
        palette: ``(n, 3)`` uint8, the colours that the pixels are numbers of, if they are.
        alpha: ``(height, width)`` uint8, 255 where opaque; ``None`` where every pixel is.
        lossy: whether the values went through a lossy compression.
        orientation: of :data:`ORIENTATION`.
        notes: what the decoder noticed.
    """

    pixels: NDArray[Any]
    palette: NDArray[np.uint8] | None = None
    alpha: NDArray[np.uint8] | None = None
    lossy: bool = False
    orientation: int = UPRIGHT
    notes: tuple[Finding, ...] = ()

    @property
    def displayed(self) -> NDArray[Any]:
        """The pixels, palette expanded."""
        return self.pixels if self.palette is None else self.palette[self.pixels]


def transparency(alpha: NDArray[Any]) -> NDArray[np.uint8] | None:
    """The alpha channel in 8 bits; ``None`` if it is opaque everywhere."""
    if alpha.dtype.itemsize == _OF_16_BITS:
        alpha = alpha >> 8
    reduced = alpha.astype(np.uint8)
    return None if reduced.min(initial=255) == 255 else reduced
