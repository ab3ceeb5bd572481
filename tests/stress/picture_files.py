"""What broken downloads and converters do to the files of pictures: marks, sizes, streams, pages."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from stress.mutation import Change, Mutation, Right, every, has, rewritten

_PNG, _JPEG, _TIFF, _BMP, _GIF = has(".png"), has(".jpg", ".jpeg"), has(".tif", ".tiff"), has(".bmp"), has(".gif")
_EXIF_ORIENTATION = 0x0112


def _oriented(value: int) -> Change:
    """Tell viewers to turn the picture; the pixels stay."""
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = value
    block = exif.tobytes().removeprefix(b"Exif\0\0")

    def apply(data: bytes) -> bytes | None:
        if data[:2] == b"\xff\xd8":
            block_with_name = b"Exif\0\0" + block
            return data[:2] + b"\xff\xe1" + (len(block_with_name) + 2).to_bytes(2, "big") + block_with_name + data[2:]
        return _with_chunk(data, b"eXIf", block) if data[:4] == b"\x89PNG" else None

    return rewritten(apply)


def _with_chunk(data: bytes, name: bytes, content: bytes) -> bytes:
    """Put a chunk behind the first one of a PNG."""
    body = name + content
    chunk = struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


def _chunk(name: bytes, content: bytes) -> Change:
    return rewritten(lambda data: _with_chunk(data, name, content) if data[:4] == b"\x89PNG" else None)


def _png_size(width: int, height: int) -> Change:
    """Announce another size than the pixels have."""

    def apply(data: bytes) -> bytes | None:
        if data[:4] != b"\x89PNG":
            return None
        old = struct.unpack(">II", data[16:24])
        head = data[12:16] + struct.pack(">II", width or old[0], height or old[1] + 1) + data[24:29]
        return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]

    return rewritten(apply)


def _jpeg_size(size: int) -> Change:
    """Announce another size in the frame header."""

    def apply(data: bytes) -> bytes | None:
        at = max(data.find(b"\xff\xc0\x00\x11"), data.find(b"\xff\xc0\x00\x0b"), data.find(b"\xff\xc2\x00\x11"))
        if data[:2] != b"\xff\xd8" or at < 0:
            return None
        return data[: at + 5] + size.to_bytes(2, "big") * 2 + data[at + 9 :]

    return rewritten(apply)


def _bmp_size(data: bytes) -> bytes | None:
    return data[:18] + struct.pack("<ii", 60_000, 60_000) + data[26:] if data[:2] == b"BM" else None


def _gif_size(data: bytes) -> bytes | None:
    return data[:6] + struct.pack("<HH", 65_000, 65_000) + data[10:] if data[:3] == b"GIF" else None


def _scan(change: Callable[[bytes, int], bytes]) -> Change:
    """Change a JPEG; the number is where its pixels begin."""

    def apply(data: bytes) -> bytes | None:
        return change(data, data.find(b"\xff\xda") + 14) if data[:2] == b"\xff\xd8" else None

    return rewritten(apply)


def _closed(share: float) -> Change:
    """Cut off and closed again."""
    return _scan(lambda data, scan: data[: scan + int((len(data) - scan) * share)] + b"\xff\xd9")


def _lost(first: float, share: float) -> Change:
    """Bytes lost in the scan."""

    def change(data: bytes, scan: int) -> bytes:
        length = len(data) - scan
        start = scan + int(length * first)
        return data[:start] + data[start + max(int(length * share), 8) :]

    return _scan(change)


def _overwritten(data: bytes, scan: int) -> bytes:
    start = scan + (len(data) - scan) // 3
    return data[:start] + bytes(64) + data[start + 64 :]


def _without_idat(data: bytes) -> bytes | None:
    """A PNG whose pixels stop halfway, with all marks of a whole file."""
    if data[:4] != b"\x89PNG":
        return None
    at = data.find(b"IDAT")
    size = int.from_bytes(data[at - 4 : at], "big")
    pixels = zlib.decompress(data[at + 4 : at + 4 + size])
    body = b"IDAT" + zlib.compress(pixels[: len(pixels) // 2])
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[: at - 4] + chunk + data[at + 8 + size :]


def _wrong_crc(data: bytes) -> bytes | None:
    at = data.find(b"IDAT")
    end = at + 4 + int.from_bytes(data[at - 4 : at], "big")
    return data[:end] + bytes(byte ^ 255 for byte in data[end : end + 4]) + data[end + 4 :] if at > 0 else None


def _tiff(write: Callable[[tifffile.TiffWriter, NDArray[Any], str], None], **how: Any) -> Change:
    """Write the only page of a TIFF anew."""

    def apply(path: Path, _: random.Random) -> bool:
        with tifffile.TiffFile(path) as file:
            if len(file.pages) != 1:
                return False
            array = file.asarray()
        if array.ndim not in (2, 3):
            return False
        with tifffile.TiffWriter(path, **how) as writer:
            write(writer, array, "rgb" if array.ndim == 3 else "minisblack")
        return True

    return apply


def _tiff_resaved(**options: Any) -> Change:
    return _tiff(lambda writer, array, colours: writer.write(array, photometric=colours, **options))


def _thumbnail_first(writer: tifffile.TiffWriter, array: NDArray[Any], colours: str) -> None:
    writer.write(array[::4, ::4], subfiletype=1, photometric=colours)
    writer.write(array, photometric=colours)


def _thumbnail_unmarked(writer: tifffile.TiffWriter, array: NDArray[Any], colours: str) -> None:
    writer.write(array[::4, ::4], photometric=colours)
    writer.write(array, photometric=colours)


def _thumbnail_last(writer: tifffile.TiffWriter, array: NDArray[Any], colours: str) -> None:
    writer.write(array, photometric=colours)
    writer.write(array[::4, ::4], subfiletype=1, photometric=colours)


def _second_page(writer: tifffile.TiffWriter, array: NDArray[Any], colours: str) -> None:
    writer.write(array[::-1], photometric=colours)
    writer.write(array, photometric=colours)


def _white_is_zero(writer: tifffile.TiffWriter, array: NDArray[Any], _: str) -> None:
    writer.write(array, photometric="miniswhite")


def _tiff_oriented(writer: tifffile.TiffWriter, array: NDArray[Any], colours: str) -> None:
    writer.write(array, photometric=colours, extratags=[(274, "H", 1, 3, True)])


def _pages(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Change:
    """Change the stack of a TIFF of several pages."""

    def apply(path: Path, _: random.Random) -> bool:
        with tifffile.TiffFile(path) as file:
            if len(file.pages) < 4:
                return False
            array = file.asarray()
        tifffile.imwrite(path, change(array), photometric="minisblack")
        return True

    return apply


def _frames(kind: str) -> Change:
    """Saved as an animation of two pictures."""

    def apply(path: Path, _: random.Random) -> bool:
        with Image.open(path) as image:
            if image.format != kind:
                return False
            picture = image.copy()
        picture.save(path, kind, save_all=True, append_images=[picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
        return True

    return apply


def _kind(name: str, change: Change, applies: Callable[[Path], bool], right: Right = "said") -> Mutation:
    return Mutation(name, change, applies, right)


PICTURE_FILES = [
    _kind("with a gamma chunk", _chunk(b"gAMA", (45_455).to_bytes(4, "big")), _PNG, "same"),
    _kind("with a transparent grey", _chunk(b"tRNS", b"\x00\x00"), _PNG),
    _kind("with a chunk of nobody", _chunk(b"xxXx", b"JANE DOE"), _PNG, "same"),
    *(_kind(f"oriented {value}", _oriented(value), has(".jpg", ".jpeg", ".png")) for value in (2, 3, 6, 8)),
    _kind("every file oriented 6", every(_oriented(6)), has(".jpg", ".jpeg", ".png")),
    _kind("TIFF oriented", _tiff(_tiff_oriented), _TIFF),
    _kind("JPEG closed at a tenth", _closed(0.1), _JPEG),
    _kind("JPEG closed at half", _closed(0.5), _JPEG),
    _kind("JPEG closed at nine tenths", _closed(0.9), _JPEG),
    _kind("JPEG closed eight bytes early", _scan(lambda data, _: data[:-10] + b"\xff\xd9"), _JPEG),
    _kind("JPEG with bytes lost early", _lost(0.1, 0.1), _JPEG),
    _kind("JPEG with bytes lost", _lost(0.3, 0.12), _JPEG),
    _kind("JPEG with a few bytes lost", _lost(0.6, 0), _JPEG),
    _kind("JPEG overwritten", _scan(_overwritten), _JPEG),
    _kind("JPEG without its tables", _scan(lambda data, _: data.replace(b"\xff\xc4", b"\xff\xef")), _JPEG),
    _kind("JPEG without its end", _scan(lambda data, _: data.removesuffix(b"\xff\xd9")), _JPEG),
    _kind("JPEG announces pixels by the gigabyte", _jpeg_size(65_000), _JPEG),
    _kind("JPEG announces fewer pixels", _jpeg_size(16), _JPEG),
    _kind("PNG announces pixels by the gigabyte", _png_size(60_000, 60_000), _PNG),
    _kind("PNG announces a row more", _png_size(0, 0), _PNG),
    _kind("PNG announces no pixels", _png_size(0, 1), _PNG),
    _kind("PNG with half of its pixels", rewritten(_without_idat), _PNG),
    _kind("PNG with a wrong sum", rewritten(_wrong_crc), _PNG),
    _kind("BMP announces pixels by the gigabyte", rewritten(_bmp_size), _BMP),
    _kind("GIF announces pixels by the gigabyte", rewritten(_gif_size), _GIF),
    _kind("animated GIF", _frames("GIF"), _GIF),
    _kind("animated PNG", _frames("PNG"), _PNG),
    _kind("TIFF with a thumbnail first", _tiff(_thumbnail_first), _TIFF),
    _kind("TIFF with an unmarked thumbnail first", _tiff(_thumbnail_unmarked), _TIFF),
    _kind("TIFF with a thumbnail last", _tiff(_thumbnail_last), _TIFF, "same"),
    _kind("TIFF with a second page", _tiff(_second_page), _TIFF),
    _kind("TIFF of white zeros", _tiff(_white_is_zero), _TIFF),
    _kind("TIFF packed otherwise", _tiff_resaved(compression="zlib"), _TIFF, "same"),
    _kind("TIFF in tiles", _tiff_resaved(tile=(16, 16)), _TIFF, "same"),
    _kind("TIFF in planes", _tiff_resaved(planarconfig="separate"), _TIFF, "same"),
    _kind("TIFF of large files", _tiff(lambda w, a, c: w.write(a, photometric=c), bigtiff=True), _TIFF, "same"),
    _kind("TIFF big endian", _tiff(lambda w, a, c: w.write(a, photometric=c), byteorder=">"), _TIFF, "same"),
    _kind("TIFF stack without its last page", _pages(lambda pages: pages[:-1]), _TIFF),
    _kind("TIFF stack without its first page", _pages(lambda pages: pages[1:]), _TIFF),
    _kind("TIFF stack backwards", _pages(lambda pages: pages[::-1]), _TIFF, "other"),
    _kind("TIFF stack of 16 bit", _pages(lambda pages: pages.astype(np.uint16) * 257), _TIFF),
    _kind("TIFF stack with a blank page", _pages(lambda pages: np.concatenate([pages[:-1], pages[-1:] * 0])), _TIFF),
]
