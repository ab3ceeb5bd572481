"""PNG, JPEG, BMP, GIF and PPM (gzipped too) through Pillow, after a look at whether the file is whole."""

from __future__ import annotations

import gzip
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers.bounds import DEFLATE, MAX_PIXELS, must_fit
from cosmos_datasets.readers.decoded import ORIENTATION, UPRIGHT, Decoded, transparency
from cosmos_datasets.readers.jpeg import damage

#: Formats that may be opened: no others that Pillow knows, one of which (EPS) would run a program.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM")
#: The pixels that one byte can hold. JPEG: a bit for a block of 8 x 8. GIF: a code of 12 bits for 4,096 pixels.
_MOST_PER_BYTE = {"PNG": 8 * DEFLATE, "JPEG": 512, "MPO": 512, "GIF": 2731, "BMP": 8, "PPM": 8}
#: Enough for the header of any picture.
_HEADER = 1 << 16
#: Bytes of a pixel in the raw and in the plain (ASCII) form of PPM, at most.
_RAW, _PLAIN = 6, 24


def read_picture(path: Path, page: int | None) -> Decoded:
    """Decode a picture.

    Args:
        path: the file.
        page: frame of an animation, from 0; ``None`` where the file has to hold one picture.

    Raises:
        CaseError: if the file holds several pictures, or is none that can be read.
        Exception: whatever Pillow raises for a damaged file.
    """
    data = _unpacked(path) if path.suffix.lower() == ".gz" else path.read_bytes()
    with _opened(path, io.BytesIO(data), len(data)) as image:
        if image.format == "PNG":
            _check_png(data)
        elif image.format in {"JPEG", "MPO"} and (reason := damage(data)):
            raise ValueError(reason)
        frames = getattr(image, "n_frames", 1)
        # The further pictures of MPO are previews and other views; the first is the picture.
        if page is None and frames > 1 and image.format != "MPO":
            raise CaseError(f"{path}: holds {frames} pictures, one was expected; keep the right one.")
        image.seek(page or 0)
        fourth = _fourth_channel(image, data) if image.format == "BMP" else None
        pixels, palette, alpha = _deep_png(data) if _is_deep_png(image) else _pixels(image)
        alpha = fourth if alpha is None else alpha
        return Decoded(
            pixels, palette, alpha, lossy=image.format in {"JPEG", "MPO"}, orientation=orientation_of(image)
        )


def orientation_of(image: Image.Image) -> int:
    """The orientation that Exif or XMP state; ``UPRIGHT`` where they are missing or cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return int(image.getexif().get(ORIENTATION, UPRIGHT))
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return UPRIGHT


@contextmanager
def _opened(path: Path, stream: IO[bytes], size: int) -> Iterator[ImageFile.ImageFile]:
    """Open a picture that its bytes can hold; nothing is decoded yet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, and of damaged words beside them
            image = Image.open(stream, formats=_FORMATS)
    except UnidentifiedImageError as error:
        known = "PNG, JPEG, BMP, GIF, PPM or TIFF"
        raise CaseError(f"{path}: is no {known} picture, or its beginning is damaged; fetch it again.") from error
    except Image.DecompressionBombError as error:
        raise CaseError(f"{path}: announces more pixels than the {MAX_PIXELS:,} that are possible.") from error
    with image:
        is_unlimited = any(tile.codec_name == "bmp_rle" for tile in image.tile)  # may skip any number of pixels
        most = None if is_unlimited else size * _MOST_PER_BYTE[str(image.format)]
        must_fit(path, *image.size, most)
        yield image


def _unpacked(path: Path) -> bytes:
    """Unpack a gzipped picture, no further than its header announces."""
    with gzip.open(path) as packed:
        header = packed.read(_HEADER)
        with _opened(path, io.BytesIO(header), path.stat().st_size * DEFLATE) as image:
            is_plain = any(tile.codec_name == "ppm_plain" for tile in image.tile)
            expected = (_PLAIN if is_plain else _RAW) * image.width * image.height + _HEADER
        data = header + packed.read(expected)
        if packed.read(1):
            raise CaseError(f"{path}: goes on far behind its picture; the file is damaged, fetch it again.")
    return data


def _check_png(data: bytes) -> None:
    """Compare the checksums of all chunks that make the pixels, which Pillow does for some only."""
    position, names = 8, set()
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        is_critical = not name[0] & 0x20 or name == b"tRNS"
        if is_critical and zlib.crc32(memoryview(data)[position + 4 : end]).to_bytes(4, "big") != data[end : end + 4]:
            raise ValueError("the checksum of a chunk does not fit")
        names.add(name)
        if name == b"IEND":
            return
        position = end + 4
    raise ValueError("its end is missing")


def _pixels(
    image: ImageFile.ImageFile,
) -> tuple[NDArray[Any], NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
    """Pixels, palette and alpha of a picture with 8 bits a channel, or with one channel."""
    mode, key = image.mode, image.info.get("transparency")
    if mode == "P":
        pixels = np.asarray(image)
        stored = np.asarray(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
        palette = np.zeros((256, 3), dtype=np.uint8)
        palette[: len(stored)] = stored
        opaque = np.full(256, 255, dtype=np.uint8)
        if isinstance(key, bytes):
            opaque[: len(key)] = np.frombuffer(key, dtype=np.uint8)
        elif key is not None:
            opaque[key] = 0
        return pixels, palette, None if key is None else transparency(opaque[pixels])
    if mode in {"LA", "PA", "RGBA"}:
        pixels = np.asarray(image.convert("RGBA"))
        return pixels[..., 0] if mode == "LA" else pixels[..., :3], None, transparency(pixels[..., 3])
    if mode == "1":  # bytes 0 and 255, while a bool is 0 or 1
        return np.asarray(image).view(np.uint8) != 0, None, None
    if mode not in {"L", "I", "I;16", "I;16B", "I;16L", "F", "RGB"}:
        return np.asarray(image.convert("RGB")), None, None
    pixels = np.asarray(image)
    if key is None or isinstance(key, bytes):
        return pixels, None, None
    is_key = np.equal(pixels, key)
    visible = ~(is_key.all(axis=-1) if pixels.ndim == 3 else is_key)
    return pixels, None, transparency(visible.astype(np.uint8) * np.uint8(255))


def _fourth_channel(image: ImageFile.ImageFile, data: bytes) -> NDArray[np.uint8] | None:
    """The bytes beside red, green and blue of a BMP, which Pillow passes over; ``None`` if they are all alike.

    Raises:
        ValueError: if the end of the file is missing: Pillow can do without the last few bytes.
    """
    if image.tile[0].codec_name != "raw":
        return None
    args: Any = image.tile[0].args
    mode, row, direction = args
    if image.tile[0].offset + row * image.height > len(data):
        raise ValueError("its end is missing")
    if mode != "BGRX":
        return None
    stored = np.frombuffer(data, np.uint8, row * image.height, image.tile[0].offset).reshape(image.height, row)
    fourth = stored[::direction, 3 : 4 * image.width : 4]
    return None if fourth.min() == fourth.max() else transparency(fourth)


def _is_deep_png(image: ImageFile.ImageFile) -> bool:
    """Whether Pillow would reduce the file to 8 bit: it has no mode for several channels of 16."""
    return image.format == "PNG" and image.mode != "I;16" and str(image.tile[0].args).endswith(";16B")


def _deep_png(data: bytes) -> tuple[NDArray[Any], None, NDArray[np.uint8] | None]:
    pixels = np.asarray(imagecodecs.png_decode(data))
    if pixels.shape[-1] == 2:
        return pixels[..., 0], None, transparency(pixels[..., 1])
    return pixels[..., :3], None, transparency(pixels[..., 3]) if pixels.shape[-1] == 4 else None
