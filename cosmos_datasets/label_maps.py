"""The masks that one slice of a label map holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cosmos_datasets.case import Annotation
from cosmos_datasets.counting import occurrences
from cosmos_datasets.errors import CaseError
from cosmos_datasets.source import Label

Box = tuple[int, int, int, int]
#: Label values that went through a header's scale factor (SPM writes such files) are whole but for its rounding.
_SCALING_ERROR = 0.01
#: label, instance, box (xyxy, ends inclusive), pixels, and the cropped mask on demand: small masks are never made.
FoundMask = tuple[Label, int, Box, int, Callable[[], NDArray[np.bool_]]]


@dataclass(frozen=True)
class ValueTable:
    """What the values of one encoding mean.

    Attributes:
        labels: the classes, in declaration order; several values may stand for one class.
        lookup: int32, from a value to 1 + the position of its class; 0 for background; -1 where undeclared.
    """

    labels: tuple[Label, ...]
    lookup: NDArray[np.int32]

    def classes(self, values: NDArray[Any]) -> NDArray[np.int32]:
        """Replace label values by class numbers; raises :class:`CaseError` listing values that are not declared."""
        if values.min() >= 0 and values.max() < len(self.lookup):
            found: NDArray[np.int32] = self.lookup[values]
            if found.min() >= 0:
                return found
        present = np.unique(values)
        unknown = [int(v) for v in present if not 0 <= v < len(self.lookup) or self.lookup[v] < 0]
        declared = np.flatnonzero(self.lookup > 0)
        raise CaseError(
            f"label value {', '.join(map(str, unknown[:8]))} is not declared; known are 0 (background) and "
            f"{', '.join(map(str, declared[:40]))}. Is this file of another release, or a prediction?"
        )


def value_table(labels: tuple[Label, ...]) -> ValueTable:
    """Build the table of an encoding; every label needs a value or a range."""
    classes: dict[str, Label] = {}
    ranges: list[tuple[int, int, str]] = []
    for label in labels:
        if label.value is None:
            raise ValueError(f"label {label.name} belongs to a value table and has no value")
        low, high = label.value if isinstance(label.value, tuple) else (label.value, label.value)
        classes.setdefault(label.name, label)
        ranges.append((low, high, label.name))
    lookup = np.full(max(high for _, high, _ in ranges) + 1, -1, dtype=np.int32)
    lookup[0] = 0
    position = {name: index for index, name in enumerate(classes, start=1)}
    for low, high, name in ranges:
        lookup[low : high + 1] = position[name]
    return ValueTable(tuple(classes.values()), lookup)


def as_integers(labels: NDArray[Any]) -> NDArray[Any]:
    """Label values as integers: files are sometimes stored as floating point.

    Raises:
        CaseError: if a value is not a whole number.
    """
    if labels.dtype.kind in "biu":
        return labels.astype(np.uint8) if labels.dtype.kind == "b" else labels
    whole: NDArray[Any] = np.rint(labels)
    with np.errstate(invalid="ignore"):  # infinite values
        is_whole = np.all(np.abs(labels - whole) <= _SCALING_ERROR)
    if labels.dtype.kind != "f" or not is_whole:
        raise CaseError("label values must be whole numbers, this file holds fractions or NaN.")
    return whole.astype(np.int32)


def masks_of_slice(plane: NDArray[Any], annotation: Annotation, table: ValueTable | Label) -> Iterator[FoundMask]:
    """Find the masks of one slice.

    Args:
        plane: ``(rows, columns)``, label values.
        annotation: says whether values are instances, and the threshold of a single label.
        table: the meaning of the values, or the one label that every value above the threshold stands for.

    Yields:
        Masks of one pixel and more, in declaration order; of an instance map the union first, then the instances by
        number.

    Raises:
        CaseError: if a value is not declared.
    """
    if isinstance(table, ValueTable):
        classes = table.classes(plane)
        for number, box, area, mask in _regions(classes):
            yield table.labels[number - 1], 0, box, area, mask
        return
    foreground = plane > annotation.threshold
    for _, box, area, mask in _regions(foreground.astype(np.int32)):
        yield table, 0, box, area, mask
    if annotation.instances:
        numbers, inverse = np.unique(np.where(foreground, plane, 0), return_inverse=True)
        offset = np.int32(numbers[0] != 0)
        compact: NDArray[np.int32] = inverse.reshape(plane.shape).astype(np.int32) + offset
        for number, box, area, mask in _regions(compact):
            yield table, int(numbers[number - offset]), box, area, mask


def _regions(numbered: NDArray[np.int32]) -> Iterator[tuple[int, Box, int, Callable[[], NDArray[np.bool_]]]]:
    """The regions 1, 2, ... of a small-number map: number, box, pixels, cropped mask."""
    boxes: list[Any] = ndimage.find_objects(numbered)
    areas = occurrences(numbered, len(boxes) + 1)
    for number, found in enumerate(boxes, start=1):
        if found is None:
            continue
        rows, columns = found
        box = (columns.start, rows.start, columns.stop - 1, rows.stop - 1)
        yield number, box, int(areas[number]), partial(_is_number, numbered[rows, columns], number)


def _is_number(numbered: NDArray[np.int32], number: int) -> NDArray[np.bool_]:
    return np.equal(numbered, number)
