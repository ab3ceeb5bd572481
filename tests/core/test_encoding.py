"""Pixels as bytes."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image

from cosmos_datasets.encoding import decode_image, decode_mask, encode_image, encode_mask, jpeg_stream

_SECRET = b"DOE^JANE"
sides = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)


@given(st.one_of(arrays(np.uint8, sides), arrays(np.uint8, sides.map(lambda shape: (*shape, 3)))))
def test_images_come_back_exactly(pixels: NDArray[np.uint8]) -> None:
    data = encode_image(pixels)
    assert data.startswith(b"\x89PNG")
    decoded = decode_image(data)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, pixels)


@given(arrays(np.bool_, sides))
def test_masks_come_back_exactly_with_one_bit_a_pixel(mask: NDArray[np.bool_]) -> None:
    data = encode_mask(mask)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode) == ("PNG", "1")
    decoded = decode_mask(data)
    assert decoded.dtype == np.bool_
    np.testing.assert_array_equal(decoded, mask)


def test_views_that_are_not_contiguous_are_encoded_as_they_look() -> None:
    volume = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    view = volume[:, ::-1, 2].T
    np.testing.assert_array_equal(decode_image(encode_image(view)), view)
    np.testing.assert_array_equal(decode_mask(encode_mask(view > 30)), view > 30)


def _picture(mode: str) -> Image.Image:
    rng = np.random.default_rng(0)
    bands = len(Image.new(mode, (1, 1)).getbands())
    ramp = np.add.outer(np.arange(37), np.arange(51)) % 256
    pixels = np.stack([np.roll(ramp, 9 * k, axis=1) for k in range(bands)], -1) + rng.integers(0, 9, (37, 51, bands))
    return Image.fromarray(pixels.squeeze().astype(np.uint8), mode=mode)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = _SECRET.decode()
    exif[0x0112] = 6  # shown turned by a quarter; pixels stay as stored
    return exif


JPEGS: dict[str, tuple[str, dict[str, Any]]] = {
    "grey": ("L", {}),
    "colour": ("RGB", {"subsampling": 2}),
    "progressive": ("RGB", {"progressive": True, "quality": 85}),
    "restart markers": ("RGB", {"restart_marker_rows": 1}),
    "stored as RGB": ("RGB", {"keep_rgb": True}),
    "own Huffman tables": ("L", {"optimize": True}),
}


@pytest.mark.parametrize("kind", JPEGS)
def test_stream_keeps_the_pixels_and_loses_every_word(kind: str, tmp_path: Path) -> None:
    mode, options = JPEGS[kind]
    path = tmp_path / "picture.jpg"
    profile = b"ICC " + _SECRET * 40
    _picture(mode).save(path, exif=_exif(), comment=_SECRET, icc_profile=profile, **options)
    assert _SECRET in path.read_bytes()
    with path.open("ab") as file:  # a preview behind the end, with words of its own
        preview = io.BytesIO()
        _picture("RGB").save(preview, "JPEG", comment=_SECRET)
        file.write(preview.getvalue() + _SECRET)
    stream = jpeg_stream(path)
    assert stream is not None
    assert _SECRET not in stream
    assert b"Exif" not in stream
    assert stream.endswith(b"\xff\xd9")
    assert len(stream) < path.stat().st_size
    with Image.open(path) as image:
        np.testing.assert_array_equal(decode_image(stream), np.asarray(image))
    with Image.open(io.BytesIO(stream)) as image:
        assert set(image.info) <= {"adobe", "adobe_transform", "progressive", "progression"}
        assert not image.getexif()


def test_words_between_scans_and_in_a_long_adobe_segment_are_lost_too(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    _picture("RGB").save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    comment = b"\xff\xfe" + (2 + len(_SECRET)).to_bytes(2, "big") + _SECRET
    adobe = b"\xff\xee" + (2 + 5 + len(_SECRET)).to_bytes(2, "big") + b"Adobe" + _SECRET
    second_table = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
    path = tmp_path / "picture.jpg"
    path.write_bytes(data[:2] + adobe + data[2:second_table] + comment + data[second_table:])
    stream = jpeg_stream(path)
    assert stream is not None
    assert _SECRET not in stream
    np.testing.assert_array_equal(decode_image(stream), decode_image(data))


@pytest.mark.parametrize("mode", ["CMYK"])
def test_other_colours_are_not_passed_through(mode: str, tmp_path: Path) -> None:
    _picture(mode).save(tmp_path / "picture.jpg")
    assert jpeg_stream(tmp_path / "picture.jpg") is None


def test_other_formats_are_not_passed_through(tmp_path: Path) -> None:
    _picture("RGB").save(tmp_path / "really_a_png.jpg", "PNG")
    assert jpeg_stream(tmp_path / "really_a_png.jpg") is None
