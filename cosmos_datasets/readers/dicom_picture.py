"""A single DICOM picture, such as an X-ray. Nothing of the header but the size of a pixel is ever read out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.dicom_file import decoding, grey_frame, numbers


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
            frame = grey_frame(self.path)
            dataset, pixels = frame.dataset, frame.pixels
            bits = int(dataset.BitsStored)
            is_inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
            if is_inverted:
                pixels = _inverted(pixels, bits)
            if bits <= 8 and pixels.dtype.kind == "u" and pixels.max() <= 255:
                pixels = pixels.astype(np.uint8)
            spacing = _spacing(self.path, dataset, "PixelSpacing") or _spacing(
                self.path, dataset, "ImagerPixelSpacing"
            )
        told = {
            "a picture is stored with white as its lowest value (MONOCHROME1); it is shown as meant": is_inverted,
            "the header of a picture states no pixel size; distances are in pixels only": spacing is None,
            "a picture has values below zero, where grey levels are expected": frame.pixels.min() < 0,
        }
        found = (Finding("note", what, self.path.name) for what, is_so in told.items() if is_so)
        return Grid(pixels, spacing=spacing, notes=(*frame.notes, *found))


def _inverted(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    if pixels.dtype.kind == "i":
        return ~pixels
    brightest = max((1 << bits) - 1, int(pixels.max()))
    return np.asarray(pixels.dtype.type(brightest) - pixels)


def _spacing(path: Path, dataset: Any, keyword: str) -> tuple[float, float] | None:
    values = numbers(path, dataset, keyword, 2)
    return (values[0], values[1]) if values and min(values) > 0 else None
