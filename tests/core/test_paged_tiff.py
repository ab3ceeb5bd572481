"""Volumes as the pages of one TIFF, whoever wrote it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import PagedTiff

_PAGES = np.random.default_rng(0).integers(0, 256, (7, 40, 50)).astype(np.uint8)


def _by_pillow(path: Path) -> None:
    first, *others = (Image.fromarray(page) for page in _PAGES)
    first.save(path, save_all=True, append_images=others)


_WRITERS: dict[str, Callable[[Path], Any]] = {
    "described": lambda path: tifffile.imwrite(path, _PAGES, photometric="minisblack"),
    "bare": lambda path: tifffile.imwrite(path, _PAGES, photometric="minisblack", metadata=None),
    "imagej": lambda path: tifffile.imwrite(path, _PAGES, imagej=True),
    "compressed": lambda path: tifffile.imwrite(path, _PAGES, photometric="minisblack", compression="lzw"),
    "pillow": _by_pillow,
}


@pytest.mark.parametrize("name", _WRITERS)
def test_pages_are_slices(name: str, tmp_path: Path) -> None:
    _WRITERS[name](tmp_path / "a.tif")
    grid = PagedTiff(tmp_path / "a.tif").read()
    assert grid.is_volume
    assert grid.affine is None
    assert grid.array.dtype == np.uint8
    np.testing.assert_array_equal(grid.array, _PAGES.transpose(2, 1, 0))


@pytest.mark.parametrize("count", [1, 3, 4])
def test_few_pages_are_slices_too(count: int, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _PAGES[:count], photometric="minisblack")
    np.testing.assert_array_equal(PagedTiff(tmp_path / "a.tif").read().array, _PAGES[:count].transpose(2, 1, 0))


def test_another_number_of_pages_than_the_publishers_is_told(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _PAGES, photometric="minisblack")
    assert PagedTiff(tmp_path / "a.tif", len(_PAGES)).read().notes == ()
    (note,) = PagedTiff(tmp_path / "a.tif", len(_PAGES) + 1).read().notes
    assert (note.level, note.where) == ("warning", "a.tif, 7 pages")


@pytest.mark.parametrize("dtype", [np.bool_, np.uint16, np.float32])
def test_other_depths(dtype: Any, tmp_path: Path) -> None:
    pages = (_PAGES > 100).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    np.testing.assert_array_equal(PagedTiff(tmp_path / "a.tif").read().array, pages.transpose(2, 1, 0))


def test_white_is_zero(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _PAGES, photometric="miniswhite")
    np.testing.assert_array_equal(PagedTiff(tmp_path / "a.tif").read().array, 255 - _PAGES.transpose(2, 1, 0))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("name", _WRITERS)
def test_truncated_file_is_an_error_that_names_it(name: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    _WRITERS[name](path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CaseError, match=r"a\.tif"):
        PagedTiff(path).read()


def test_colours_and_mixed_sizes_are_errors(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "colours.tif", np.stack([_PAGES] * 3, -1), photometric="rgb")
    for size in (40, 30):
        tifffile.imwrite(tmp_path / "sizes.tif", _PAGES[0, :size], append=True, photometric="minisblack")
    for name in ("colours.tif", "sizes.tif"):
        with pytest.raises(CaseError, match=rf"{name}: grey pages of one size"):
            PagedTiff(tmp_path / name).read()
