"""What drawing programs, converters and broken downloads do to pictures."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from stress.mutation import Mutation, has

_PILLOW = has(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff")
_JPEG = has(".jpg", ".jpeg")
_TIFF = has(".tif", ".tiff")
_EXIF_ORIENTATION = 0x0112


def _is_jpeg(path: Path) -> bool:
    return path.read_bytes()[:2] == b"\xff\xd8"


def _resaved(change: Callable[[Image.Image], Image.Image | None], **options: Any) -> Any:
    """Open, change, and write in the same format."""

    def apply(path: Path, _: random.Random) -> bool:
        with Image.open(path) as image:
            image.load()
            kind = image.format
        changed = change(image)
        if changed is None:
            return False
        stream = io.BytesIO()
        try:
            changed.save(stream, kind, **options)
        except (OSError, ValueError):
            return False  # the format has no such pixels
        path.write_bytes(stream.getvalue())
        return True

    return apply


def _colours(image: Image.Image) -> int:
    return len(image.getcolors(1 << 20) or range(99))


def _is_mask(image: Image.Image) -> bool:
    return _colours(image) <= 24


def _shape(image: Image.Image) -> Image.Image:
    """255 wherever a mask differs from its corner, which is background."""
    grey = image.convert("L")
    ground = grey.getpixel((0, 0))
    return grey.point(lambda value: 0 if value == ground else 255)


def _to_alpha(image: Image.Image) -> Image.Image | None:
    """The shape in the alpha channel, colour everywhere."""
    if not _is_mask(image):
        return None
    painted = Image.new("RGBA", image.size, (255, 0, 0, 0))
    painted.putalpha(_shape(image))
    return painted


def _to_palette(image: Image.Image) -> Image.Image | None:
    """Index 0 and 1 under bright colours."""
    if _colours(image) != 2:
        return None
    indices = _shape(image).point(lambda value: 1 if value else 0).convert("P")
    indices.putpalette([200, 220, 240, 255, 128, 130])
    return indices


def _inverted(image: Image.Image) -> Image.Image | None:
    return image.convert("L").point(lambda value: 255 - value) if _is_mask(image) else None


def _resized(by: int) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize((image.width + by, image.height), Image.Resampling.NEAREST)


def _smooth(image: Image.Image) -> Image.Image | None:
    """A mask that went through a smooth resize there and back."""
    if not _is_mask(image):
        return None
    small = image.convert("L").resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR)
    return small.resize(image.size, Image.Resampling.BILINEAR)


def _oriented(value: int) -> Any:
    def apply(path: Path, _: random.Random) -> bool:
        if not _is_jpeg(path):
            return False
        exif = Image.Exif()
        exif[_EXIF_ORIENTATION] = value
        block = b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
        data = path.read_bytes()
        segment = b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
        path.write_bytes(data[:2] + segment + data[2:])
        return True

    return apply


def _closed(share: float) -> Any:
    """A JPEG cut off and closed again."""

    def apply(path: Path, _: random.Random) -> bool:
        if not _is_jpeg(path):
            return False
        data = path.read_bytes()
        scan = data.find(b"\xff\xda") + 14
        path.write_bytes(data[: scan + int((len(data) - scan) * share)] + b"\xff\xd9")
        return True

    return apply


def _jpeg_hole(path: Path, rng: random.Random) -> bool:
    if not _is_jpeg(path):
        return False
    data = path.read_bytes()
    scan = data.find(b"\xff\xda") + 14
    length = len(data) - scan
    start = scan + length // 3 + rng.randrange(10)
    path.write_bytes(data[:start] + data[start + max(length // 8, 20) :])
    return True


def _thumbnail_first(path: Path, _: random.Random) -> bool:
    with tifffile.TiffFile(path) as file:
        if len(file.pages) != 1:
            return False
        array = file.asarray()
    if array.ndim not in (2, 3):
        return False
    photometric = "rgb" if array.ndim == 3 else "minisblack"
    with tifffile.TiffWriter(path) as writer:
        writer.write(array[::4, ::4], subfiletype=1, photometric=photometric)
        writer.write(array, photometric=photometric)
    return True


def _second_page(path: Path, _: random.Random) -> bool:
    with tifffile.TiffFile(path) as file:
        if len(file.pages) != 1:
            return False
        array = file.asarray()
    if array.ndim not in (2, 3):
        return False
    photometric = "rgb" if array.ndim == 3 else "minisblack"
    with tifffile.TiffWriter(path) as writer:
        writer.write(array[::-1], photometric=photometric)
        writer.write(array, photometric=photometric)
    return True


def _huge_png(path: Path, _: random.Random) -> bool:
    stream = io.BytesIO()
    Image.new("L", (16, 16)).save(stream, "PNG")
    data = bytearray(stream.getvalue())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    return True


def _to_16_bit(path: Path, _: random.Random) -> bool:
    with Image.open(path) as image:
        if image.format != "PNG" or image.mode != "L" or not _is_mask(image):
            return False
        array = np.asarray(image).astype(np.uint16)
    Image.fromarray(array).save(path)
    return True


def _kind(name: str, change: Any, applies: Any = _PILLOW) -> Mutation:
    # Other colours, by a little: only who knows the original can tell.
    return Mutation(name, applies, change, undetectable=name == "CMYK")


PICTURES = [
    _kind("shape in the alpha channel", _resaved(_to_alpha)),
    _kind("shape in the palette", _resaved(_to_palette)),
    _kind("mask inverted", _resaved(_inverted)),
    _kind("mask smoothed", _resaved(_smooth)),
    _kind("one column more", _resaved(_resized(1))),
    _kind("one column fewer", _resaved(_resized(-1))),
    _kind("turned by 90 degrees", _resaved(lambda image: image.transpose(Image.Transpose.ROTATE_90))),
    _kind("CMYK", _resaved(lambda image: None if _is_mask(image) else image.convert("CMYK")), _JPEG),
    _kind("grey with alpha", _resaved(lambda image: image.convert("LA") if image.mode == "L" else None)),
    _kind("saved as it is", _resaved(lambda image: image.copy()), has(".png", ".bmp")),
    _kind("oriented 3", _oriented(3)),
    _kind("oriented 6", _oriented(6)),
    _kind("closed at half", _closed(0.5)),
    _kind("closed at nine tenths", _closed(0.9)),
    _kind("bytes lost in the scan", _jpeg_hole),
    _kind("thumbnail first", _thumbnail_first, _TIFF),
    _kind("a second page", _second_page, _TIFF),
    _kind("announces gigabytes", _huge_png, has(".png")),
    _kind("16 bit", _to_16_bit, has(".png")),
]
