"""What drawing programs and converters do to pictures."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin
from stress.mutation import Change, Mutation, Right, every, has

_PILLOW = has(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff")
_PNG, _JPEG = has(".png"), has(".jpg", ".jpeg")


def _resaved(change: Callable[[Image.Image], Image.Image | None], kind: str = "", **options: Any) -> Change:
    """Open, change, and write in the same format, or another one under the same name."""

    def apply(path: Path, _: random.Random) -> bool:
        with Image.open(path) as image:
            image.load()
            own = image.format
        changed = change(image)
        if changed is None or own == kind:
            return False
        stream = io.BytesIO()
        try:
            changed.save(stream, kind or own, **options)
        except (OSError, ValueError):
            return False  # the format has no such pixels
        path.write_bytes(stream.getvalue())
        return True

    return apply


def _is_mask(image: Image.Image) -> bool:
    return len(image.getcolors(1 << 20) or range(99)) <= 24


def _mask(change: Callable[[Image.Image], Image.Image | None]) -> Callable[[Image.Image], Image.Image | None]:
    return lambda image: change(image) if _is_mask(image) else None


def _photograph(change: Callable[[Image.Image], Image.Image | None]) -> Callable[[Image.Image], Image.Image | None]:
    return lambda image: None if _is_mask(image) else change(image)


def _same(image: Image.Image) -> Image.Image:
    return image.copy()


def _shape(image: Image.Image, value: int = 255) -> Image.Image:
    return image.convert("L").point(lambda grey: value if grey else 0)


def _drawn(change: Callable[[Image.Image], Image.Image | None]) -> Callable[[Image.Image], Image.Image | None]:
    """For masks of one structure: black and one more colour."""
    return lambda image: change(image) if len(image.getcolors(1 << 20) or range(99)) == 2 else None


def _to_alpha(image: Image.Image) -> Image.Image:
    """The shape in the alpha channel, colour everywhere."""
    painted = Image.new("RGBA", image.size, (255, 0, 0, 0))
    painted.putalpha(_shape(image))
    return painted


def _to_white_alpha(image: Image.Image) -> Image.Image:
    """White where the shape is, nothing elsewhere, and colours under the nothing."""
    painted = Image.new("LA", image.size, (255, 0))
    painted.putalpha(_shape(image))
    return painted


def _with_alpha(image: Image.Image) -> Image.Image | None:
    """A full alpha channel: the same picture."""
    return image.convert("LA" if image.mode in {"L", "1"} else "RGBA") if image.mode in {"L", "1", "RGB"} else None


def _half_transparent(image: Image.Image) -> Image.Image | None:
    changed = image.convert("RGB").convert("RGBA")
    changed.putalpha(128)
    return changed


def _to_palette(*colours: int) -> Callable[[Image.Image], Image.Image]:
    """Index 0 and 1 under the colours given."""

    def change(image: Image.Image) -> Image.Image:
        indices = Image.fromarray(np.asarray(_shape(image, 1)), "P")
        indices.putpalette(list(colours))
        return indices

    return change


def _own_palette(image: Image.Image) -> Image.Image | None:
    """The same colours, as a palette."""
    colours = image.convert("RGB").getcolors(256)
    return image.convert("RGB").quantize(256) if colours else None


def _tinted(colour: tuple[int, int, int]) -> Callable[[Image.Image], Image.Image]:
    """The shape in a colour on black."""
    return lambda image: Image.merge("RGB", [_shape(image, channel) for channel in colour])


def _resized(width: int, height: int = 0) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize((image.width + width, image.height + height), Image.Resampling.NEAREST)


def _scaled(factor: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize(
        (int(image.width * factor), int(image.height * factor)), Image.Resampling.NEAREST
    )


def _smooth(image: Image.Image) -> Image.Image:
    """A mask that went through a smooth resize there and back."""
    small = image.convert("L").resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR)
    return small.resize(image.size, Image.Resampling.BILINEAR)


def _jpeg_under_its_name(quality: int) -> Change:
    return _resaved(_mask(lambda image: image.convert("L")), "JPEG", quality=quality)


def _to_16_bit(factor: int) -> Change:
    def apply(path: Path, _: random.Random) -> bool:
        with Image.open(path) as image:
            if image.format != "PNG" or image.mode != "L" or len(image.getcolors() or range(99)) > 2:
                return False
            array = np.asarray(image).astype(np.uint16) * factor
        Image.fromarray(array).save(path)
        return True

    return apply


def _text_chunks(path: Path, _: random.Random) -> bool:
    with Image.open(path) as image:
        if image.format != "PNG":
            return False
        words = PngImagePlugin.PngInfo()
        words.add_text("Patient", "JANE DOE")
        words.add_itxt("XML:com.adobe.xmp", "<x>JANE DOE</x>")
        image.save(path, pnginfo=words)
    return True


def _kind(name: str, change: Change, applies: Callable[[Path], bool] = _PILLOW, right: Right = "said") -> Mutation:
    return Mutation(name, change, applies, right)


def _flipped(how: Image.Transpose) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.transpose(how)


PICTURES = [
    _kind("shape in the alpha channel", _resaved(_drawn(_to_alpha))),
    _kind("white shape in the alpha channel", _resaved(_drawn(_to_white_alpha))),
    _kind("with a full alpha channel", _resaved(_with_alpha), right="same"),
    _kind("half transparent", _resaved(_half_transparent)),
    _kind("shape in a bright palette", _resaved(_drawn(_to_palette(200, 220, 240, 255, 128, 130)))),
    _kind("shape in a palette of black and red", _resaved(_drawn(_to_palette(0, 0, 0, 128, 0, 0)))),
    _kind("shape in a palette of white and black", _resaved(_drawn(_to_palette(255, 255, 255, 0, 0, 0)))),
    _kind("its colours as a palette", _resaved(_own_palette), _PNG),
    _kind("mask in red", _resaved(_drawn(_tinted((255, 0, 0))))),
    _kind("mask in dark blue", _resaved(_drawn(_tinted((0, 0, 100))))),
    _kind("every mask in dark blue", every(_resaved(_drawn(_tinted((0, 0, 100)))))),
    _kind("mask in three equal channels", _resaved(_mask(lambda image: image.convert("L").convert("RGB")))),
    _kind("mask of one bit", _resaved(_drawn(lambda image: _shape(image).convert("1")))),
    _kind("mask smoothed", _resaved(_mask(_smooth))),
    _kind("mask as JPEG under its name", _jpeg_under_its_name(75), _PNG),
    _kind("mask as poor JPEG under its name", _jpeg_under_its_name(20), _PNG),
    _kind("every mask as JPEG under its name", every(_jpeg_under_its_name(75)), _PNG),
    _kind("PNG under its name", _resaved(_same, "PNG")),
    _kind("TIFF under its name", _resaved(_same, "TIFF")),
    _kind("WebP under its name", _resaved(_same, "WEBP", lossless=True)),
    _kind("one column more", _resaved(_resized(1))),
    _kind("one column fewer", _resaved(_resized(-1))),
    _kind("one row fewer", _resaved(_resized(0, -1))),
    _kind("scaled to half", _resaved(_scaled(0.5))),
    _kind("scaled to double", _resaved(_scaled(2))),
    _kind("turned by 90 degrees", _resaved(_flipped(Image.Transpose.ROTATE_90))),
    _kind("turned by 180 degrees", _resaved(_flipped(Image.Transpose.ROTATE_180)), right="other"),
    _kind("in CMYK", _resaved(_photograph(lambda image: image.convert("CMYK"))), _JPEG, "other"),
    _kind("in grey", _resaved(_photograph(lambda image: image.convert("L"))), right="other"),
    _kind("in 256 colours", _resaved(_photograph(lambda image: image.convert("RGB").quantize(256))), right="other"),
    _kind("saved as it is", _resaved(_same), has(".png", ".bmp"), "same"),
    _kind("interlaced", _resaved(_same, optimize=True), _PNG, "same"),
    _kind("mask in 16 bit", _to_16_bit(1), _PNG),
    _kind("mask stretched to 16 bit", _to_16_bit(257), _PNG),
    _kind("with text chunks", _text_chunks, _PNG, "same"),
]
