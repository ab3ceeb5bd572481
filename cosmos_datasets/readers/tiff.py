"""TIFF of any depth through tifffile: which of its pages is the picture, and whether the page is whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.readers.bounds import DEFLATE, MAX_BYTES, must_fit
from cosmos_datasets.readers.decoded import ORIENTATION, UPRIGHT, Decoded, transparency
from cosmos_datasets.readers.jpeg import damage

_PHOTOMETRIC, _COMPRESSION = tifffile.PHOTOMETRIC, tifffile.COMPRESSION
#: Bytes that one byte can hold: exactly known, or the limit of the compression.
_MOST_PER_BYTE = {
    _COMPRESSION.NONE: 1,
    _COMPRESSION.LZW: 2731,
    _COMPRESSION.PACKBITS: 64,
    _COMPRESSION.ADOBE_DEFLATE: DEFLATE,
    _COMPRESSION.DEFLATE: DEFLATE,
}
_JPEG = {_COMPRESSION.JPEG, _COMPRESSION.OJPEG}
_LOSSY = {*_JPEG, _COMPRESSION.JPEG_2000_LOSSY, _COMPRESSION.WEBP}
#: Bits of NewSubfileType: a smaller copy of another page, and a page that tells which of its pixels count.
_NO_PICTURE = 0b101
#: ExtraSamples that say: transparency, associated or not; and nothing at all, which beside RGB is taken for it.
_ALPHA, _UNSPECIFIED = {1, 2}, 0
_CHANNELS = {2, 3, 4}


def is_tiff(path: Path) -> bool:
    """Look at the first bytes: suffixes in published data are not always right."""
    with path.open("rb") as file:
        return file.read(4) in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}


@contextmanager
def opened(path: Path) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF; what tifffile has to log about odd tags, thousands of lines at times, is not printed."""
    log = tifffile.logger()
    was_disabled, log.disabled = log.disabled, True
    try:
        with tifffile.TiffFile(path) as file:
            yield file
    finally:
        log.disabled = was_disabled


def check_page(path: Path, page: Any, count: int = 1) -> None:
    """Refuse a page that is too large, or whose data is damaged, before it is decoded.

    Args:
        path: the file.
        page: of tifffile.
        count: pages of this kind that follow one another.

    Raises:
        CaseError: if more is announced than the file can hold.
        ValueError: if data of the page is missing or damaged.
    """
    file = page.parent.filehandle
    most = file.size * _MOST_PER_BYTE.get(page.compression, float("inf"))
    must_fit(path, page.imagewidth, page.imagelength * page.imagedepth)
    must_fit(path, max(page.tilewidth, 1), max(page.tilelength, 1))
    announced = count * (page.imagewidth * page.imagelength * page.samplesperpixel * page.bitspersample // 8)
    if announced > min(most, MAX_BYTES):
        raise CaseError(
            f"{path}: announces {announced:,} bytes of pixels, more than it can hold or than the {MAX_BYTES:,} that "
            "are possible; the file is damaged or incomplete, fetch it again."
        )
    if not all(page.databytecounts) or not all(page.dataoffsets):
        raise ValueError("strips or tiles of it are missing")
    if page.compression in _JPEG:
        for offset, size in zip(page.dataoffsets, page.databytecounts, strict=True):
            file.seek(offset)
            data = (page.jpegtables or b"\xff\xd8\xff\xd9")[:-2] + file.read(size)[2:]
            if reason := damage(data):
                raise ValueError(reason)


def read_tiff(path: Path, page: int | None, *, label_numbers: bool, mask: bool) -> Decoded:
    """Decode one picture.

    Args:
        path: the file.
        page: number of the page, from 0; ``None`` where the file has to hold one picture. Smaller copies of it are
            passed over, and two to four grey pages are the channels of one picture.
        label_numbers: the values are wanted as stored, not as bright as displayed.
        mask: the picture is a mask, whose pages are never channels.

    Raises:
        CaseError: if the file holds several pictures, or none of a kind that can be read.
        Exception: whatever tifffile raises for a damaged file.
    """
    with opened(path) as file:
        chosen, notes = _chosen(path, file, page)
        if chosen is None:
            check_page(path, file.pages[0], len(file.pages))
            if mask:
                raise CaseError(f"{path}: a mask of {len(file.pages)} pages; which of them is meant cannot be told.")
            return Decoded(np.asarray(file.series[0].asarray()), notes=notes)
        check_page(path, chosen)
        orientation = chosen.tags.valueof(ORIENTATION, default=UPRIGHT)
        pixels, palette, alpha = _pixels(path, chosen, label_numbers=label_numbers)
        return Decoded(pixels, palette, alpha, chosen.compression in _LOSSY, orientation, notes)


def _chosen(path: Path, file: tifffile.TiffFile, page: int | None) -> tuple[Any, tuple[Finding, ...]]:
    """The page that is the picture; ``None`` if all pages are its channels."""
    pages: list[Any] = list(file.pages)
    if page is not None:
        if page >= len(pages):
            raise CaseError(f"{path}: has {len(pages)} pages, number {page} was expected.")
        return pages[page], ()
    full = [one for one in pages if not one.subfiletype & _NO_PICTURE] or pages
    images = max(len(full), file.series[0].size // max(pages[0].size, 1))  # ImageJ lays many behind one header
    if images == 1:
        what = "a file holds smaller copies or masks of its picture beside it; the picture itself is taken"
        return full[0], (Finding("note", what, path.name),) if len(pages) > 1 else ()
    shape = file.series[0].shape
    # Some tools write the channels of a picture as pages.
    if len(file.series) == 1 and len(shape) == 3 and (shape[0] in _CHANNELS) != (shape[-1] in _CHANNELS):
        return None, (Finding("note", "the pages of a file are taken for the channels of one picture", path.name),)
    raise CaseError(f"{path}: holds {images} pictures, one was expected; keep the right one.")


def _pixels(
    path: Path, page: Any, *, label_numbers: bool
) -> tuple[NDArray[Any], NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
    """Pixels, palette and alpha of a page."""
    if page.photometric == _PHOTOMETRIC.SEPARATED:
        return _printing_colours(path, page), None, None
    if page.photometric == _PHOTOMETRIC.YCBCR and page.compression not in _LOSSY:
        raise CaseError(f"{path}: colours stored as YCbCr without JPEG cannot be read; save it as RGB.")
    if page.photometric not in {*_BRIGHT, _PHOTOMETRIC.PALETTE, _PHOTOMETRIC.MINISWHITE}:
        raise CaseError(f"{path}: colours of this kind ({page.photometric!r}) cannot be read; save it as RGB.")
    array = np.asarray(page.asarray())
    alpha = None
    samples, extra = page.samplesperpixel, page.extrasamples[:1]
    is_grey_with_alpha = samples == 2 and extra and extra[0] in _ALPHA
    is_rgb_with_alpha = samples == 4 and page.photometric == _PHOTOMETRIC.RGB
    if is_grey_with_alpha or is_rgb_with_alpha:
        if array.shape[-1] != samples:
            array = np.moveaxis(array, 0, -1)
        alpha = transparency(array[..., -1]) if array.dtype.kind == "u" else None
        array = array[..., 0] if is_grey_with_alpha else array[..., :3]
    if page.photometric == _PHOTOMETRIC.PALETTE and page.colormap is not None and array.dtype.kind == "u":
        return array, (np.asarray(page.colormap).T >> 8).astype(np.uint8), alpha
    if page.photometric == _PHOTOMETRIC.MINISWHITE and array.dtype.kind in "ub" and not label_numbers:
        array = ~array if array.dtype.kind == "b" else array.dtype.type((1 << page.bitspersample) - 1) - array
    return array, None, alpha


_BRIGHT = {_PHOTOMETRIC.MINISBLACK, _PHOTOMETRIC.RGB, _PHOTOMETRIC.YCBCR}


def _printing_colours(path: Path, page: Any) -> NDArray[np.uint8]:
    """CMYK as Pillow converts it, which turns the picture as its orientation says."""
    if page.tags.valueof(ORIENTATION, default=UPRIGHT) != UPRIGHT:
        raise CaseError(f"{path}: printing colours (CMYK) with an orientation cannot be read; save it as RGB.")
    with TiffImagePlugin.TiffImageFile(path) as image:
        image.seek(page.index)
        return np.asarray(image.convert("RGB"))
