"""A DICOM series of single-frame slices through pydicom; compressed transfer syntaxes included."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.dicom_file import decoding, grey_frame, numbers
from cosmos_datasets.readers.dicom_slices import Slice, differences, must_be_alike, must_lie_in_a_row
from cosmos_datasets.readers.itk import LPS_TO_RAS

_INT32, _FLOAT32 = 2**31, float(np.finfo(np.float32).max)
#: Elements that tell series apart, or how values are meant.
_TOLD = ("BitsStored", "PixelRepresentation", "RescaleType", "SeriesInstanceUID", "FrameOfReferenceUID")


@dataclass(frozen=True)
class DicomSeries:
    """The slices of one series.

    Attributes:
        paths: one file a slice.
        order: ``position`` sorts along the slice normal, increasing; ``given`` keeps the order of ``paths`` (for
            sources whose labels are paired by file name), which has to follow the positions up or down.
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
            CaseError: if a slice is damaged, differs from the others in what makes them one volume of one unit, or one
                is missing or there twice, which would put labels on the wrong slices.
        """
        if not self.paths:
            raise CaseError("a DICOM series without a file; is the download complete?")
        slices = [_read_slice(path, alone=len(self.paths) == 1) for path in self.paths]
        must_be_alike(slices)
        notes = [note for one in slices for note in one.notes] + differences(slices)
        if slices[0].position is not None:
            slices, uneven = must_lie_in_a_row(slices, keep_order=self.order == "given")
            notes += uneven
        elif self.order == "position" and len(slices) > 1:
            what = "slices state no position: they are taken in the order of their names"
            notes.append(Finding("warning", what, slices[0].path.parent.name))
        arrays = [_rescaled(one) for one in slices]
        kind = np.result_type(*(pixels.dtype for pixels in arrays))
        # Slices of whole numbers beside slices of fractions would make it double precision.
        array = np.stack([pixels.T for pixels in arrays], axis=-1, dtype=np.float32 if kind.kind == "f" else kind)
        placed = slices[0].cosines is not None
        return Grid(array, _affine(slices), placed=placed, stacked=True, notes=tuple(notes))


def _read_slice(path: Path, *, alone: bool) -> Slice:
    with decoding(path):
        frame = grey_frame(path)
        dataset = frame.dataset
        if dataset.get("ModalityLUTSequence"):
            raise CaseError(f"{path}: its values need a lookup table, which is not applied.")
        slope, intercept = (numbers(path, dataset, f"Rescale{name}") for name in ("Slope", "Intercept"))
        is_rescaled = slope is not None or intercept is not None
        return Slice(
            path=path,
            pixels=frame.pixels,
            light=str(dataset.PhotometricInterpretation),
            modality=dataset.get("Modality"),
            rescale=((slope or (1.0,))[0], (intercept or (0.0,))[0]) if is_rescaled else None,
            position=numbers(path, dataset, "ImagePositionPatient", 3),
            cosines=numbers(path, dataset, "ImageOrientationPatient", 6),
            spacing=numbers(path, dataset, "PixelSpacing", 2),
            thickness=_thickness(path, dataset) if alone else 1.0,
            uid=dataset.get("SOPInstanceUID"),
            told={name: dataset.get(name) for name in _TOLD},
            notes=frame.notes,
        )


def _thickness(path: Path, dataset: Any) -> float:
    stated = numbers(path, dataset, "SpacingBetweenSlices") or numbers(path, dataset, "SliceThickness")
    return abs(stated[0]) if stated else 1.0


def _rescaled(one: Slice) -> NDArray[Any]:
    if one.rescale is None:
        return one.pixels
    slope, intercept = one.rescale
    rescaled = one.pixels * np.float64(slope) + np.float64(intercept)
    exact = np.rint(rescaled)
    if np.array_equal(exact, rescaled) and np.abs(exact).max() < _INT32:
        return exact.astype(np.int32)
    return np.clip(rescaled, -_FLOAT32, _FLOAT32).astype(np.float32)


def _affine(slices: list[Slice]) -> NDArray[np.float64] | None:
    """DICOM PS3.3 C.7.6.2.1.1, with the slice step taken from the first and the last position."""
    first, last = slices[0], slices[-1]
    if first.position is None or last.position is None or first.spacing is None:
        return None
    along_row, along_column = first.directions
    row_spacing, column_spacing = first.spacing
    step = first.normal * first.thickness
    if len(slices) > 1:
        step = (np.array(last.position) - np.array(first.position)) / (len(slices) - 1)
    affine = np.eye(4)
    affine[:3, 0] = along_row * column_spacing
    affine[:3, 1] = along_column * row_spacing
    affine[:3, 2] = step
    affine[:3, 3] = first.position
    return np.asarray(LPS_TO_RAS @ affine, dtype=np.float64)
