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
