"""What a picture that is a mask shows: where its shape lies, and signs that it is not what it seems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.counting import occurrences
from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.readers.decoded import Decoded

#: Masks of 8 bits are white above this value.
_WHITE = 127
_DEEP = 2**16 - 1
#: Grey levels that are neither black nor white; as many distinct ones as no drawing has by intention.
_BETWEEN, _MANY_LEVELS = slice(64, 192), 8
#: Share of the smaller of structure and background that may lie between: half a row of pixels along an outline.
_BLURRED = 0.02
#: Two shapes that differ by more than their outlines, as a share of the larger.
_OUTLINES = 0.1
#: Share of the steps of a map that go on in the same direction: thin parts of a drawing do, at places.
_CLIMBS = 0.03


def brightest(decoded: Decoded, path: Path, *, inverted: bool) -> NDArray[Any]:
    """Reduce a mask drawn in any colours to one value a pixel.

    Transparent pixels are seen on the ground of the mask: black, or white where the structure is dark. Where nothing
    is seen then, the shape is that of the transparency itself, and opaque is the structure.

    Args:
        decoded: the picture.
        path: its file.
        inverted: the structure is dark on a white ground.

    Returns:
        ``(height, width)``, the structure still dark if ``inverted``. White is 255 where the file has 1 or 65535.

    Raises:
        CaseError: if the shape cannot be told: a palette of bright colours only, or colours and transparency that draw
            two shapes.
    """
    shown = decoded.displayed
    values = _white_is_255(shown if shown.ndim == 2 else shown.max(axis=-1))
    alpha = decoded.alpha
    if alpha is not None and alpha.min() < alpha.max():
        values = _on_ground(values, alpha, path, 255 if inverted else 0)
    elif decoded.palette is not None:
        used = decoded.palette[np.unique(decoded.pixels)].max(axis=-1)
        if len(used) > 1 and used.min() > _WHITE:
            raise CaseError(
                f"{path}: every colour of its palette is bright, so none is the background; save the mask as black "
                "and white."
            )
    return values


def must_hold_numbers(decoded: Decoded, path: Path) -> None:
    """Refuse a map of numbers whose numbers cannot be trusted.

    Raises:
        CaseError: if they went through a lossy compression, or lie below transparent pixels.
    """
    if decoded.lossy:
        raise CaseError(
            f"{path}: a map of label numbers in a lossy compression, which changes numbers; fetch it again."
        )
    must_not_hide(decoded, path)


def must_not_hide(decoded: Decoded, path: Path) -> None:
    """Refuse a mask that draws something which is not seen.

    Raises:
        CaseError: if there are values below transparent pixels, or nothing but transparency.
    """
    alpha = decoded.alpha
    if alpha is None or alpha.min() == alpha.max():
        return
    hidden = decoded.pixels[alpha == 0]
    if hidden.any() or decoded.pixels.min() == decoded.pixels.max():
        raise CaseError(f"{path}: part of the mask lies in its transparency; save it without an alpha channel.")


def signs(values: NDArray[Any], decoded: Decoded, path: Path) -> Iterator[Finding]:
    """Find what speaks against a mask of black and white.

    Args:
        values: ``(height, width)``, the structure bright.
        decoded: the picture.
        path: its file.
    """
    if decoded.alpha is not None:
        what = "the shape of a mask lies in its transparency: opaque pixels are taken for the structure"
        if decoded.alpha.min() == decoded.alpha.max():
            what = "the transparency of a mask is the same everywhere; its colours are taken"
        yield Finding("warning", what, path.name)
    if values.dtype != np.uint8:
        return
    counts = occurrences(values, 256)
    smaller = max(min(counts[: _WHITE + 1].sum(), counts[_WHITE + 1 :].sum()), 1)
    if np.count_nonzero(counts[_BETWEEN]) >= _MANY_LEVELS and counts[_BETWEEN].sum() > _BLURRED * smaller:
        what = (
            "a mask has many grey levels between black and white (it was resized, or compressed with losses): its "
            "outline depends on the threshold"
        )
        yield Finding("note", what, path.name)


def signs_of_numbers(numbers: NDArray[Any], path: Path) -> Iterator[Finding]:
    """Find what speaks against a map of label or instance numbers: numbers that lie between those beside them.

    A drawn map steps from number to number; one that was resized smoothly climbs.
    """
    steps = climbs = 0
    for lines in (numbers, numbers.T):
        for up in (lines[:, :-1] < lines[:, 1:], lines[:, :-1] > lines[:, 1:]):
            steps += int(np.count_nonzero(up))
            climbs += int(np.count_nonzero(up[:, :-1] & up[:, 1:]))
    if climbs > _CLIMBS * steps:
        what = "numbers of a map lie between those beside them: it was resized or smoothed, so they mean nothing there"
        yield Finding("warning", what, f"{path.name}, {100 * climbs / steps:.0f} % of its steps")


def _on_ground(values: NDArray[Any], alpha: NDArray[np.uint8], path: Path, ground: int) -> NDArray[np.uint8]:
    opaque = alpha / 255
    seen = np.asarray(np.rint(np.clip(values, 0, 255) * opaque + ground * (1 - opaque)), dtype=np.uint8)
    stored, shown = values > _WHITE, seen > _WHITE
    structure = np.count_nonzero(stored == (ground == 0))
    if 0 < structure < stored.size and np.count_nonzero(stored != shown) > _OUTLINES * structure:
        raise CaseError(
            f"{path}: the colours and the transparency of the mask draw two shapes; save it as black and white."
        )
    if shown.all() or not shown.any():
        return np.asarray(np.where(alpha > _WHITE, 255 - ground, ground), dtype=np.uint8)
    return seen


def _white_is_255(values: NDArray[Any]) -> NDArray[Any]:
    """Bring a mask to 8 bits: some tools write 1 for white, of which nothing would be seen, and some 65535."""
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    largest = values.max(initial=0)
    if values.dtype.kind == "f" and 0 < largest <= 1 and values.min() >= 0:
        return np.asarray(np.rint(values * 255), dtype=np.uint8)
    if values.dtype.kind in "iu" and largest == 1:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint16 and largest == _DEEP:
        return np.asarray(values >> 8, dtype=np.uint8)
    return values
