"""Whether the slices of a folder are one volume: of one size, unit and direction, one behind the other.

What one affine and one unit cannot describe is refused with the name of a slice; what they can, and is odd, is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding

#: Direction cosines of slices of one series differ by rounding only.
_TILT = 0.01
#: Pixel sizes and places that are printed in a header, as a share of them.
_ROUNDING = 0.01
#: Share of a step by which others may differ: half a step more or less is a slice missing or too many, below the
#: second nothing is said.
_MISSING, _UNEVEN = 0.5, 0.05
#: How far beside the line of the others a slice may lie, in pixels.
_BESIDE = 0.5
_IDENTITY = (1.0, 0.0)
_AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

_SERIES = "the folder holds several series, or a header was changed; keep one series, or fetch it again"


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice as its file has it.

    Attributes:
        path: the file.
        pixels: stored integers, ``(rows, columns)``.
        light: photometric interpretation.
        modality: of the header.
        rescale: slope and intercept; ``None`` if the header states neither.
        position: centre of the first pixel, millimetres in LPS+.
        cosines: directions of a row and of a column, LPS+.
        spacing: millimetres between rows and between columns.
        thickness: millimetres to a next slice, where this is the only one.
        uid: of the instance, equal in copies.
        told: elements in which slices of one series should not differ, and might.
        notes: what was mended in it.
    """

    path: Path
    pixels: NDArray[Any]
    light: str
    modality: Any
    rescale: tuple[float, ...] | None
    position: tuple[float, ...] | None
    cosines: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    thickness: float
    uid: Any
    told: Mapping[str, Any]
    notes: tuple[Finding, ...]

    @property
    def directions(self) -> NDArray[np.float64]:
        """``(2, 3)``: along a row and along a column; those of an axial slice where the header states none."""
        return np.array(self.cosines or _AXIAL).reshape(2, 3)

    @property
    def normal(self) -> NDArray[np.float64]:
        """The direction across the slice."""
        return np.asarray(np.cross(*self.directions))


def must_be_alike(slices: Sequence[Slice]) -> None:
    """Refuse slices that are no volume.

    Raises:
        CaseError: if they differ in size, modality, light, direction or pixel size, or only some of them state a
            rescale function, a position or a pixel size, or one of these is none, or one is a copy; it names a slice.
    """
    _alike(slices, "size", lambda one: one.pixels.shape)
    _alike(slices, "modality", lambda one: str(one.modality))
    _alike(slices, "whether its lowest value is black or white", lambda one: one.light)
    for what, of in (
        ("whether it states a position", lambda one: one.position is None),
        ("whether it states an orientation", lambda one: one.cosines is None),
        ("whether it states a pixel size", lambda one: one.spacing is None),
        # The identity changes nothing, so it may be left out.
        ("whether it states a rescale function, so in its unit", lambda one: one.rescale in (None, _IDENTITY)),
    ):
        _alike(slices, what, of)
    _must_be_no_copies(slices)
    first = slices[0]
    for one in slices:
        _must_be_geometry(one)
    if first.cosines is not None:
        _near(slices, "orientation", np.array([one.cosines for one in slices]), _TILT)
    if first.spacing is not None:
        sizes = np.array([one.spacing for one in slices])
        _near(slices, "pixel size", sizes, _ROUNDING * float(sizes.min()))


def differences(slices: Sequence[Slice]) -> list[Finding]:
    """Say in what slices that are one volume differ, and how their values are meant."""
    found = []
    if slices[0].light == "MONOCHROME1":
        what = "low values of the slices are meant to be shown bright (MONOCHROME1); they are shown as stored"
        found.append(Finding("warning", what, slices[0].path.parent.name))
    elements = {"rescale function": [str(one.rescale) for one in slices]}
    elements |= {name: [str(one.told[name]) for one in slices] for name in slices[0].told}
    for name, values in elements.items():
        counts = Counter(values)
        # A careless anonymisation gives every slice UIDs of its own.
        if len(counts) > 1 and not (name.endswith("UID") and len(counts) == len(slices)):
            ((usual, count),) = counts.most_common(1)
            other = next(one for one, value in zip(slices, values, strict=True) if value != usual)
            what = f"slices of one series differ in {name}: the folder may hold several series"
            where = f"{other.path.name} and {len(slices) - count - 1} others"
            found.append(Finding("warning", what, where))
    return found


def must_lie_in_a_row(slices: Sequence[Slice], *, keep_order: bool) -> tuple[list[Slice], list[Finding]]:
    """Order slices along their normal, increasing.

    Args:
        slices: alike, with positions.
        keep_order: leave them as they are, which must be increasing or decreasing.

    Returns:
        The slices in order, and what is odd about their distances.

    Raises:
        CaseError: if one is missing or there nearly twice, or lies beside the line of the others; it names a slice.
    """
    points = np.array([one.position for one in slices])
    places = points @ slices[0].normal
    order = np.argsort(places, kind="stable")
    ordered, steps = [slices[k] for k in order], np.diff(places[order])
    if not len(steps):
        return ordered, []
    usual = float(np.median(steps))
    for number, step in enumerate(steps):
        if step <= 0 or abs(step - usual) > _MISSING * usual:
            raise CaseError(
                f"{ordered[number].path}: the next slice, {ordered[number + 1].path.name}, lies {step:.3g} mm apart, "
                f"others {usual:.3g} mm apart; one is missing or there twice, or the folder holds several series."
            )
    shares = (places - places[order[0]]) / (places[order[-1]] - places[order[0]])
    line = points[order[0]] + shares[:, None] * (points[order[-1]] - points[order[0]])
    beside = np.linalg.norm(points - line, axis=1)
    if beside.max() > _BESIDE * min(slices[0].spacing or (1.0,)):
        raise CaseError(
            f"{slices[int(beside.argmax())].path}: lies {beside.max():.3g} mm beside the line of the other slices; "
            f"{_SERIES}."
        )
    if keep_order and list(order) not in (list(range(len(slices))), list(range(len(slices)))[::-1]):
        turn = int(np.flatnonzero(np.sign(np.diff(places)) != np.sign(places[1] - places[0]))[0])
        raise CaseError(
            f"{slices[turn + 1].path}: the order of the file names is not that of the positions, so its mask cannot "
            "be told; fetch the series again."
        )
    found = []
    if np.ptp(steps) > _UNEVEN * usual:
        what = "slices lie unevenly apart; the mean distance is taken for all"
        found.append(Finding("warning", what, f"{steps.min():.4g} to {steps.max():.4g} mm"))
    return list(slices) if keep_order else ordered, found


def _must_be_no_copies(slices: Sequence[Slice]) -> None:
    seen: dict[Hashable, Slice] = {}
    for one in slices:
        key = one.position or one.uid
        other = seen.setdefault(key, one)
        if other is one or key is None:
            continue
        is_copy = one.uid == other.uid and np.array_equal(one.pixels, other.pixels)
        # Without a position, blank slices of a careless anonymisation are alike as well.
        if one.position is not None or (is_copy and one.pixels.min() < one.pixels.max()):
            what = "is a copy of" if is_copy else "lies 0 mm apart from"
            raise CaseError(f"{one.path}: {what} {other.path.name}; a slice is there twice. Remove the copies.")


def _must_be_geometry(one: Slice) -> None:
    if one.spacing is not None and min(one.spacing) <= 0:
        raise CaseError(f"{one.path}: PixelSpacing of its header is not two sizes; fetch the file again.")
    if one.position is not None and one.spacing is None:
        raise CaseError(f"{one.path}: states a position and no PixelSpacing; fetch the file again.")
    row, column = one.directions
    if max(abs(row @ row - 1), abs(column @ column - 1), abs(row @ column)) > _TILT:
        raise CaseError(
            f"{one.path}: ImageOrientationPatient of its header is not two directions; fetch the file again."
        )


def _alike(slices: Sequence[Slice], what: str, of: Callable[[Slice], Hashable]) -> None:
    values = [of(one) for one in slices]
    ((usual, count),) = Counter(values).most_common(1)
    if count < len(slices):
        other = next(one for one, value in zip(slices, values, strict=True) if value != usual)
        raise _unlike(other, what, len(slices) - count, len(slices))


def _near(slices: Sequence[Slice], what: str, values: NDArray[np.float64], tolerance: float) -> None:
    far = np.abs(values - values[0]).max(axis=1) > tolerance
    if far.any():
        common = far if 2 * np.count_nonzero(far) <= len(slices) else ~far  # the first slice may be the odd one
        raise _unlike(slices[int(common.argmax())], what, int(np.count_nonzero(common)), len(slices))


def _unlike(other: Slice, what: str, count: int, total: int) -> CaseError:
    return CaseError(
        f"{other.path}: differs from other slices of its series in {what} ({count} of {total} slices do); {_SERIES}."
    )
