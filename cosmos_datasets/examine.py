"""Opening a case: what a build makes rows of and a check looks at, with everything that is odd about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from nibabel.affines import voxel_sizes
from numpy.typing import NDArray

from cosmos_datasets.alignment import corner_distance, on_grid
from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.label_maps import FoundMask, ValueTable, as_integers, masks_of_slice, value_table
from cosmos_datasets.orientation import Slicing, slicing
from cosmos_datasets.source import Label, Source

#: A mask must have more pixels than this (protocol of the paper: the count of each label in a slice).
MIN_AREA = 50
#: Voxel sizes outside of these are a unit mistaken or a header not filled in: electron microscopy has 5e-6 mm.
SPACING_MM = (1e-6, 50.0)
#: Headers written by different tools differ by rounding.
_SAME_PLACE_VOXELS = 0.05
#: Another grid rounds the border of a label up and down; a small label may lose this share.
_LOST = 0.05
#: Below this many of 256 grey levels for 99 % of the image, tissue can hardly be told apart.
_FEW_LEVELS = 16
_SAMPLES = 1_000_000


@dataclass
class OpenCase:
    """A case whose image is decoded.

    Attributes:
        source, case: what it is.
        image: decoded.
        cut: how a volume becomes slices; ``None`` for a picture.
        bounds: raw values that become 0 and 255; unused for ``minmax-slice`` and where ``displayable``.
        displayable: the pixels are 8 bit already and no scanner's arbitrary units: pictures and stacks of pictures.
        findings: what is odd about image and labels; grows while :meth:`masks` is read.
    """

    source: Source
    case: Case
    image: Grid
    cut: Slicing | None
    bounds: tuple[float, float]
    displayable: bool
    findings: list[Finding] = field(default_factory=list)

    @property
    def spacing(self) -> tuple[float, ...]:
        """Millimetres in the order of the image's axes; empty where the file states none."""
        if self.image.affine is not None:
            return tuple(round(float(size), 6) for size in voxel_sizes(self.image.affine))
        return self.image.spacing or ()

    @cached_property
    def digest(self) -> str:
        """A digest of the image's shape and values."""
        values = np.ascontiguousarray(self.image.array)
        return hashlib.sha256(repr(values.shape).encode() + values.tobytes()).hexdigest()[:16]

    def masks(self) -> Iterator[tuple[Annotation, int, FoundMask]]:
        """Decode the labels and find every mask, whatever its size, excluded labels too.

        Yields:
            Annotation, slice number (0 for a picture) and mask.

        Raises:
            CaseError: if a file is damaged, a label value is not declared, or image and labels do not fit together.
        """
        large = False
        for annotation in self.case.annotations:
            stored = annotation.reader.read()
            self._keep(stored.notes)
            try:
                labels = on_grid(stored, self.image, trust_index=annotation.on_image_grid)
                self.findings += self._of_labels(annotation, stored, labels)
                for index, mask in _found(self.source, annotation, labels, self.cut):
                    large |= mask[0].object is not None and mask[3] > MIN_AREA
                    yield annotation, index, mask
            except CaseError as error:
                noticed = dict.fromkeys(f" Noticed: {one.what}." for one in (*self.image.notes, *stored.notes))
                raise CaseError(f"{annotation.reader.files[0]}: {error}{''.join(noticed)}") from error
        if not large:
            what = f"no mask has more than {MIN_AREA} pixels: the case gives no image"
            self.findings.append(Finding("warning", what, self.case.case_id))

    def _keep(self, notes: tuple[Finding, ...]) -> None:
        for one in notes:
            where = f"{self.case.case_id}: {one.where}" if one.where else self.case.case_id
            self.findings.append(Finding(one.level, one.what, where))

    def _of_labels(self, annotation: Annotation, stored: Grid, labels: NDArray[Any]) -> Iterator[Finding]:
        if annotation.threshold and labels.any() and not np.any(labels > annotation.threshold):
            what = "a mask has values above zero and none above its threshold: it counts as empty"
            where = f"{annotation.reader.files[0].name}, {labels.max()} of {annotation.threshold}"
            yield Finding("warning", what, f"{self.case.case_id}: {where}")
        apart = corner_distance(stored, self.image)
        if self.spacing and apart > _SAME_PLACE_VOXELS * min(self.spacing):
            how = "paired voxel by voxel" if labels is stored.array else "labels are taken to the image's grid"
            sizes = f"{_by(stored.array.shape)} and {_by(self.image.array.shape)} voxels"
            yield Finding(
                "note",
                f"headers place labels and image differently; {how}",
                f"{self.case.case_id}: {sizes}, corners {apart:.3g} mm apart",
            )
        if (lost := _share_outside(stored, labels, self.image)) > _LOST:
            what = (
                "part of the labels lies outside of the image: slices of it are missing, or the two do not belong "
                "together"
            )
            yield Finding("warning", what, f"{self.case.case_id}: {100 * lost:.0f} %")


@contextmanager
def opening(source: Source, case: Case) -> Iterator[None]:
    """Turn whatever one odd case raises into a :class:`CaseError` that names it, so that the others go on.

    Files from anywhere make decoders and array code raise nearly every exception there is; this is the one place where
    all of them end. The original stays as the cause.
    """
    try:
        yield
    except CaseError as error:
        raise CaseError(f"{source.id}/{case.case_id}: {error}") from error
    except MemoryError as error:
        raise CaseError(f"{source.id}/{case.case_id}: not enough memory to decode it; use fewer --workers.") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise CaseError(
            f"{source.id}/{case.case_id}: cannot be worked on ({type(error).__name__}: {reason}); its files are "
            f"{', '.join(map(str, case.files[:2]))}."
        ) from error


def open_case(source: Source, case: Case, intensity: Intensity) -> OpenCase:
    """Decode the image of a case and look at it.

    Args:
        source: the declaration that gives label values their meaning.
        case: the case.
        intensity: how raw values become 8 bit.

    Raises:
        CaseError: if a file is not there or damaged, or the geometry cannot be used.
    """
    image = case.image.read()
    cut = slicing(image.affine, case.plane or source.plane) if image.is_volume else None
    displayable = image.array.dtype in (np.uint8, np.bool_) and (cut is None or cut.plane == "native")
    bounds = (0.0, 0.0) if displayable else intensity.bounds(image.array)
    opened = OpenCase(source, case, image, cut, bounds, displayable)
    opened._keep(image.notes)
    opened.findings += _of_image(opened, intensity)
    return opened


def _of_image(opened: OpenCase, intensity: Intensity) -> Iterator[Finding]:
    name, values = opened.case.case_id, opened.image.array
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if finite.size < values.size:
        what = "the image holds values that are no numbers (NaN or infinite); they become black"
        yield Finding("warning", what, f"{name}: {values.size - finite.size:,} of them")
    if not finite.size or finite.min() == finite.max():
        what = "every value of the image is the same; is the file complete?"
        yield Finding("warning", what, f"{name}: {finite.flat[0]:g}" if finite.size else name)
    elif not opened.displayable and intensity.mode != "minmax-slice":
        levels = _grey_levels(finite, opened.bounds)
        if levels < _FEW_LEVELS:
            what = (
                f"few extreme values leave fewer than {_FEW_LEVELS} of 256 grey levels to 99 % of the image; "
                "build with --intensity percentile=0.5,99.5 or window=CENTER,WIDTH"
            )
            yield Finding("warning", what, f"{name}: {levels} levels, values {_span(finite)}")
    if any(not SPACING_MM[0] <= size <= SPACING_MM[1] for size in opened.spacing):
        what = "the header's voxel size cannot be right; distances in mm will be wrong"
        yield Finding("warning", what, f"{name}: {_by(opened.spacing)} mm")
    if opened.image.affine is not None and not opened.image.placed:
        what = "the header states no orientation; slices are shown as the format's default has them"
        yield Finding("note", what, name)


def _grey_levels(values: NDArray[Any], bounds: tuple[float, float]) -> int:
    """How many of 256 grey levels the middle 99 % of the values span."""
    low, high = bounds
    if not high > low:
        return 1
    sample = values.ravel()[:: max(1, values.size // _SAMPLES)].astype(np.float64)
    ends = np.clip(np.percentile(sample, (0.5, 99.5)), low, high)
    return int(np.rint(255 * (ends[1] - ends[0]) / (high - low))) + 1


def _span(values: NDArray[Any]) -> str:
    return f"{float(values.min()):g} to {float(values.max()):g}"


def _found(
    source: Source, annotation: Annotation, labels: NDArray[Any], cut: Slicing | None
) -> Iterator[tuple[int, FoundMask]]:
    stack = cut.stack(labels) if cut else labels[None]
    if annotation.label is None:
        table: ValueTable | Label = value_table(source.table(annotation.table))
        stack = as_integers(stack)
    else:
        table = source.label(annotation.label)
    for index, plane in enumerate(stack):
        if plane.any():
            yield from ((index, mask) for mask in masks_of_slice(plane, annotation, table))


def _share_outside(stored: Grid, labels: NDArray[Any], image: Grid) -> float:
    """The share of the labelled volume that is no longer there on the image's grid."""
    if labels is stored.array or stored.affine is None or image.affine is None:
        return 0.0
    before = np.count_nonzero(stored.array) * abs(np.linalg.det(stored.affine[:3, :3]))
    after = np.count_nonzero(labels) * abs(np.linalg.det(image.affine[:3, :3]))
    return 1 - float(after / before) if before else 0.0


def _by(numbers: tuple[float, ...]) -> str:
    return " x ".join(f"{number:g}" for number in numbers)
