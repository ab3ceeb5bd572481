"""Which page of a TIFF is the picture, and damage that decoders pass over."""

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import PagedTiff, Picture

_PICTURE = np.random.default_rng(0).integers(0, 256, (64, 48)).astype(np.uint8)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("subfiletype", [1, 4])
def test_thumbnails_and_masks_are_passed_over(subfiletype: int, first: bool, tmp_path: Path) -> None:
    pages = [(_PICTURE, 0), (_PICTURE[::4, ::4] if subfiletype == 1 else _PICTURE > 99, subfiletype)]
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for pixels, kind in reversed(pages) if first else pages:
            writer.write(pixels, subfiletype=kind, photometric="minisblack", metadata=None)
    for channels in ("stored", "max"):
        grid = Picture(tmp_path / "a.tif", channels).read()  # type: ignore[arg-type]  # of a tuple of two
        np.testing.assert_array_equal(grid.array, _PICTURE)
        assert "smaller copies" in grid.notes[0].what


def test_pages_of_two_sizes_are_refused(tmp_path: Path) -> None:
    for pixels in (_PICTURE[::4, ::4], _PICTURE):
        tifffile.imwrite(tmp_path / "a.tif", pixels, append=True, photometric="minisblack", metadata=None)
    with pytest.raises(CaseError, match=r"a\.tif: holds 2 pictures, one was expected"):
        Picture(tmp_path / "a.tif").read()


def test_the_only_page_is_the_picture_whatever_it_says(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _PICTURE, subfiletype=1)
    np.testing.assert_array_equal(Picture(tmp_path / "a.tif").read().array, _PICTURE)


def test_many_pictures_behind_one_header(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([_PICTURE] * 9), imagej=True)
    data = tmp_path / "a.tif"
    with tifffile.TiffFile(data) as file:
        next_page = file.pages[0].offset + 2 + 12 * len(file.pages[0].tags)
    content = bytearray(data.read_bytes())
    struct.pack_into(">I" if content[:2] == b"MM" else "<I", content, next_page, 0)
    data.write_bytes(content)
    with tifffile.TiffFile(data) as file:
        assert len(file.pages) == 1
    with pytest.raises(CaseError, match=r"a\.tif: holds 9 pictures"):
        Picture(data).read()


def test_white_of_12_bits(tmp_path: Path) -> None:
    values = _PICTURE.astype(np.uint16) * 16
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite", bitspersample=12)
    np.testing.assert_array_equal(Picture(tmp_path / "a.tif").read().array, 4095 - values)


@pytest.mark.parametrize("reader", [Picture, PagedTiff])
@pytest.mark.parametrize("compression", [None, "zlib", "jpeg"])
def test_a_strip_without_data_is_damage(reader: type[Picture | PagedTiff], compression: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, _PICTURE, compression=compression, rowsperstrip=16, photometric="minisblack")
    assert reader(path).read().array.size == _PICTURE.size
    with tifffile.TiffFile(path, mode="r+") as file:
        tag = file.pages[0].tags["StripByteCounts"]
        tag.overwrite([*tag.value[:2], 0, *tag.value[3:]])
    with pytest.raises(CaseError, match=r"a\.tif: cannot be read \(strips or tiles of it are missing"):
        reader(path).read()


@pytest.mark.parametrize("tile", [None, (32, 48)])
@pytest.mark.parametrize("reader", [Picture, PagedTiff])
def test_a_jpeg_inside_is_looked_at(
    reader: type[Picture | PagedTiff], tile: tuple[int, int] | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, _PICTURE, compression="jpeg", tile=tile, photometric="minisblack")
    assert reader(path).read().array.size == _PICTURE.size
    with tifffile.TiffFile(path) as file:
        offset, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    data = bytearray(path.read_bytes())
    middle = offset + size // 2
    data[middle : middle + 2] = b"\xff\xd9"
    path.write_bytes(data)
    with pytest.raises(CaseError, match=r"a\.tif: cannot be read \(Corrupt JPEG data"):
        reader(path).read()


def test_colours_that_are_not_converted_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([_PICTURE] * 3, -1), photometric="cielab")
    with pytest.raises(CaseError, match=r"a\.tif: colours of this kind .* cannot be read; save it as RGB"):
        Picture(tmp_path / "a.tif").read()
