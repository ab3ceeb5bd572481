"""Whether a JPEG is whole, by files of many encoders, cut and with bytes lost."""

import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from cosmos_datasets.encoding import decode_image, jpeg_stream
from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import Picture
from cosmos_datasets.readers.jpeg import damage, frame_size, segments

_SHAPE = (121, 167)
_ENCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline": ("RGB", {"quality": 90}),
    "poor": ("RGB", {"quality": 5}),
    "best": ("RGB", {"quality": 100, "subsampling": 0}),
    "optimized": ("RGB", {"optimize": True}),
    "progressive": ("RGB", {"progressive": True}),
    "progressive grey": ("L", {"progressive": True}),
    "4:2:2": ("RGB", {"subsampling": 1}),
    "restarts a row": ("RGB", {"restart_marker_rows": 1}),
    "restarts a block": ("L", {"restart_marker_blocks": 1}),
    "stored as RGB": ("RGB", {"keep_rgb": True}),
    "CMYK": ("CMYK", {}),
    "grey": ("L", {"quality": 75}),
}


def _photograph() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (8, 11, 3)).astype(np.uint8))
    smooth = np.asarray(coarse.resize(_SHAPE[::-1], Image.Resampling.BICUBIC)).astype(int)
    return np.clip(smooth + rng.integers(-9, 10, smooth.shape), 0, 255).astype(np.uint8)


@cache
def _encoded(name: str) -> bytes:
    mode, options = _ENCODERS[name]
    stream = io.BytesIO()
    Image.fromarray(_photograph()).convert(mode).save(stream, "JPEG", **options)
    return stream.getvalue()


def _scan(data: bytes) -> int:
    """Where the entropy-coded data of the first scan begins."""
    return data.index(b"\xff\xda") + 14


@pytest.mark.parametrize("name", _ENCODERS)
def test_sound_files_are_sound(name: str, tmp_path: Path) -> None:
    data = _encoded(name)
    assert not damage(data)
    assert not damage(data + b"words behind the end")
    assert frame_size(data) == _SHAPE[::-1]
    (tmp_path / "a.jpg").write_bytes(data)
    with Image.open(tmp_path / "a.jpg") as image:
        shown = np.asarray(image.convert("RGB") if image.mode == "CMYK" else image)
    np.testing.assert_array_equal(Picture(tmp_path / "a.jpg").read().array, shown)


@pytest.mark.parametrize("colour", [0, 128, 255])
@pytest.mark.parametrize("progressive", [False, True])
def test_one_colour_needs_next_to_no_bytes(colour: int, progressive: bool, tmp_path: Path) -> None:
    options = {"quality": 50, "optimize": True, "progressive": progressive}
    Image.new("L", (3000, 2000), colour).save(tmp_path / "a.jpg", **options)
    assert np.all(Picture(tmp_path / "a.jpg").read().array == colour)


def test_pictures_behind_the_first_are_previews(tmp_path: Path) -> None:
    first, second = Image.fromarray(_photograph()), Image.new("RGB", (20, 10))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    with Image.open(tmp_path / "a.jpg") as image:
        assert (image.format, image.n_frames) == ("MPO", 2)
    assert Picture(tmp_path / "a.jpg").read().array.shape == (*_SHAPE, 3)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("name", _ENCODERS)
def test_cut_off_and_closed_is_refused(name: str, share: float, tmp_path: Path) -> None:
    data = _encoded(name)
    at = _scan(data) + int(share * (len(data) - _scan(data)))
    (tmp_path / "a.jpg").write_bytes(data[:at] + b"\xff\xd9")
    with Image.open(tmp_path / "a.jpg") as image:
        image.load()  # Pillow has nothing to say
    with pytest.raises(CaseError, match=r"a\.jpg: cannot be read \(.*; the file is damaged or incomplete"):
        Picture(tmp_path / "a.jpg").read()


@pytest.mark.parametrize("name", _ENCODERS)
def test_bytes_lost_in_the_middle_are_noticed(name: str) -> None:
    """Where coding falls into step again and as many blocks are found, nobody can tell: rare, and of small losses."""
    data = _encoded(name)
    size = max(300, len(data) // 20)
    places = np.linspace(_scan(data), len(data) - size - 2, 20).astype(int)
    assert sum(bool(damage(data[:at] + data[at + size :])) for at in places) >= 18


@pytest.mark.parametrize("name", ["progressive", "progressive grey"])
def test_every_scan_counts(name: str) -> None:
    data = _encoded(name)
    scans = [segment for marker, segment in segments(data) if marker == 0xDA]
    for lost in scans[1:]:
        assert damage(data.replace(lost, b""))


def test_noise_of_headers_is_no_damage() -> None:
    data = _encoded("baseline")
    scan = data.index(b"\xff\xda")
    odd = data[: scan + 11] + b"\x00\x00\x00" + data[scan + 14 :]  # of a sequential scan these say nothing
    assert not damage(odd)
    np.testing.assert_array_equal(decode_image(odd), decode_image(data))


@pytest.mark.parametrize("name", [name for name, (mode, _) in _ENCODERS.items() if mode != "CMYK"])
def test_the_published_stream_shows_the_same_pixels(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(_encoded(name))
    stream = jpeg_stream(tmp_path / "a.jpg")
    assert stream is not None
    np.testing.assert_array_equal(decode_image(stream), Picture(tmp_path / "a.jpg").read().array)
