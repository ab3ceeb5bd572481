"""Opening a case: what a build makes rows of and a check looks at, with everything that is odd about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from nibabel.affines import voxel_sizes
from numpy.typing import NDArray

from cosmos_datasets.alignment import on_grid
from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.label_maps import FoundMask, ValueTable, as_integers, masks_of_slice, value_table
from cosmos_datasets.oddities import of_image, of_labels, of_slices
from cosmos_datasets.orientation import Slicing, slicing
from cosmos_datasets.source import Label, Source

#: A mask must have more pixels than this (protocol of the paper: the count of each label in a slice).
MIN_AREA = 50


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
        shown: set[int] = set()
        for annotation in self.case.annotations:
            stored = annotation.reader.read()
            self._say(stored.notes)
            try:
                labels = on_grid(stored, self.image, trust_index=annotation.on_image_grid)
                self._say(of_labels(annotation, stored, labels, self.image, self.spacing))
                for index, mask in _found(self.source, annotation, labels, self.cut):
                    if mask[0].object is not None and mask[3] > MIN_AREA:
                        shown.add(index)
                    yield annotation, index, mask
            except CaseError as error:
                noticed = dict.fromkeys(f" Noticed: {one.what}." for one in (*self.image.notes, *stored.notes))
                raise CaseError(f"{annotation.reader.files[0]}: {error}{''.join(noticed)}") from error
        if not shown:
            self._say([Finding("warning", f"no mask has more than {MIN_AREA} pixels: the case gives no image")])
        elif self.cut is not None:
            self._say(of_slices(self.cut.stack(self.image.array), shown))

    def _say(self, found: Iterable[Finding]) -> None:
        for one in found:
            where = f"{self.case.case_id}: {one.where}" if one.where else self.case.case_id
            self.findings.append(Finding(one.level, one.what, where))


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
    opened._say((*image.notes, *of_image(image, opened.spacing, None if displayable else bounds, intensity)))
    return opened


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
