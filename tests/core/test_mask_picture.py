"""Masks that are not what they seem: the right shape, or a refusal; what is doubtful is said."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import blob

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import Picture, PictureStack

_SHAPE = blob((60, 80), (28, 33), (18, 22))


def _grey(shape: NDArray[np.bool_] = _SHAPE) -> NDArray[np.uint8]:
    return shape.astype(np.uint8) * np.uint8(255)


def _with_alpha(colour: NDArray[np.uint8] | int, alpha: NDArray[np.uint8] | int, mode: str) -> Image.Image:
    bands = [np.broadcast_to(np.uint8(colour), _SHAPE.shape)] * (len(mode) - 1)
    stacked = np.stack([*bands, np.broadcast_to(np.uint8(alpha), _SHAPE.shape)], -1)
    return Image.fromarray(np.ascontiguousarray(stacked), mode)


def _read(path: Path, *, inverted: bool = False) -> NDArray[np.bool_]:
    found = Picture(path, "max", inverted=inverted).read().array
    assert found.ndim == 2
    return np.asarray(found > 127)


def _whats(path: Path, **options: Any) -> list[str]:
    return [note.what for note in Picture(path, **{"channels": "max", **options}).read().notes]


# Transparency.


@pytest.mark.parametrize(
    ("ending", "mode"), [("png", "LA"), ("png", "RGBA"), ("tif", "LA"), ("tif", "RGBA"), ("bmp", "RGBA")]
)
@pytest.mark.parametrize("colour", [0, 90, 255])
def test_shape_in_the_alpha_channel(colour: int, ending: str, mode: str, tmp_path: Path) -> None:
    path = tmp_path / f"mask.{ending}"
    _with_alpha(colour, _grey(), mode).save(path)
    np.testing.assert_array_equal(_read(path), _SHAPE)
    assert any("transparency" in what for what in _whats(path))


def test_shape_in_the_alpha_channel_of_16_bits(tmp_path: Path) -> None:
    deep = np.full((*_SHAPE.shape, 4), 65535, np.uint16)
    deep[..., 3] = _SHAPE * np.uint16(65535)
    (tmp_path / "mask.png").write_bytes(imagecodecs.png_encode(deep))
    np.testing.assert_array_equal(_read(tmp_path / "mask.png"), _SHAPE)


@pytest.mark.parametrize("ending", ["png", "gif"])
@pytest.mark.parametrize("palette", [[255, 255, 255, 255, 255, 255], [0, 0, 0, 0, 0, 0]])
def test_shape_in_the_transparent_entry_of_a_palette(palette: list[int], ending: str, tmp_path: Path) -> None:
    image = Image.fromarray(_SHAPE.astype(np.uint8), "P")
    image.putpalette(palette)
    image.save(tmp_path / f"mask.{ending}", transparency=0, **({"optimize": False} if ending == "gif" else {}))
    np.testing.assert_array_equal(_read(tmp_path / f"mask.{ending}"), _SHAPE)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_shape_in_a_colour_that_is_transparent(mode: str, tmp_path: Path) -> None:
    white_and_almost = np.where(_SHAPE, 255, 254).astype(np.uint8)
    key = 254 if mode == "L" else (254, 254, 254)
    Image.fromarray(white_and_almost).convert(mode).save(tmp_path / "mask.png", transparency=key)
    np.testing.assert_array_equal(_read(tmp_path / "mask.png"), _SHAPE)


def test_colours_below_a_transparent_ground_are_not_seen(tmp_path: Path) -> None:
    _with_alpha(_grey(), _grey(), "RGBA").save(tmp_path / "same.png")
    np.testing.assert_array_equal(_read(tmp_path / "same.png"), _SHAPE)
    for alpha in (_grey(_SHAPE[::-1]), _grey(~_SHAPE)):  # the second shows nothing but black
        _with_alpha(_grey(), alpha, "RGBA").save(tmp_path / "other.png")
        with pytest.raises(CaseError, match=r"other\.png: the colours and the transparency of the mask draw two"):
            Picture(tmp_path / "other.png", "max").read()


@pytest.mark.parametrize("alpha", [0, 128])
def test_one_transparency_for_all_pixels_says_nothing(alpha: int, tmp_path: Path) -> None:
    _with_alpha(_grey(), alpha, "RGBA").save(tmp_path / "mask.png")
    np.testing.assert_array_equal(_read(tmp_path / "mask.png"), _SHAPE)
    assert any("the same everywhere" in what for what in _whats(tmp_path / "mask.png"))
    _with_alpha(_grey(), 255, "RGBA").save(tmp_path / "mask.png")
    assert _whats(tmp_path / "mask.png") == []


@pytest.mark.parametrize("ground", [255, 0])
def test_dark_structure_on_a_transparent_ground(ground: int, tmp_path: Path) -> None:
    """``inverted`` masks: a black drawing, the paper transparent."""
    colour = np.where(_SHAPE, 0, ground).astype(np.uint8)
    _with_alpha(colour, _grey(), "RGBA").save(tmp_path / "mask.png")
    np.testing.assert_array_equal(_read(tmp_path / "mask.png", inverted=True), _SHAPE)


@pytest.mark.parametrize("channels", ["index", "green"])
def test_numbers_are_not_looked_for_in_transparency(channels: Literal["index", "green"], tmp_path: Path) -> None:
    _with_alpha(_SHAPE.astype(np.uint8), _grey(), "RGBA").save(tmp_path / "seen.png")
    np.testing.assert_array_equal(Picture(tmp_path / "seen.png", channels).read().array, _SHAPE)
    for colour in (0, 7):
        _with_alpha(colour, _grey(), "RGBA").save(tmp_path / "hidden.png")
        with pytest.raises(CaseError, match=r"hidden\.png: part of the mask lies in its transparency"):
            Picture(tmp_path / "hidden.png", channels).read()


def test_transparent_pixels_of_a_photograph_are_told(tmp_path: Path) -> None:
    _with_alpha(_grey() // 3, _grey(), "RGBA").save(tmp_path / "photo.png")
    grid = Picture(tmp_path / "photo.png").read()
    assert [note.level for note in grid.notes] == ["warning"]
    np.testing.assert_array_equal(grid.array[..., 0], _grey() // 3)


# Palettes.


def test_a_palette_without_a_dark_colour_is_refused(tmp_path: Path) -> None:
    image = Image.fromarray(_SHAPE.astype(np.uint8), "P")
    image.putpalette([255, 255, 255, 200, 0, 0, *[0] * 762])
    for ending in ("png", "tif", "bmp"):
        image.save(tmp_path / f"mask.{ending}")
        with pytest.raises(CaseError, match=rf"mask\.{ending}: every colour of its palette is bright"):
            Picture(tmp_path / f"mask.{ending}", "max").read()
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(_read(tmp_path / "mask.png"), _SHAPE)


# Depths.


@pytest.mark.parametrize("white", [1.0, 255.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint16, np.int16, np.uint8])
def test_white_of_any_depth(dtype: Any, white: float, tmp_path: Path) -> None:
    import tifffile

    tifffile.imwrite(tmp_path / "mask.tif", (_SHAPE * white).astype(dtype))
    np.testing.assert_array_equal(_read(tmp_path / "mask.tif"), _SHAPE)


@pytest.mark.parametrize("inverted", [False, True])
def test_sixteen_bits_are_seen_as_eight(inverted: bool, tmp_path: Path) -> None:
    edge = np.where(_SHAPE, 65535, 0)
    edge[28, 10:12] = 20_000, 50_000
    pixels = (65535 - edge if inverted else edge).astype(np.uint16)
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    found = _read(tmp_path / "mask.png", inverted=inverted)
    np.testing.assert_array_equal(found, edge > 32767)


# Signs.


def _blurred(path: Path, factor: int) -> None:
    small = Image.fromarray(_grey()[::factor, ::factor])
    small.resize(_SHAPE.shape[::-1], Image.Resampling.BICUBIC).save(path)


def test_masks_that_were_resized_are_told_and_clean_ones_are_not(tmp_path: Path) -> None:
    _blurred(tmp_path / "resized.png", 4)
    assert any("many grey levels" in what for what in _whats(tmp_path / "resized.png"))
    Image.fromarray(_grey()).save(tmp_path / "compressed.jpg", quality=95)
    levels = np.where(_SHAPE, 255, 0).astype(np.uint8)
    levels[30:40, 30:40] = 128
    Image.fromarray(levels).save(tmp_path / "three.png")
    for clean in ("compressed.jpg", "three.png"):
        assert _whats(tmp_path / clean) == []


def test_numbers_that_were_resized_smoothly_are_told(tmp_path: Path) -> None:
    numbers = np.zeros(_SHAPE.shape, np.uint8)
    for k, column in enumerate((4, 24, 44, 64)):
        numbers[10:50, column : column + 19] = 3 * k + 2
    drawn = Image.fromarray(numbers)
    drawn.save(tmp_path / "drawn.png")
    assert _whats(tmp_path / "drawn.png", channels="index") == []
    half = drawn.resize((40, 30), Image.Resampling.BILINEAR)
    half.resize(drawn.size, Image.Resampling.BILINEAR).save(tmp_path / "smooth.png")
    assert "resized or smoothed" in _whats(tmp_path / "smooth.png", channels="index")[0]
    drawn.resize((61, 47), Image.Resampling.NEAREST).save(tmp_path / "nearest.png")
    assert _whats(tmp_path / "nearest.png", channels="index") == []


def test_one_inverted_mask_of_a_stack_is_told(tmp_path: Path) -> None:
    paths = tuple(tmp_path / f"{k}.png" for k in range(4))
    for k, path in enumerate(paths):
        Image.fromarray(_grey() if k != 2 else 255 - _grey()).save(path)
    (note,) = PictureStack(paths).read().notes
    assert note.where == "2.png and 0 others"


def test_pairs_of_an_odd_width_are_told(tmp_path: Path) -> None:
    for width, told in ((80, 0), (81, 1)):
        Image.new("L", (width, 60)).save(tmp_path / "pair.png")
        assert len(Picture(tmp_path / "pair.png", part="left").read().notes) == told


def test_label_numbers_in_a_lossy_file_are_refused(tmp_path: Path) -> None:
    numbers = _SHAPE.astype(np.uint8) * np.uint8(3)
    Image.fromarray(numbers).save(tmp_path / "numbers.jpg", quality=100)
    with pytest.raises(CaseError, match=r"numbers\.jpg: a map of label numbers in a lossy compression"):
        Picture(tmp_path / "numbers.jpg", "index").read()


# Orientation.


@pytest.mark.parametrize("ending", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_orientation_tags_are_not_applied_and_told(orientation: int, ending: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"photo.{ending}"
    Image.fromarray(_grey()).save(path, exif=exif)
    grid = Picture(path).read()
    assert grid.array.shape == _SHAPE.shape
    assert [note.where for note in grid.notes] == [f"{path.name}, orientation {orientation}"] * (orientation > 1)


@pytest.mark.parametrize("words", [b"Exif\0\0MM\0*", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + bytes(40)])
def test_damaged_words_beside_a_picture_do_no_harm(words: bytes, tmp_path: Path) -> None:
    Image.fromarray(_grey()).save(tmp_path / "photo.jpg", exif=words)
    grid = Picture(tmp_path / "photo.jpg").read()
    assert (grid.array.shape, grid.notes) == (_SHAPE.shape, ())


# Several pictures in one file.


def _frames(path: Path, pictures: Sequence[NDArray[np.uint8]]) -> None:
    first, *others = (Image.fromarray(one) for one in pictures)
    first.save(path, save_all=True, append_images=others)


@pytest.mark.parametrize("channels", ["stored", "max"])
@pytest.mark.parametrize("ending", ["gif", "png", "tif"])
@pytest.mark.parametrize("count", [2, 5])
def test_several_pictures_where_one_is_expected(
    count: int, ending: str, channels: Literal["stored", "max"], tmp_path: Path
) -> None:
    path = tmp_path / f"mask.{ending}"
    _frames(path, [_grey() // (k + 1) for k in range(count)])
    if (ending, count, channels) == ("tif", 2, "stored"):
        assert "taken for the channels" in _whats(path, channels=channels)[0]
        return
    with pytest.raises(CaseError, match=rf"mask\.{ending}: (holds {count} pictures|a mask of {count} pages)"):
        Picture(path, channels).read()
    np.testing.assert_array_equal(np.max(np.atleast_3d(Picture(path, channels, page=1).read().array), -1) > 0, _SHAPE)
