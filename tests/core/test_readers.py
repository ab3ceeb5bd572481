"""Readers of NIfTI, Analyze, MetaImage, NRRD and pictures."""

import gzip
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import nibabel
import numpy as np
import pytest
import SimpleITK
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import store, write_itk, write_nifti

from cosmos_datasets.case import Reader
from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import DicomSeries, ItkImage, Nifti, Picture, PictureStack

_OBLIQUE = store(np.arange(7 * 6 * 5).reshape(7, 6, 5).astype(np.int16), "axial", "PIR", (3.0, 0.5, 0.7), tilt=20)
pictures = array_shapes(min_dims=2, max_dims=2, min_side=5, max_side=9)


# Volumes.


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_nifti_is_what_nibabel_says(name: str, tmp_path: Path) -> None:
    write_nifti(tmp_path / name, _OBLIQUE.array, _OBLIQUE.affine)
    grid, image = Nifti(tmp_path / name).read(), nibabel.load(tmp_path / name)
    np.testing.assert_array_equal(grid.array, image.get_fdata())
    np.testing.assert_array_equal(grid.affine, image.affine)
    assert grid.array.dtype == np.int16
    assert grid.is_volume
    assert grid.placed


@pytest.mark.parametrize("name", ["a.mhd", "a.mha", "a.nrrd"])
def test_itk_formats_lie_where_nifti_lies(name: str, tmp_path: Path) -> None:
    write_itk(tmp_path / name, _OBLIQUE.array, _OBLIQUE.affine)
    grid = ItkImage(tmp_path / name).read()
    np.testing.assert_array_equal(grid.array, _OBLIQUE.array)
    np.testing.assert_allclose(grid.affine, _OBLIQUE.affine, atol=1e-6)
    assert set(ItkImage(tmp_path / name).files) == set(tmp_path.iterdir())
    # ITK's own NIfTI writer is a second opinion about axes.
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(tmp_path / name)), str(tmp_path / "b.nii"))
    np.testing.assert_allclose(Nifti(tmp_path / "b.nii").read().affine, _OBLIQUE.affine, atol=1e-4)


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    image.header.set_slope_inter(0.5, -1024)
    nibabel.save(image, tmp_path / "a.nii.gz")
    np.testing.assert_allclose(Nifti(tmp_path / "a.nii.gz").read().array, np.arange(24).reshape(2, 3, 4) * 0.5 - 1024)


def test_big_endian_nifti_and_analyze(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    nibabel.save(nibabel.Nifti1Image(_OBLIQUE.array, _OBLIQUE.affine, header), tmp_path / "a.nii")
    assert nibabel.load(tmp_path / "a.nii").header.endianness == ">"
    np.testing.assert_array_equal(Nifti(tmp_path / "a.nii").read().array, _OBLIQUE.array)
    nibabel.save(nibabel.AnalyzeImage(_OBLIQUE.array, np.diag([2.0, 2, 3, 1])), tmp_path / "b.hdr")
    grid = Nifti(tmp_path / "b.hdr").read()
    np.testing.assert_array_equal(grid.array, _OBLIQUE.array)
    assert not grid.placed, "Analyze has no orientation"


def test_channels_of_a_4d_file(tmp_path: Path) -> None:
    volumes = np.arange(2 * 3 * 4 * 3, dtype=np.int16).reshape(2, 3, 4, 3)
    write_nifti(tmp_path / "four.nii.gz", volumes, np.eye(4))
    write_nifti(tmp_path / "three.nii.gz", volumes[..., 0], np.eye(4))
    write_nifti(tmp_path / "one.nii.gz", volumes[..., :1], np.eye(4))
    for channel in range(3):
        found = Nifti(tmp_path / "four.nii.gz", channel).read().array
        np.testing.assert_array_equal(found, volumes[..., channel])
    for name in ("three", "one"):
        for channel in (None, 0):
            np.testing.assert_array_equal(Nifti(tmp_path / f"{name}.nii.gz", channel).read().array, volumes[..., 0])
    for name, number in (("four.nii.gz", 3), ("three.nii.gz", 1), ("four.nii.gz", None)):
        with pytest.raises(CaseError, match=name):
            Nifti(tmp_path / name, number).read()


def test_edited_file_is_read_again(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.nii", tmp_path / "a.nii.gz"
    for value in (1, 2):
        write_nifti(plain, np.full((2, 3, 4), value, np.int16), np.eye(4))
        packed.write_bytes(gzip.compress(plain.read_bytes(), compresslevel=0, mtime=0))  # of the same size
        for path in (plain, packed):
            os.utime(path, ns=(value, value))
            assert Nifti(path).read().array.max() == value


def test_colours_are_no_volume(tmp_path: Path) -> None:
    rgb = np.zeros((2, 3, 4), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    nibabel.save(nibabel.Nifti1Image(rgb, np.eye(4)), tmp_path / "rgb.nii.gz")
    with pytest.raises(CaseError, match=r"rgb\.nii\.gz: one real value"):
        Nifti(tmp_path / "rgb.nii.gz").read()
    vector = SimpleITK.GetImageFromArray(np.zeros((4, 3, 2, 3), np.float32), isVector=True)
    SimpleITK.WriteImage(vector, str(tmp_path / "vector.mha"))
    with pytest.raises(CaseError, match=r"vector\.mha.*one value a voxel"):
        ItkImage(tmp_path / "vector.mha").read()


def test_header_without_its_data_is_an_error(tmp_path: Path) -> None:
    write_itk(tmp_path / "a.mhd", _OBLIQUE.array, _OBLIQUE.affine)
    (tmp_path / "a.raw").unlink()
    with pytest.raises(CaseError, match=r"a\.raw: no such file"):
        ItkImage(tmp_path / "a.mhd").read()


def test_itk_volume_with_a_fourth_axis_of_one(tmp_path: Path) -> None:
    volume = SimpleITK.GetImageFromArray(_OBLIQUE.array.T.copy())
    volume.SetSpacing((2.0, 3.0, 4.0))
    SimpleITK.WriteImage(SimpleITK.JoinSeries([volume]), str(tmp_path / "four.nrrd"))
    grid = ItkImage(tmp_path / "four.nrrd").read()
    np.testing.assert_array_equal(grid.array, _OBLIQUE.array)
    np.testing.assert_allclose(grid.affine, np.diag([-2.0, -3.0, 4.0, 1.0]))


def test_both_files_of_analyze_count(tmp_path: Path) -> None:
    nibabel.save(nibabel.AnalyzeImage(_OBLIQUE.array, np.eye(4)), tmp_path / "a.hdr")
    assert set(Nifti(tmp_path / "a.hdr").files) == {tmp_path / "a.hdr", tmp_path / "a.img"}
    before = Nifti(tmp_path / "a.hdr").read().array.max()
    (tmp_path / "a.img").write_bytes(bytes((tmp_path / "a.img").stat().st_size))
    os.utime(tmp_path / "a.img", ns=(1, 1))
    assert (before > 0, Nifti(tmp_path / "a.hdr").read().array.max()) == (True, 0), "an edit is noticed"


# Pictures.


@pytest.mark.parametrize("ending", [".png", ".bmp", ".ppm", ".ppm.gz", ".tif"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(pixels=st.one_of(arrays(np.uint8, pictures), arrays(np.uint8, pictures.map(lambda shape: (*shape, 3)))))
def test_lossless_pictures_come_back_exactly(ending: str, pixels: NDArray[np.uint8], tmp_path: Path) -> None:
    path = tmp_path / f"picture{ending}"
    plain = path.with_suffix("") if ending.endswith(".gz") else path
    Image.fromarray(pixels).save(plain)
    if ending.endswith(".gz"):
        path.write_bytes(gzip.compress(plain.read_bytes()))
    found = Picture(path).read()
    np.testing.assert_array_equal(found.array, pixels)
    assert not found.is_volume
    largest = pixels if pixels.ndim == 2 else pixels.max(axis=-1)
    if largest.max() == 1:
        largest = largest * np.uint8(255)  # a mask of zeros and ones
    np.testing.assert_array_equal(Picture(path, "max").read().array, largest)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16"])
def test_every_mode_is_read_as_displayed(mode: str, tmp_path: Path) -> None:
    grey = np.add.outer(np.arange(6) * 30, np.arange(7)).astype(np.uint8)
    if mode == "I;16":
        picture = Image.fromarray(grey.astype(np.uint16) * 257)
    else:
        picture = Image.fromarray(np.stack([grey, grey // 2, 255 - grey], -1)).convert(mode)
    path = tmp_path / ("picture.tif" if mode == "CMYK" else "picture.png")
    picture.save(path)
    with Image.open(path) as image:
        displayed = image.convert("L" if mode == "LA" else "RGB") if mode in {"P", "RGBA", "LA"} else image.copy()
    if mode == "CMYK":  # never read as if it were RGB
        displayed = displayed.convert("RGB")
    np.testing.assert_array_equal(Picture(path).read().array, np.asarray(displayed))


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_and_transparency(channels: int, ending: str, tmp_path: Path) -> None:
    pixels = (np.arange(6 * 7 * channels).reshape(6, 7, channels) * 300).astype(np.uint16)
    if ending == "png":
        (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(pixels.squeeze()))
    else:
        tifffile.imwrite(
            tmp_path / "a.tif",
            pixels.squeeze(),
            photometric="minisblack" if channels < 3 else "rgb",
            planarconfig="contig",
            extrasamples=["unassalpha"] if channels in {2, 4} else None,
        )
    expected = pixels[..., 0] if channels < 3 else pixels[..., :3]
    found = Picture(tmp_path / f"a.{ending}").read().array
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, expected)


def test_two_channels_that_are_no_transparency_are_both_kept(tmp_path: Path) -> None:
    pixels = np.arange(84, dtype=np.uint8).reshape(6, 7, 2)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", planarconfig="contig")
    np.testing.assert_array_equal(Picture(tmp_path / "a.tif").read().array[..., :2], pixels)


@pytest.mark.parametrize(("content", "suffix"), [("png", "tif"), ("jpg", "png"), ("tif", "png"), ("bmp", "jpg")])
def test_the_content_tells_the_format_not_the_suffix(content: str, suffix: str, tmp_path: Path) -> None:
    right, wrong = tmp_path / f"a.{content}", tmp_path / f"b.{suffix}"
    Image.fromarray(np.arange(80, dtype=np.uint8).reshape(8, 10)).save(right)
    right.replace(wrong)
    assert Picture(wrong).read().array.shape == (8, 10)


def test_palette_index_and_colour_are_told_apart(tmp_path: Path) -> None:
    index = np.array([[0, 1], [2, 1]], np.uint8)
    image = Image.fromarray(index, mode="P")
    image.putpalette([255, 255, 255, 0, 0, 0, 0, 90, 0])
    for ending in ("png", "gif", "tif"):
        path = tmp_path / f"mask.{ending}"
        image.save(path, optimize=False) if ending == "gif" else image.save(path)
        np.testing.assert_array_equal(Picture(path, "max").read().array, [[255, 0], [90, 0]])
        assert Picture(path).read().array.shape == (2, 2, 3)
        if ending != "gif":
            np.testing.assert_array_equal(Picture(path, "index").read().array, index)


def test_index_of_a_colour_picture_needs_equal_channels(tmp_path: Path) -> None:
    grey = np.arange(30, dtype=np.uint8).reshape(5, 6)
    Image.fromarray(np.stack([grey] * 3, -1)).save(tmp_path / "same.png")
    Image.fromarray(np.stack([grey, grey, grey + 1], -1)).save(tmp_path / "differ.png")
    np.testing.assert_array_equal(Picture(tmp_path / "same.png", "index").read().array, grey)
    with pytest.raises(CaseError, match=r"differ\.png.*channels differ"):
        Picture(tmp_path / "differ.png", "index").read()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float32, np.bool_])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
def test_tiff_of_any_depth(dtype: Any, compression: str | None, tmp_path: Path) -> None:
    values = (np.arange(80).reshape(8, 10) * 800 % 70000).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, compression=compression)
    found = Picture(tmp_path / "a.tif", "index").read().array
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, values)


def test_pages_and_white_is_zero(tmp_path: Path) -> None:
    pages = np.random.default_rng(0).integers(0, 256, (6, 8, 10)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "pages.tif", pages, photometric="minisblack")
    for number in range(6):
        np.testing.assert_array_equal(Picture(tmp_path / "pages.tif", page=number).read().array, pages[number])
    with pytest.raises(CaseError, match="has 6 pages"):
        Picture(tmp_path / "pages.tif", page=6).read()
    tifffile.imwrite(tmp_path / "inverted.tif", pages[0], photometric="miniswhite")
    np.testing.assert_array_equal(Picture(tmp_path / "inverted.tif").read().array, 255 - pages[0])
    np.testing.assert_array_equal(Picture(tmp_path / "inverted.tif", "index").read().array, pages[0])


@pytest.mark.parametrize("count", [1, 3, 4])
def test_stack_of_pictures_is_a_volume_whatever_its_length(count: int, tmp_path: Path) -> None:
    slices = np.random.default_rng(0).integers(0, 256, (count, 6, 5)).astype(np.uint8)
    paths = tuple(tmp_path / f"{number}.png" for number in range(count))
    for path, pixels in zip(paths, slices, strict=True):
        Image.fromarray(pixels).save(path)
    grid = PictureStack(paths).read()
    assert grid.is_volume
    assert grid.affine is None
    np.testing.assert_array_equal(grid.array, slices.transpose(2, 1, 0))


def test_slices_of_different_size_are_no_stack(tmp_path: Path) -> None:
    for number, shape in enumerate([(5, 6), (6, 5)]):
        Image.fromarray(np.zeros(shape, np.uint8)).save(tmp_path / f"{number}.png")
    with pytest.raises(CaseError, match="differ in size"):
        PictureStack((tmp_path / "0.png", tmp_path / "1.png")).read()


# Damaged and hostile files.

_NOISE = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
_VOLUME = np.random.default_rng(0).integers(0, 999, (9, 8, 7)).astype(np.int16)
_WRITERS: dict[str, Callable[[Path], Any]] = {
    **dict.fromkeys(("a.nii", "a.nii.gz"), lambda path: write_nifti(path, _VOLUME, np.eye(4))),
    **dict.fromkeys(("a.mha", "a.nrrd"), lambda path: write_itk(path, _VOLUME, np.eye(4))),
    **dict.fromkeys(("a.png", "a.jpg", "a.bmp", "a.gif", "a.ppm"), lambda path: Image.fromarray(_NOISE).save(path)),
    "a.tif": lambda path: tifffile.imwrite(path, _NOISE),
    "b.tif": lambda path: tifffile.imwrite(path, _NOISE, compression="zlib"),
    "c.tif": lambda path: tifffile.imwrite(path, np.stack([_NOISE] * 3), photometric="rgb", planarconfig="separate"),
    "d.tif": lambda path: tifffile.imwrite(path, _NOISE, tile=(16, 16)),
}


def _reader(path: Path) -> Reader:
    if path.name.endswith((".nii", ".nii.gz", ".hdr")):
        return Nifti(path)
    if path.suffix in {".mha", ".mhd", ".nrrd", ".nhdr"}:
        return ItkImage(path)
    return DicomSeries((path,)) if path.suffix == ".dcm" else Picture(path)


@pytest.mark.parametrize("name", _WRITERS)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.97])
def test_truncated_file_is_one_error_that_names_it(name: str, share: float, tmp_path: Path) -> None:
    path = tmp_path / name
    _WRITERS[name](path)
    assert _reader(path).read().array.size
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CaseError, match=name.replace(".", r"\.")):
        _reader(path).read()


@pytest.mark.parametrize("name", [*_WRITERS, "a.hdr", "a.mhd", "a.nhdr", "a.dcm"])
def test_missing_file_is_one_error_that_names_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=name.replace(".", r"\.")):
        _reader(tmp_path / name).read()


class _Trap:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("name", [*_WRITERS, "a.hdr", "a.mhd", "a.nhdr", "a.dcm", "a.ppm.gz"])
def test_pickles_are_never_opened(name: str, tmp_path: Path) -> None:
    path, sprung = tmp_path / name, tmp_path / "sprung"
    data = pickle.dumps(_Trap(sprung))
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    path.with_suffix(".img").write_bytes(data)
    with pytest.raises(CaseError):
        _reader(path).read()
    assert not sprung.exists()
    pickle.loads(data)
    assert sprung.exists(), "the trap works"


def test_a_nifti_whose_checksum_does_not_fit_is_damaged(tmp_path: Path) -> None:
    """Bytes that a disk or a download has changed still unpack to as many voxels."""
    path = tmp_path / "ct.nii.gz"
    values = np.random.default_rng(0).integers(0, 1000, (20, 20, 20), dtype=np.int16)
    with gzip.open(path, "wb", compresslevel=0) as file:
        file.write(nibabel.Nifti1Image(values, np.eye(4)).to_bytes())
    np.testing.assert_array_equal(Nifti(path).read().array, values)
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    with pytest.raises(CaseError, match=r"ct\.nii\.gz: cannot be read \(CRC check failed"):
        Nifti(path).read()
