"""A DICOM series of single-frame slices through pydicom; compressed transfer syntaxes included.

Nothing of the header but geometry and the rescale function is ever read out, so no identity can reach an output.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.itk import LPS_TO_RAS

_GEOMETRY = [
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
]
#: Direction cosines of slices of one series differ by rounding only.
_TILT = 0.01

_Slice = tuple[NDArray[Any], "list[float] | None", Any]


@dataclass(frozen=True)
class DicomSeries:
    """The slices of one series.

    Attributes:
        paths: one file a slice.
        order: ``position`` sorts along the slice normal, increasing; ``given`` keeps the order of ``paths`` (for
            sources whose labels are paired by file name).
    """

    paths: tuple[Path, ...]
    order: Literal["position", "given"] = "position"

    @property
    def files(self) -> tuple[Path, ...]:
        """The slices, as given."""
        return self.paths

    def read(self) -> Grid:
        """Decode the series.

        Returns:
            A volume ``(i, j, k)``: column, row, slice; the stored integers or, after a rescale function (Hounsfield
            units for CT), int32 or float32, with an affine in RAS+. A series without positions gets the affine
            ``None``. Grey values are those of the file: ``MONOCHROME1`` is not inverted.

        Raises:
            CaseError: if a slice is damaged, the slices differ in size, or (sorted by position) they differ in
                orientation, or one is missing or there twice, which would put labels on the wrong slices.
        """
        if not self.paths:
            raise CaseError("a DICOM series without a file; is the download complete?")
        slices = [_read_slice(path) for path in self.paths]
        if self.order == "position" and any(position is not None for _, position, _ in slices):
            slices = self._sorted(slices)
        shapes = {pixels.shape for pixels, _, _ in slices}
        if len(shapes) > 1:
            raise CaseError(f"{self.paths[0].parent}: slices of one series differ in size: {sorted(shapes)}.")
        kind = np.result_type(*(pixels.dtype for pixels, _, _ in slices))
        # Slices of whole numbers beside slices of fractions would make it double precision.
        array = np.stack(
            [pixels.T for pixels, _, _ in slices], axis=-1, dtype=np.float32 if kind.kind == "f" else kind
        )
        with reading(self.paths[0]):
            affine = _affine(slices)
        return Grid(array, affine, stacked=True)

    def _sorted(self, slices: list[_Slice]) -> list[_Slice]:
        for path, (_, position, _) in zip(self.paths, slices, strict=True):
            if position is None:
                raise CaseError(f"{path}: states no position, other slices of its series do; fetch the series again.")
        with reading(self.paths[0]):
            orientations = np.array([_orientation(geometry) for _, _, geometry in slices])
            places = np.array([position for _, position, _ in slices], dtype=np.float64) @ _normal(slices[0][2])
        steps = np.diff(np.sort(places))
        if np.ptp(orientations, axis=0).max() > _TILT:
            raise CaseError(f"{self.paths[0].parent}: slices differ in orientation; the folder holds several series.")
        if len(steps) and (steps.min() <= 0 or np.ptp(steps) > 0.5 * np.median(steps)):
            raise CaseError(
                f"{self.paths[0].parent}: slices lie {steps.min():.3g} to {steps.max():.3g} mm apart; one is missing "
                "or there twice, or the folder holds several series."
            )
        return [slices[number] for number in np.argsort(places)]


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """As :func:`reading`, without pydicom's warnings: odd header elements are common and none of them is used."""
    with reading(path), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")
        warnings.filterwarnings("error", "End of file reached")  # in the middle of the pixels
        yield


def grey_frame(path: Path) -> tuple[Any, NDArray[Any]]:
    """Open a file and decode its pixels; to be called while :func:`decoding` it.

    Returns:
        The data set, and the stored integers, ``(rows, columns)``.

    Raises:
        CaseError: if the file holds no pixels, or more than one grey frame.
    """
    import pydicom

    dataset = pydicom.dcmread(path, force=True)
    if "PixelData" not in dataset:
        raise CaseError(f"{path}: no pixel data; is this a DICOM image?")
    if not hasattr(dataset.file_meta, "TransferSyntaxUID"):
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    pixels = dataset.pixel_array
    if pixels.ndim != 2:
        raise CaseError(f"{path}: one grey frame was expected, the pixels are {pixels.shape}.")
    return dataset, pixels


def _read_slice(path: Path) -> _Slice:
    from pydicom.pixels import apply_rescale

    with decoding(path):
        dataset, pixels = grey_frame(path)
        is_rescaled = all(dataset.get(name) is not None for name in ("RescaleSlope", "RescaleIntercept"))
        rescaled = apply_rescale(pixels, dataset) if is_rescaled else pixels
        if rescaled.dtype.kind == "f":
            exact = np.rint(rescaled)
            rescaled = exact.astype(np.int32) if np.array_equal(exact, rescaled) else rescaled.astype(np.float32)
        position = dataset.get("ImagePositionPatient")
        geometry = {name: dataset.get(name) for name in _GEOMETRY}
    return rescaled, None if position is None else [float(value) for value in position], geometry


def _orientation(geometry: Any) -> NDArray[np.float64]:
    cosines = geometry["ImageOrientationPatient"] or [1, 0, 0, 0, 1, 0]
    return np.asarray(cosines, dtype=np.float64).reshape(2, 3)


def _normal(geometry: Any) -> NDArray[np.float64]:
    along_row, along_column = _orientation(geometry)
    return np.cross(along_row, along_column)


def _affine(slices: list[_Slice]) -> NDArray[np.float64] | None:
    """DICOM PS3.3 C.7.6.2.1.1, with the slice step taken from the first and the last position."""
    _, first, geometry = slices[0]
    _, last, _ = slices[-1]
    if first is None or last is None:
        return None
    along_row, along_column = _orientation(geometry)
    row_spacing, column_spacing = (float(value) for value in geometry["PixelSpacing"] or (1.0, 1.0))
    if len(slices) > 1:
        step = (np.asarray(last) - np.asarray(first)) / (len(slices) - 1)
    else:
        thickness = float(geometry["SpacingBetweenSlices"] or geometry["SliceThickness"] or 1.0)
        step = _normal(geometry) * thickness
    if not np.any(step):
        step = _normal(geometry)
    affine = np.eye(4)
    affine[:3, 0] = along_row * column_spacing
    affine[:3, 1] = along_column * row_spacing
    affine[:3, 2] = step
    affine[:3, 3] = first
    return np.asarray(LPS_TO_RAS @ affine, dtype=np.float64)
