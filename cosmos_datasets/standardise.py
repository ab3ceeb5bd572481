"""From a case to 2D records: the rules of the paper's section 2.2.

Slices along the main viewing plane; a mask of 50 pixels or fewer is dropped; an image without a mask left is dropped;
intensities become 8 bit. What was dropped is counted.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.encoding import decode_image, encode_image, encode_mask, jpeg_stream
from cosmos_datasets.examine import MIN_AREA, OpenCase, open_case, opening
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.intensity import Intensity, to_8bit
from cosmos_datasets.label_maps import FoundMask
from cosmos_datasets.orientation import Slicing
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Source

FOLDS = 5

Row = dict[str, Any]


@dataclass
class Standardised:
    """The rows of one case.

    Attributes:
        rows: in slice order, as the schema asks (see :mod:`cosmos_datasets.schema`).
        dropped: reason -> how many masks or images were left out.
        findings: what is odd about the files, see :mod:`cosmos_datasets.examine`.
        pixels: digest of the raw image, equal for copies.
    """

    rows: list[Row] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    pixels: str = ""


def fold_of(group_id: str) -> int:
    """The fold 0..4 of a group: a hash, so that it is the same everywhere and for ever."""
    return int.from_bytes(hashlib.sha256(group_id.encode()).digest()[:8], "big") % FOLDS


def group_of(source: Source, case: Case) -> str:
    """What must stay in one split and one fold, across sources."""
    return case.group or f"{source.id}/{case.subject_id}"


def standardise(source: Source, case: Case, intensity: Intensity | None = None) -> Standardised:
    """Decode a case and make its rows.

    Args:
        source: the declaration that gives label values their meaning.
        case: the case; each of its files is decoded once.
        intensity: how raw values become 8 bit; min-max over the volume by default.

    Raises:
        CaseError: if a file is damaged, a label value is not declared, or image and labels do not fit together; the
            message names the case.
    """
    with opening(source, case):
        return _standardise(open_case(source, case, intensity or Intensity()), intensity or Intensity())


def _standardise(opened: OpenCase, intensity: Intensity) -> Standardised:
    source, case, image, cut = opened.source, opened.case, opened.image, opened.cut
    result = Standardised(pixels=opened.digest)
    objects: dict[int, list[Row]] = {}
    for annotation, index, mask in opened.masks():
        row = _mask_row(annotation, mask, result.dropped)
        if row is not None:
            objects.setdefault(index, []).append(row)
    result.findings = opened.findings
    slices = cut.stack(image.array) if cut else image.array[None]
    result.dropped["image without a mask"] += len(slices) - len(objects)
    for index in sorted(objects):
        pixels, used = _pixels(slices[index], opened, intensity)
        stream = _own_stream(case, pixels)
        result.rows.append(
            {
                "image": {"bytes": stream or encode_image(pixels), "path": None},
                "objects": objects[index],
                "height": pixels.shape[0],
                "width": pixels.shape[1],
                "intensity_range": list(used),
                **_identity(source, case),
                **_place(case, image, cut, index, len(slices), source),
            }
        )
    return result


def _own_stream(case: Case, pixels: NDArray[np.uint8]) -> bytes | None:
    """The image's own JPEG stream, where the file is one and shows just these pixels."""
    if not isinstance(case.image, Picture):
        return None
    stream = jpeg_stream(case.image.path)
    return stream if stream and np.array_equal(decode_image(stream), pixels) else None


def _identity(source: Source, case: Case) -> Row:
    group = group_of(source, case)
    return {
        "modality": case.modality,
        "source": source.id,
        "release": case.release,
        "case_id": case.case_id,
        "subject_id": case.subject_id,
        "group_id": group,
        "split": case.split,
        "fold": fold_of(group),
    }


def _place(case: Case, image: Grid, cut: Slicing | None, index: int, count: int, source: Source) -> Row:
    stem = f"{source.id}/{case.case_id}"
    if cut is None:
        spacing = None if image.spacing is None else list(image.spacing)
        return {
            "image_id": stem,
            "plane": "native",
            "slice_index": -1,
            "n_slices": 1,
            "spacing": spacing,
            "slice_spacing": None,
        }
    return {
        "image_id": f"{stem}/{cut.letter}{index:03d}",
        "plane": cut.plane,
        "slice_index": index,
        "n_slices": count,
        "spacing": None if cut.spacing is None else list(cut.spacing),
        "slice_spacing": cut.slice_spacing,
    }


def _pixels(
    values: NDArray[Any], opened: OpenCase, intensity: Intensity
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    if opened.displayable:
        pixels = values.astype(np.uint8) * (255 if values.dtype == np.bool_ else 1)
        return pixels, (0.0, 255.0 if values.dtype == np.uint8 else 1.0)
    bounds = intensity.bounds(values) if intensity.mode == "minmax-slice" else opened.bounds
    return to_8bit(values, *bounds), bounds


def _mask_row(annotation: Annotation, found: FoundMask, dropped: Counter[str]) -> Row | None:
    label, instance, box, area, mask = found
    if label.object is None:
        dropped[f"excluded label {label.name}: {label.excluded}"] += 1
        return None
    if area <= MIN_AREA:
        dropped[f"mask of {MIN_AREA} pixels or fewer"] += 1
        return None
    return {
        "mask": {"bytes": encode_mask(mask()), "path": None},
        "object": label.object,
        "label": label.name,
        "instance": instance,
        "rater": annotation.rater,
        "area": area,
        "bbox": list(box),
    }
