"""Pictures and stacks of them. The first bytes of a file tell its format, not its suffix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.decoded import UPRIGHT, Decoded
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.mask_picture import (
    brightest,
    must_hold_numbers,
    must_not_hide,
    signs,
    signs_of_numbers,
)
from cosmos_datasets.readers.picture_file import read_picture
from cosmos_datasets.readers.tiff import is_tiff, read_tiff

Channels = Literal["stored", "max", "index", "red", "green", "blue"]
Part = Literal["whole", "left", "right"]

_CHANNELS = {2, 3, 4}
_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Picture:
    """One picture: PNG, JPEG, BMP, GIF, PPM (gzipped too) or TIFF.

    Attributes:
        path: the file.
        channels: ``stored`` as displayed, grey or RGB (palette expanded, alpha dropped). For masks: ``max`` the
            largest of the colour channels, drawn in any colour or in the transparency, white as 255; ``index`` the
            numbers as stored (palette indices, label or instance values); ``red``, ``green`` or ``blue`` that channel
            alone.
        page: page of a multi-page TIFF or frame of a GIF, from 0; ``None`` where the file has to hold one picture.
        inverted: the structure is dark on a white ground: 8-bit values become 255 - value.
        part: one half of the width of a stereo pair. A picture higher than wide is one view already and stays whole,
            so the masks of a view may be as large as the view or as the pair.
    """

    path: Path
    channels: Channels = "stored"
    page: int | None = None
    inverted: bool = False
    part: Part = "whole"

    @property
    def files(self) -> tuple[Path, ...]:
        """The file."""
        return (self.path,)

    def read(self) -> Grid:
        """Decode the picture.

        Returns:
            ``(height, width)`` or, with ``stored`` only, ``(height, width, 3)``; the dtype of the file (bool for
            1-bit files, but 0 and 255 with ``max``). Orientation tags are not applied: pixels as stored.

        Raises:
            CaseError: if the file is damaged, announces more than it can hold, holds several pictures, has a shape
                that is no picture, or is a mask whose shape cannot be told.
        """
        with reading(self.path):
            decoded = self._decoded()
            array = self._arranged(decoded)
            notes = [*decoded.notes, *self._of_orientation(decoded)]
            if self.channels == "max":
                array = brightest(replace(decoded, pixels=array), self.path, inverted=self.inverted)
            if self.inverted:
                if array.dtype not in (np.uint8, np.bool_):
                    raise CaseError(f"{self.path}: 8 bits a channel were expected, it has {array.dtype} values.")
                array = ~array
            if self.channels == "max":
                notes += signs(array, decoded, self.path)
            elif self.channels == "index":
                notes += signs_of_numbers(array, self.path)
            elif self.channels == "stored" and decoded.alpha is not None:
                what = "a picture has transparent pixels; they are shown in the colours that are stored below"
                notes.append(Finding("warning", what, self.path.name))
            if self.part != "whole" and array.shape[1] % 2 and array.shape[1] > array.shape[0]:
                what = "a pair of views is of an odd width: its halves are not alike, so masks may lie beside"
                notes.append(Finding("warning", what, self.path.name))
        return Grid(_half(array, self.part), notes=tuple(notes))

    def _decoded(self) -> Decoded:
        if is_tiff(self.path):
            label_numbers, mask = self.channels == "index", self.channels != "stored"
            return read_tiff(self.path, self.page, label_numbers=label_numbers, mask=mask)
        return read_picture(self.path, self.page)

    def _arranged(self, decoded: Decoded) -> NDArray[Any]:
        """The pixels as ``(height, width)`` or ``(height, width, channels)``, as :attr:`channels` wants them."""
        if self.channels == "max":
            return _channels_last(decoded.pixels, self.path)
        if self.channels == "index":
            must_hold_numbers(decoded, self.path)
            return _one_number(_channels_last(decoded.pixels, self.path), self.path)
        array = _channels_last(decoded.displayed, self.path)
        if self.channels in _COLOURS:
            must_not_hide(decoded, self.path)
            if array.ndim == 2:
                raise CaseError(f"{self.path}: a colour picture was expected, this one is grey.")
            return np.asarray(array[..., _COLOURS.index(self.channels)])
        if array.ndim == 3 and array.shape[-1] == 2:
            array = np.concatenate([array, np.zeros_like(array[..., :1])], axis=-1)
        return array

    def _of_orientation(self, decoded: Decoded) -> list[Finding]:
        if decoded.orientation == UPRIGHT:
            return []
        what = (
            "a picture carries an orientation tag, which is not applied: are image and mask drawn alike, on the "
            "stored or on the shown picture?"
        )
        return [Finding("warning", what, f"{self.path.name}, orientation {decoded.orientation}")]


@dataclass(frozen=True)
class PictureStack:
    """The slices of a volume as one picture each.

    Attributes:
        paths: one file a slice, in order.
        channels: see :class:`Picture`; not ``stored``.
    """

    paths: tuple[Path, ...]
    channels: Literal["max", "index"] = "max"

    @property
    def files(self) -> tuple[Path, ...]:
        """The slices."""
        return self.paths

    def read(self) -> Grid:
        """Decode all slices into a volume ``(i, j, k)`` = (column, row, slice) without a geometry of its own.

        Raises:
            CaseError: if a slice is damaged or the slices differ in size.
        """
        slices = [Picture(path, self.channels).read() for path in self.paths]
        shapes = {one.array.shape for one in slices}
        if len(shapes) != 1:
            where = self.paths[0].parent if self.paths else "a stack of pictures"
            raise CaseError(f"{where}: slices differ in size or are missing: {sorted(shapes)}.")
        notes = [note for one in slices for note in one.notes]
        bright = [path for path, one in zip(self.paths, slices, strict=True) if _corners(one.array).all()]
        if bright:
            what = "masks of slices cover every corner: are they inverted?"
            notes.append(Finding("warning", what, f"{bright[0].name} and {len(bright) - 1} others"))
        return Grid(np.stack([one.array.T for one in slices], axis=-1), stacked=True, notes=tuple(notes))


def _corners(array: NDArray[Any]) -> NDArray[Any]:
    return array[[0, 0, -1, -1], [0, -1, 0, -1]]


def _half(array: NDArray[Any], part: Part) -> NDArray[Any]:
    height, width = array.shape[:2]
    if part == "whole" or height > width:
        return array
    return array[:, : width // 2] if part == "left" else array[:, width // 2 :]


def _channels_last(array: NDArray[Any], path: Path) -> NDArray[Any]:
    """Bring any channel layout to ``(height, width)`` or ``(height, width, channels)``, three channels at most."""
    array = np.squeeze(array)
    if array.ndim == 3 and array.shape[0] in _CHANNELS and array.shape[-1] not in _CHANNELS:
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 2:
        return array
    if array.ndim != 3 or array.shape[-1] not in _CHANNELS:
        raise CaseError(f"{path}: a picture was expected, the array is {array.shape}.")
    return array[..., :3]


def _one_number(array: NDArray[Any], path: Path) -> NDArray[Any]:
    if array.ndim == 2:
        return array
    if any(np.any(array[..., 0] != array[..., k]) for k in range(1, array.shape[-1])):
        raise CaseError(f"{path}: one number a pixel was expected, its colour channels differ.")
    return np.asarray(array[..., 0])
