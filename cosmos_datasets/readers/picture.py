"""Pictures: PNG, JPEG, BMP, GIF, PPM (gzipped too) through Pillow; TIFF of any depth through tifffile.

The first bytes of a file tell its format, not its suffix.
"""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.failure import reading

Channels = Literal["stored", "max", "index", "red", "green", "blue"]
Part = Literal["whole", "left", "right"]

#: Pillow's guard against decompression bombs stops at 179 megapixels; a whole-slide region may be larger.
_MAX_PIXELS = 2**31 - 1
_CHANNELS = {2, 3, 4}
_COLOURS = ("red", "green", "blue")
#: ExtraSamples of a TIFF that say: transparency, associated or not.
_ALPHA = {(1,), (2,)}


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        path: the file.
        channels: ``stored`` as displayed, grey or RGB (palette expanded, alpha dropped); ``max`` the largest of the
            colour channels, for masks drawn in any colour (white of a 1-bit file is 255); ``index`` the numbers as
            stored (palette indices, label or instance values); ``red``, ``green`` or ``blue`` that channel alone.
        page: page of a multi-page TIFF or frame of a GIF, from 0.
        inverted: the structure is dark on a white ground: 8-bit values become 255 - value.
        part: one half of the width of a stereo pair. A picture higher than wide is one view already and stays whole,
            so the masks of a view may be as large as the view or as the pair.
    """

    path: Path
    channels: Channels = "stored"
    page: int = 0
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
            CaseError: if the file is damaged or has a shape that is no picture.
        """
        with reading(self.path):
            if _is_tiff(self.path):
                array, palette = _read_tiff(self.path, self.page, as_displayed=self.channels != "index")
            else:
                array, palette = _read_pillow(self.path, self.page)
        if palette is not None and self.channels != "index":
            array = palette[array]
        array = _arrange(array, self.channels, self.path)
        if self.channels == "max" and _is_zero_or_one(array):  # a threshold is one of 8-bit values
            array = array.astype(np.uint8) * np.uint8(255)
        if self.inverted:
            array = ~array if array.dtype == np.bool_ else np.uint8(255) - array
        return Grid(_half(array, self.part))


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
        arrays = [Picture(path, self.channels).read().array for path in self.paths]
        shapes = {array.shape for array in arrays}
        if len(shapes) != 1:
            where = self.paths[0].parent if self.paths else "a stack of pictures"
            raise CaseError(f"{where}: slices differ in size or are missing: {sorted(shapes)}.")
        return Grid(np.stack([array.T for array in arrays], axis=-1), stacked=True)


def _is_zero_or_one(array: NDArray[Any]) -> bool:
    """Whether white is 1: nothing would be seen of such a picture, so it is a mask that some tool wrote as numbers."""
    return array.dtype == np.bool_ or (array.dtype.kind in "iu" and array.max(initial=0) == 1)


def _half(array: NDArray[Any], part: Part) -> NDArray[Any]:
    height, width = array.shape[:2]
    if part == "whole" or height > width:
        return array
    return array[:, : width // 2] if part == "left" else array[:, width // 2 :]


def _is_tiff(path: Path) -> bool:
    """Look at the first bytes: suffixes in published data are not always right."""
    with path.open("rb") as file:
        return file.read(4) in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}


def _read_pillow(path: Path, page: int) -> tuple[NDArray[Any], NDArray[np.uint8] | None]:
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, _MAX_PIXELS
    try:
        stream: Any = io.BytesIO(gzip.decompress(path.read_bytes())) if path.suffix.lower() == ".gz" else path
        with Image.open(stream) as image:
            image.seek(page)
            if _is_deep_png(image):
                pixels = np.asarray(imagecodecs.png_decode(path.read_bytes()))
                return pixels[..., 0] if pixels.shape[-1] == 2 else pixels, None  # grey and alpha, or colours
            if image.mode == "P":
                palette = np.asarray(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
                padded = np.zeros((256, 3), dtype=np.uint8)
                padded[: len(palette)] = palette
                return np.asarray(image), padded
            if image.mode in {"LA", "La"}:
                return np.asarray(image.convert("L")), None
            if image.mode == "1":  # bytes 0 and 255, while a bool is 0 or 1
                return np.asarray(image).view(np.uint8) != 0, None
            if image.mode in {"L", "I", "I;16", "I;16B", "I;16L", "F", "RGB", "RGBA"}:
                return np.asarray(image), None
            return np.asarray(image.convert("RGB")), None
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _is_deep_png(image: ImageFile.ImageFile) -> bool:
    """Whether Pillow would reduce the file to 8 bit: it has no mode for several channels of 16."""
    return image.format == "PNG" and image.mode != "I;16" and str(image.tile[0].args).endswith(";16B")


def _read_tiff(path: Path, page: int, *, as_displayed: bool) -> tuple[NDArray[Any], NDArray[np.uint8] | None]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        if page >= len(file.pages):
            raise CaseError(f"{path}: has {len(file.pages)} pages, number {page} was expected.")
        one = file.pages[page]
        if one.photometric == tifffile.PHOTOMETRIC.SEPARATED:
            return _read_pillow(path, page)  # converts printing colours
        is_grey_with_alpha = one.samplesperpixel == 2 and one.extrasamples[:1] in _ALPHA
        if page == 0 and not is_grey_with_alpha and _pages_are_one_picture(file.series[0].shape):
            return np.asarray(file.series[0].asarray()), None
        array = np.asarray(one.asarray())
        if is_grey_with_alpha:
            return array[..., 0] if array.shape[-1] == 2 else array[0], None
        palette = getattr(one, "colormap", None)
        if palette is not None and array.dtype.kind == "u" and one.photometric == tifffile.PHOTOMETRIC.PALETTE:
            return array, (np.asarray(palette).T >> 8).astype(np.uint8)
        is_inverted = one.photometric == tifffile.PHOTOMETRIC.MINISWHITE and array.dtype.kind in "ub"
        if is_inverted and as_displayed:
            array = ~array if array.dtype.kind == "b" else np.iinfo(array.dtype).max - array
    return array, None


def _pages_are_one_picture(shape: tuple[int, ...]) -> bool:
    """Whether the pages are channels, or rows: some tools write a picture of two channels so."""
    return len(shape) == 3 and (shape[0] in _CHANNELS) != (shape[-1] in _CHANNELS)


def _arrange(array: NDArray[Any], channels: Channels, path: Path) -> NDArray[Any]:
    """Bring any channel layout to ``(height, width)`` or ``(height, width, 3)``."""
    array = np.squeeze(array)
    if channels in _COLOURS and array.ndim == 2:
        raise CaseError(f"{path}: a colour picture was expected, this one is grey.")
    if array.ndim == 3 and array.shape[0] in _CHANNELS and array.shape[-1] not in _CHANNELS:
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 2:
        return array
    if array.ndim != 3 or array.shape[-1] not in _CHANNELS:
        raise CaseError(f"{path}: a picture was expected, the array is {array.shape}.")
    array = array[..., :3]
    if channels in _COLOURS:
        return np.asarray(array[..., _COLOURS.index(channels)])
    if channels in {"max", "index"}:
        if channels == "index" and any(np.any(array[..., 0] != array[..., k]) for k in range(1, array.shape[-1])):
            raise CaseError(f"{path}: one number a pixel was expected, its colour channels differ.")
        return np.asarray(array.max(axis=-1))
    if array.shape[-1] == 2:
        array = np.concatenate([array, np.zeros_like(array[..., :1])], axis=-1)
    return array
