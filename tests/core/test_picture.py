"""What ``Picture`` does to masks: inverted, of one bit, and halves of stereo pairs."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import Picture

_GREY = np.arange(0, 240, 4, dtype=np.uint8).reshape(6, 10)


def _save(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def test_inverted_picture_turns_dark_into_light(tmp_path: Path) -> None:
    grey = _save(tmp_path / "grey.bmp", _GREY)
    np.testing.assert_array_equal(Picture(grey, inverted=True).read().array, 255 - _GREY)
    colour = _save(tmp_path / "colour.bmp", np.stack([_GREY, _GREY // 2, _GREY // 3], -1))
    np.testing.assert_array_equal(Picture(colour, "max", inverted=True).read().array, 255 - _GREY)


def test_inverted_picture_of_one_bit(tmp_path: Path) -> None:
    path = _save(tmp_path / "mask.bmp", _GREY > 100)
    np.testing.assert_array_equal(Picture(path, inverted=True).read().array, _GREY <= 100)
    np.testing.assert_array_equal(Picture(path, "max", inverted=True).read().array, np.where(_GREY > 100, 0, 255))


@pytest.mark.parametrize("ending", ["png", "bmp", "tif"])
def test_white_of_one_bit_passes_a_threshold_of_8_bit(ending: str, tmp_path: Path) -> None:
    path = _save(tmp_path / f"mask.{ending}", _GREY > 100)
    found = Picture(path, "max").read().array
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found > 127, _GREY > 100)
    np.testing.assert_array_equal(Picture(path, "index").read().array, _GREY > 100)


@pytest.mark.parametrize(
    ("part", "columns"), [("whole", slice(0, 10)), ("left", slice(0, 5)), ("right", slice(5, 10))]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_half_of_a_stereo_pair(
    part: Literal["whole", "left", "right"], columns: slice, channels: int, tmp_path: Path
) -> None:
    pair = np.stack([_GREY, _GREY // 2, 255 - _GREY], -1) if channels == 3 else _GREY
    path = _save(tmp_path / "pair.png", pair)
    np.testing.assert_array_equal(Picture(path, part=part).read().array, pair[:, columns])


@pytest.mark.parametrize("part", ["left", "right"])
def test_one_view_stays_whole(part: Literal["left", "right"], tmp_path: Path) -> None:
    path = _save(tmp_path / "view.png", _GREY[:, :5])
    np.testing.assert_array_equal(Picture(path, part=part).read().array, _GREY[:, :5])


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("ending", ["png", "bmp", "tif"])
def test_a_mask_of_zeros_and_ones_passes_a_threshold_of_8_bit(ending: str, inverted: bool, tmp_path: Path) -> None:
    """Tools that convert a data set often leave label numbers where the publisher had white."""
    path = _save(tmp_path / f"mask.{ending}", (_GREY > 100).astype(np.uint8))
    found = Picture(path, "max", inverted=inverted).read().array
    np.testing.assert_array_equal(found > 127, (_GREY > 100) != inverted)
    np.testing.assert_array_equal(Picture(path, "index").read().array, _GREY > 100)


def test_one_channel_of_a_colour_picture(tmp_path: Path) -> None:
    path = _save(tmp_path / "colour.png", np.stack([_GREY, _GREY // 2, _GREY // 3], -1))
    for channel, divisor in (("red", 1), ("green", 2), ("blue", 3)):
        np.testing.assert_array_equal(Picture(path, channel).read().array, _GREY // divisor)  # type: ignore[arg-type]
    grey = _save(tmp_path / "grey.png", _GREY)
    with pytest.raises(CaseError, match=r"grey\.png: a colour picture was expected"):
        Picture(grey, "red").read()


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_bmp_without_its_last_bytes_is_damaged(mode: str, tmp_path: Path) -> None:
    """Rows are filled up to four bytes; a loss of fewer would shift all pixels behind it."""
    path = tmp_path / "a.bmp"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 9, 3)).astype(np.uint8)).convert(mode).save(path)
    data = path.read_bytes()
    assert Picture(path).read().array.shape[:2] == (8, 9)
    path.write_bytes(data + b"behind the end")
    assert Picture(path).read().array.shape[:2] == (8, 9)
    for cut in (data[:-1], data[:-40] + data[-39:]):
        path.write_bytes(cut)
        with pytest.raises(CaseError, match=r"a\.bmp: cannot be read \(its end is missing"):
            Picture(path).read()


def test_every_checksum_of_a_png_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    pixels = np.random.default_rng(0).integers(0, 4, (64, 64)).astype(np.uint8)
    image = Image.fromarray(pixels, mode="P")
    image.putpalette(range(12))
    image.save(path, compress_level=0)
    data = path.read_bytes()
    for name in (b"IHDR", b"PLTE", b"IDAT"):
        at = data.index(name) + 7
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(CaseError, match=r"a\.png: (cannot be read|is no )"):
            Picture(path).read()
    path.write_bytes(data + b"behind the end")
    np.testing.assert_array_equal(Picture(path, "index").read().array, pixels)
    path.write_bytes(data[:-12])
    with pytest.raises(CaseError, match=r"a\.png: cannot be read \(its end is missing"):
        Picture(path).read()


@pytest.mark.parametrize("ending", ["webp", "eps", "pdf", "ico"])
def test_other_formats_are_not_opened(ending: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path, format=ending)
    with pytest.raises(CaseError, match=r"a\.png: is no PNG, JPEG, BMP, GIF, PPM or TIFF picture"):
        Picture(path).read()
