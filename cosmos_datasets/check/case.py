"""One case: its files, values and headers."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from nibabel.affines import voxel_sizes
from numpy.typing import NDArray

from cosmos_datasets.alignment import corner_distance, on_grid
from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.check.finding import CaseFacts, Finding
from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.orientation import Slicing, slicing
from cosmos_datasets.source import Source
from cosmos_datasets.standardise import MIN_AREA, found_masks, group_of

#: Voxel sizes outside of these are a unit mistaken or a header not filled in: electron microscopy has 5e-6 mm.
_SPACING_MM = (1e-6, 50.0)
#: Headers written by different tools differ by rounding.
_SAME_PLACE_VOXELS = 0.05
#: Another grid rounds the border of a label up and down; a small label may lose this share.
_LOST = 0.05


def check_case(source: Source, case: Case) -> CaseFacts:
    """Read a case as a build would, and look at what it holds. Never raises for what is wrong with the case.

    Args:
        source: the declaration of labels.
        case: the case.
    """
    facts = CaseFacts(case.case_id, case.subject_id, group_of(source, case), case.split, case.modality)
    try:
        image = case.image.read()
        cut = slicing(image.affine, case.plane or source.plane) if image.is_volume else None
    except CaseError as error:
        facts.findings.append(_broken(case, error))
        return facts
    _look_at_image(facts, image)
    slices: set[int] = set()
    for annotation in case.annotations:
        try:
            slices |= _look_at_labels(source, case, facts, image, annotation, cut)
        except CaseError as error:
            facts.findings.append(_broken(case, error, annotation))
            return facts
    facts.images = len(slices)
    if not slices:
        what = f"no mask has more than {MIN_AREA} pixels: the case gives no image"
        facts.findings.append(Finding("warning", what, case.case_id))
    return facts


def _broken(case: Case, error: CaseError, annotation: Annotation | None = None) -> Finding:
    text = str(error)
    file = "" if annotation is None else str(annotation.reader.files[0])
    where = text if file in text else f"{file}: {text}"
    return Finding("error", "cannot be read; a build leaves the case out", f"{case.case_id}: {where}")


def _look_at_image(facts: CaseFacts, image: Grid) -> None:
    values = image.array
    facts.shape = values.shape
    if image.affine is not None:
        facts.spacing = tuple(round(float(size), 6) for size in voxel_sizes(image.affine))
    elif image.spacing is not None:
        facts.spacing = image.spacing
    facts.pixels = hashlib.sha256(repr(values.shape).encode() + np.ascontiguousarray(values).tobytes()).hexdigest()
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if finite.size < values.size:
        what = "the image holds values that are no numbers (NaN or infinite); they become black"
        facts.findings.append(Finding("warning", what, f"{facts.case_id}: {values.size - finite.size:,} of them"))
    if finite.size:
        facts.low, facts.high = float(finite.min()), float(finite.max())
    if facts.low == facts.high:
        what = "every value of the image is the same; is the file complete?"
        facts.findings.append(Finding("warning", what, f"{facts.case_id}: {facts.low:g}"))
    if any(not _SPACING_MM[0] <= size <= _SPACING_MM[1] for size in facts.spacing):
        what = "the header's voxel size cannot be right; distances in mm will be wrong"
        facts.findings.append(Finding("warning", what, f"{facts.case_id}: {_by(facts.spacing)} mm"))
    if image.affine is not None and not image.placed:
        what = "the header states no orientation; slices are shown as the format's default has them"
        facts.findings.append(Finding("note", what, facts.case_id))


def _look_at_labels(
    source: Source, case: Case, facts: CaseFacts, image: Grid, annotation: Annotation, cut: Slicing | None
) -> set[int]:
    """Count an annotation's masks; returns the slices that hold one large enough."""
    stored = annotation.reader.read()
    labels = on_grid(stored, image, trust_index=annotation.on_image_grid)
    apart = corner_distance(stored, image)
    if facts.spacing and apart > _SAME_PLACE_VOXELS * min(facts.spacing):
        how = "paired voxel by voxel" if labels is stored.array else "labels are taken to the image's grid"
        where = (
            f"{case.case_id}: {_by(stored.array.shape)} and {_by(facts.shape)} voxels, corners {apart:.3g} mm apart"
        )
        facts.findings.append(Finding("note", f"headers place labels and image differently; {how}", where))
    if (lost := _share_outside(stored, labels, image)) > _LOST:
        what = (
            "part of the labels lies outside of the image: slices of it are missing, or the two do not belong together"
        )
        facts.findings.append(Finding("warning", what, f"{case.case_id}: {100 * lost:.0f} %"))
    slices = set()
    for index, (label, instance, _, area, _) in found_masks(source, annotation, labels, cut):
        if instance == 0:
            facts.labels[label.name] = facts.labels.get(label.name, 0) + area
        if label.object is not None and area > MIN_AREA:
            slices.add(index)
    return slices


def _share_outside(stored: Grid, labels: NDArray[Any], image: Grid) -> float:
    """The share of the labelled volume that is no longer there on the image's grid."""
    if labels is stored.array or stored.affine is None or image.affine is None:
        return 0.0
    before = np.count_nonzero(stored.array) * abs(np.linalg.det(stored.affine[:3, :3]))
    after = np.count_nonzero(labels) * abs(np.linalg.det(image.affine[:3, :3]))
    return 1 - float(after / before) if before else 0.0


def _by(numbers: tuple[float, ...]) -> str:
    return " x ".join(f"{number:g}" for number in numbers)
