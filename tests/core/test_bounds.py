"""Pictures that announce more than they can hold are refused before memory is taken for them."""

import gzip
import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import PagedTiff, Picture
from cosmos_datasets.readers.bounds import MAX_PIXELS, must_fit

_LARGE = 20_000


def _png(side: int, packed: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _jpeg(side: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (64, 64)).save(stream, "JPEG")
    data = stream.getvalue()
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", side, side) + data[at + 4 :]


def _gif(side: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (8, 8)).save(stream, "GIF")
    data = stream.getvalue()
    at = data.index(b"\x2c\x00\x00\x00\x00") + 5
    size = struct.pack("<HH", side, side)
    return data[:6] + size + data[10:at] + size + data[at + 4 :]


def _bmp(side: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "BMP")
    data = stream.getvalue()
    return data[:18] + struct.pack("<ii", side, side) + data[26:]


def _tiff(side: int) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((64, 64), np.uint8), compression="zlib")
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        places = [(tag.valueoffset, tag.dtype) for tag in (file.pages[0].tags[code] for code in (256, 257, 278))]
    data = bytearray(stream.getvalue())
    for offset, kind in places:
        struct.pack_into({3: "<H", 4: "<I"}[kind], data, offset, side)
    return bytes(data)


_BOMBS: dict[str, Callable[[int], bytes]] = {
    "a.png": lambda side: _png(side, zlib.compress(bytes((side // 8 + 1) * min(side, 2000)))),
    "a.jpg": _jpeg,
    "a.gif": _gif,
    "a.bmp": _bmp,
    "a.tif": _tiff,
    "a.ppm": lambda side: b"P6 %d %d 255\n" % (side, side) + bytes(999),
    "a.ppm.gz": lambda side: gzip.compress(b"P6 %d %d 255\n" % (side, side) + bytes(9_999_999)),
}


@pytest.mark.parametrize("side", [12_000, _LARGE, 60_000])
@pytest.mark.parametrize("name", _BOMBS)
def test_announced_pixels_are_not_believed(name: str, side: int, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(_BOMBS[name](side))
    tracemalloc.start()
    with pytest.raises(CaseError, match=rf"{name.replace('.', '[.]')}: announces"):
        Picture(path).read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**24


def test_what_follows_a_packed_picture_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.ppm.gz"
    path.write_bytes(gzip.compress(b"P6 8 8 255\n" + bytes(2**24)))
    tracemalloc.start()
    with pytest.raises(CaseError, match=r"a\.ppm\.gz: goes on far behind its picture"):
        Picture(path).read()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_a_packed_picture_without_its_end_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.ppm.gz"
    packed = gzip.compress(b"P6 8 8 255\n" + np.random.default_rng(0).bytes(192))
    path.write_bytes(packed)
    assert Picture(path).read().array.shape == (8, 8, 3)
    for damaged in (packed[:-1], packed[:-9], packed[:-8] + bytes(4) + packed[-4:]):
        path.write_bytes(damaged)
        with pytest.raises(CaseError, match=r"a\.ppm\.gz: cannot be read"):
            Picture(path).read()


def test_pages_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for _ in range(3):
            writer.write(np.zeros((9000, 9000), np.uint8), compression="zlib", metadata=None, photometric="minisblack")
    data = path.read_bytes()
    path.write_bytes(
        data.replace(struct.pack("<HHI", 258, 3, 1) + b"\x08\0", struct.pack("<HHI", 258, 3, 1) + b"\x40\0")
    )
    with pytest.raises(CaseError, match=r"a\.tif: announces 1,944,000,000 bytes"):
        PagedTiff(path).read()


def test_the_largest_picture_passes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bytes(9))
    must_fit(tmp_path / "a.png", MAX_PIXELS, 1)
    with pytest.raises(CaseError, match="announces"):
        must_fit(tmp_path / "a.png", MAX_PIXELS + 1, 1)
