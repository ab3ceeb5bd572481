"""Pixels as bytes: PNG for images and masks, and JPEG streams passed through without their metadata."""

from __future__ import annotations

import io
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cosmos_datasets.readers.jpeg import segments

#: zlib level of images: beyond it the file shrinks by two per cent and the time doubles.
_PNG_LEVEL = 4


def encode_image(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a uint8 image, ``(height, width)`` or ``(height, width, 3)``, as PNG."""
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels), level=_PNG_LEVEL))


def encode_mask(mask: NDArray[np.bool_]) -> bytes:
    """Encode a bool mask ``(height, width)`` as 1-bit PNG."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(mask)).save(stream, "PNG")
    return stream.getvalue()


def decode_image(data: bytes) -> NDArray[np.uint8]:
    """Decode what :func:`encode_image` or :func:`jpeg_stream` made: uint8, ``(height, width)`` or ``(..., 3)``."""
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image)


def decode_mask(data: bytes) -> NDArray[np.bool_]:
    """Decode what :func:`encode_mask` made: bool ``(height, width)``."""
    with Image.open(io.BytesIO(data)) as image:
        # Pillow's 1-bit pixels are the bytes 0 and 255, which NumPy takes over as they are; a bool is 0 or 1.
        stored: NDArray[np.uint8] = np.asarray(image).view(np.uint8)
        return stored > 0


def jpeg_stream(path: Path) -> bytes | None:
    """Return the compressed stream of a grey or YCbCr JPEG, without a byte of metadata.

    Application segments (Exif, ICC, XMP, thumbnails) and comments are left out; the Adobe segment stays because it
    tells how colours are stored. The pixels decode as before: nothing is compressed twice.

    Returns:
        ``None`` if the file is not such a JPEG and has to be decoded and stored as PNG.
    """
    data = path.read_bytes()
    if not data.startswith(b"\xff\xd8"):
        return None
    with Image.open(io.BytesIO(data)) as image:
        if image.format != "JPEG" or image.mode not in {"L", "RGB"}:
            return None
        expected = np.asarray(image)
    stripped = _without_metadata(data)
    if stripped is None or not np.array_equal(expected, decode_image(stripped)):
        return None
    return stripped


def _without_metadata(data: bytes) -> bytes | None:
    """Copy a JPEG, leaving out APPn but Adobe's APP14, and COM; ``None`` if its segments cannot be told apart.

    What follows the end-of-image marker (previews, second pictures) is left out too.
    """
    kept: list[bytes] = [b"\xff\xd8"]
    try:
        for marker, segment in segments(data):
            is_colour = marker == 0xEE and segment[4:9] == b"Adobe" and len(segment) == 16
            if is_colour or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
                kept.append(segment)
    except ValueError:
        return None
    return b"".join([*kept, b"\xff\xd9"])
