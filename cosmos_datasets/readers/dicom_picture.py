"""A single DICOM picture, such as an X-ray. Nothing of the header but the size of a pixel is ever read out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.dicom import decoding, grey_frame


@dataclass(frozen=True)
class DicomPicture:
    """One grey frame without a place in the patient.

    Attributes:
        path: the file.
    """

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The file."""
        return (self.path,)

    def read(self) -> Grid:
        """Decode the picture.

        Returns:
            ``(height, width)``, bright as displayed: ``MONOCHROME1`` is inverted. Stored integers; a rescale function
            is not applied. What has 8 bits is uint8. The spacing is that of ``PixelSpacing``, else of
            ``ImagerPixelSpacing``.

        Raises:
            CaseError: if the file is damaged or holds anything but one grey frame.
        """
        with decoding(self.path):
            dataset, pixels = grey_frame(self.path)
            bits = int(dataset.BitsStored)
            if dataset.PhotometricInterpretation == "MONOCHROME1":
                pixels = _inverted(pixels, bits)
            if bits <= 8 and pixels.dtype.kind == "u" and pixels.max() <= 255:
                pixels = pixels.astype(np.uint8)
            spacing = _spacing(dataset.get("PixelSpacing")) or _spacing(dataset.get("ImagerPixelSpacing"))
        return Grid(pixels, spacing=spacing)


def _inverted(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    if pixels.dtype.kind == "i":
        return ~pixels
    brightest = max((1 << bits) - 1, int(pixels.max()))
    return np.asarray(pixels.dtype.type(brightest) - pixels)


def _spacing(stored: Any) -> tuple[float, float] | None:
    values = [float(value) for value in stored or ()]
    return (values[0], values[1]) if len(values) == 2 and all(0 < value < np.inf for value in values) else None
