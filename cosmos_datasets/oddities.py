"""What is odd about an image or its labels, and is built all the same: found alike by a check and by a build.

``where`` of a finding is what is particular about it; the case is named by who asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.alignment import corner_distance
from cosmos_datasets.case import Annotation
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.intensity import Intensity

#: Voxel sizes outside of these are a unit mistaken or a header not filled in: electron microscopy has 5e-6 mm.
SPACING_MM = (1e-6, 50.0)
#: Headers written by different tools differ by rounding.
_SAME_PLACE_VOXELS = 0.05
#: Another grid rounds the border of a label up and down; a small label may lose this share.
_LOST = 0.05
#: Below this many of 256 grey levels for 99 % of the image, tissue can hardly be told apart.
_FEW_LEVELS = 16
_SAMPLES = 1_000_000
#: Pixels of an instance that nobody draws.
_SPECK = 8


def of_image(
    image: Grid, spacing: tuple[float, ...], bounds: tuple[float, float] | None, intensity: Intensity
) -> Iterator[Finding]:
    """Look at the values and the geometry of an image.

    Args:
        image: decoded.
        spacing: millimetres along its axes, empty where not stated.
        bounds: raw values that become 0 and 255; ``None`` where the pixels stay as they are.
        intensity: how they were found.
    """
    values = image.array
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if finite.size < values.size:
        what = "the image holds values that are no numbers (NaN or infinite); they become black"
        yield Finding("warning", what, f"{values.size - finite.size:,} of them")
    if not finite.size or finite.min() == finite.max():
        what = "every value of the image is the same; is the file complete?"
        yield Finding("warning", what, f"{finite.flat[0]:g}" if finite.size else "")
    elif bounds is not None and intensity.mode != "minmax-slice":
        levels = _grey_levels(finite, bounds)
        if levels < _FEW_LEVELS:
            what = (
                f"few extreme values leave fewer than {_FEW_LEVELS} of 256 grey levels to 99 % of the image; "
                "build with --intensity percentile=0.5,99.5 or window=CENTER,WIDTH"
            )
            yield Finding("warning", what, f"{levels} levels, values {_span(finite)}")
    if len(gaps := _never_written(values) if image.is_volume else []):
        what = "planes inside the volume hold one value and their neighbours do not; were they written?"
        yield Finding("warning", what, f"{len(gaps)} along the file's last axis, the first is number {gaps[0]}")
    if len(twice := _written_twice(values) if image.is_volume else []):
        what = "slices equal the one before them, pixel by pixel: was one written twice?"
        yield Finding("warning", what, f"{len(twice)} along the file's last axis, the first is number {twice[0]}")
    if any(not SPACING_MM[0] <= size <= SPACING_MM[1] for size in spacing):
        what = "the header's voxel size cannot be right; distances in mm will be wrong"
        yield Finding("warning", what, f"{_by(spacing)} mm")
    if image.affine is not None and not image.placed:
        yield Finding("note", "the header states no orientation; slices are shown as the format's default has them")


def _never_written(volume: NDArray[Any]) -> list[int]:
    """Planes across the last axis that are flat between two that are not."""
    flat = [volume[..., k].min() == volume[..., k].max() for k in range(volume.shape[-1])]
    return [k for k in range(1, len(flat) - 1) if flat[k] and not flat[k - 1] and not flat[k + 1]]


def _written_twice(volume: NDArray[Any]) -> list[int]:
    """Planes across the last axis that equal the one before, and are not flat."""
    planes = range(1, volume.shape[-1])
    equal = [k for k in planes if np.array_equal(volume[..., k], volume[..., k - 1])]
    return [k for k in equal if volume[..., k].min() < volume[..., k].max()]


def of_slices(slices: NDArray[Any], shown: Iterable[int]) -> Iterator[Finding]:
    """Look for slices that have a mask and no image.

    Args:
        slices: ``(slices, rows, columns)``.
        shown: numbers of those with a mask.
    """
    blank = [index for index in sorted(shown) if slices[index].min() == slices[index].max()]
    if blank:
        what = "slices with a mask hold one grey value; were they written?"
        yield Finding("warning", what, f"{len(blank)} slices, the first is number {blank[0]}")


def of_labels(
    annotation: Annotation, stored: Grid, labels: NDArray[Any], image: Grid, spacing: tuple[float, ...]
) -> Iterator[Finding]:
    """Look at the labels of a case and at how they meet the image.

    Args:
        annotation: whose they are.
        stored: as their file holds them.
        labels: on the grid of the image.
        image: decoded.
        spacing: of the image.
    """
    if annotation.label is not None:
        yield from (_of_instances if annotation.instances else _of_one_label)(annotation, labels)
    yield from _of_corners(annotation, labels)
    apart = corner_distance(stored, image)
    if spacing and apart > _SAME_PLACE_VOXELS * min(spacing):
        how = "paired voxel by voxel" if labels is stored.array else "labels are taken to the image's grid"
        sizes = f"{_by(stored.array.shape)} and {_by(image.array.shape)} voxels"
        what = f"headers place labels and image differently; {how}"
        yield Finding("note", what, f"{sizes}, corners {apart:.3g} mm apart")
    if (lost := _share_outside(stored, labels, image)) > _LOST:
        what = (
            "part of the labels lies outside of the image: slices of it are missing, or the two do not belong together"
        )
        yield Finding("warning", what, f"{100 * lost:.0f} %")


def _of_one_label(annotation: Annotation, labels: NDArray[Any]) -> Iterator[Finding]:
    name = annotation.reader.files[0].name
    inside = labels[labels > annotation.threshold]
    if labels.dtype.kind in "if" and np.any(labels < 0):
        what = "a mask holds values below zero, which count as background"
        yield Finding("warning", what, f"{name}, {_span(labels)}")
    if annotation.threshold and not inside.size and labels.any():
        what = "a mask has values above zero and none above its threshold: it counts as empty"
        yield Finding("warning", what, f"{name}, {labels.max()} of {annotation.threshold}")
    if not annotation.threshold and inside.size and inside.min() < inside.max():
        what = (
            "a mask of one label holds several values, and all of them count: are there several structures, or was it "
            "scaled or resized?"
        )
        yield Finding("warning", what, f"{name}, {_span(inside)}")


def _of_instances(annotation: Annotation, labels: NDArray[Any]) -> Iterator[Finding]:
    areas = np.unique(labels[labels > annotation.threshold], return_counts=True)[1]
    if (specks := int(np.count_nonzero(areas <= _SPECK))) > len(areas) / 2:
        what = "most instances are specks: was the map resized, or saved with a loss?"
        yield Finding("warning", what, f"{annotation.reader.files[0].name}, {specks} of {len(areas)}")


def _of_corners(annotation: Annotation, labels: NDArray[Any]) -> Iterator[Finding]:
    corners = labels[np.ix_(*([0, size - 1] for size in labels.shape))]
    if not np.all(corners > annotation.threshold):
        return
    if annotation.label is None:
        what = "labels cover every corner of their image: right where all of it is labelled, else they are inverted"
        yield Finding("note", what, annotation.reader.files[0].name)
    else:
        what = "a mask covers every corner of its image: is it inverted, or the whole image?"
        share = np.count_nonzero(labels > annotation.threshold) / labels.size
        yield Finding("warning", what, f"{annotation.reader.files[0].name}, {100 * share:.0f} % of it")


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


def _share_outside(stored: Grid, labels: NDArray[Any], image: Grid) -> float:
    """The share of the labelled volume that is no longer there on the image's grid."""
    if labels is stored.array or stored.affine is None or image.affine is None:
        return 0.0
    before = np.count_nonzero(stored.array) * abs(np.linalg.det(stored.affine[:3, :3]))
    after = np.count_nonzero(labels) * abs(np.linalg.det(image.affine[:3, :3]))
    return 1 - float(after / before) if before else 0.0


def _by(numbers: tuple[float, ...]) -> str:
    return " x ".join(f"{number:g}" for number in numbers)
