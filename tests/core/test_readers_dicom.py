"""DICOM series: geometry as SimpleITK reads it, and every transfer syntax that is met in the wild."""

import shutil
from pathlib import Path
from typing import Any, Literal

import imagecodecs
import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import encapsulate
from raw_trees.phantom import Stored, store, write_dicom_series

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import DicomSeries

_REAL = Path(__file__).parents[2].parent / "shared" / "real" / "dicom_ct" / "series"
_ORDERS: tuple[Literal["position", "given"], ...] = ("position", "given")
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def _volume(axcodes: str = "LPS", tilt: float = 0.0) -> Stored:
    shown = np.random.default_rng(0).integers(0, 900, (5, 12, 10)).astype(np.int16)
    plane = {"S": "axial", "I": "axial", "A": "coronal", "P": "coronal"}.get(axcodes[2], "sagittal")
    return store(shown, plane, axcodes, (3.0, 0.6, 0.8), tilt=tilt)


def _write(folder: Path, volume: Stored, **options: Any) -> tuple[Path, ...]:
    """Write a series under names that say nothing about the order of its slices."""
    names = np.random.default_rng(1).permutation(volume.array.shape[2])
    paths = [folder / f"{name}.dcm" for name in names]
    write_dicom_series(paths, volume, **options)
    return tuple(sorted(paths))


def _by_place(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(sorted(paths, key=lambda path: float(pydicom.dcmread(path).ImagePositionPatient[2])))


def _itk_series(folder: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Array (i, j, k) and RAS+ affine by SimpleITK's series reader."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image).T, _LPS @ affine


@pytest.mark.parametrize("tilt", [0.0, 17.0])
@pytest.mark.parametrize("axcodes", ["LPS", "LPI", "RAS", "PIR", "LIP"])
def test_series_lies_where_itk_puts_it(axcodes: str, tilt: float, tmp_path: Path) -> None:
    paths = _write(tmp_path, _volume(axcodes, tilt))
    grid = DicomSeries(paths).read()
    array, affine = _itk_series(tmp_path)
    np.testing.assert_array_equal(grid.array, array)
    np.testing.assert_allclose(grid.affine, affine, atol=1e-4)


def test_real_series_is_what_itk_reads() -> None:
    if not _REAL.is_dir():
        pytest.skip(f"no real data at {_REAL}")
    grid = DicomSeries(tuple(sorted(_REAL.iterdir(), reverse=True))).read()
    array, affine = _itk_series(_REAL)
    np.testing.assert_array_equal(grid.array, array)
    np.testing.assert_allclose(grid.affine, affine, atol=1e-4)
    assert grid.array.min() >= -1100, "Hounsfield units"


def test_given_order_is_kept(tmp_path: Path) -> None:
    paths, volume = _write(tmp_path, _volume()), _volume()
    up = _by_place(paths)
    forwards, backwards = (DicomSeries(some, order="given").read() for some in (up, up[::-1]))
    np.testing.assert_array_equal(forwards.array, volume.array)
    np.testing.assert_array_equal(backwards.array, forwards.array[..., ::-1])
    np.testing.assert_allclose(backwards.affine @ [0, 0, 4, 1], forwards.affine @ [0, 0, 0, 1])
    np.testing.assert_array_equal(DicomSeries(paths).read().array, volume.array)
    for mixed in (paths, (*up[:2], up[3], up[2], up[4])):
        with pytest.raises(CaseError, match="the order of the file names is not that of the positions"):
            DicomSeries(mixed, order="given").read()


# Transfer syntaxes. Signed values are coded by their bits, as pydicom and GDCM expect.


def _encoded(pixels: NDArray[Any], syntax: uid.UID) -> bytes:
    bits = np.ascontiguousarray(pixels).view(np.uint16) if pixels.dtype == np.int16 else pixels
    if syntax in {uid.JPEGLossless, uid.JPEGLosslessSV1}:
        return bytes(imagecodecs.ljpeg_encode(bits, bitspersample=16))
    if syntax == uid.JPEGLSLossless:
        return bytes(imagecodecs.jpegls_encode(bits))
    if syntax == uid.HTJ2KLossless:
        return bytes(imagecodecs.htj2k_encode(bits, reversible=True))
    if syntax in {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit}:
        return bytes(imagecodecs.jpeg8_encode(pixels, level=95, bitspersample=4 + 4 * pixels.itemsize))
    return bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="J2K", reversible=True, level=0))


def _save(path: Path, pixels: NDArray[Any], syntax: uid.UID, **elements: Any) -> Path:
    """Write one grey frame."""
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.CTImageStorage, uid.generate_uid(entropy_srcs=[str(path)])
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
    dataset.HighBit, dataset.PixelRepresentation = 8 * pixels.dtype.itemsize - 1, int(pixels.dtype.kind == "i")
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    if syntax == uid.RLELossless:
        dataset.compress(syntax, arr=pixels, generate_instance_uid=False)
    elif syntax.is_encapsulated:
        dataset.PixelData = encapsulate([_encoded(pixels, syntax)])
        dataset["PixelData"].VR = "OB"
    else:
        order = "<" if syntax.is_little_endian else ">"
        dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        dataset["PixelData"].VR = "OW"
    dataset.save_as(path, enforce_file_format=True)
    return path


_LOSSLESS = {
    "implicit": uid.ImplicitVRLittleEndian,
    "explicit": uid.ExplicitVRLittleEndian,
    "big endian": uid.ExplicitVRBigEndian,
    "deflated": uid.DeflatedExplicitVRLittleEndian,
    "RLE": uid.RLELossless,
    "JPEG lossless": uid.JPEGLossless,
    "JPEG lossless, first order": uid.JPEGLosslessSV1,
    "JPEG-LS": uid.JPEGLSLossless,
    "JPEG 2000 lossless": uid.JPEG2000Lossless,
    "JPEG 2000": uid.JPEG2000,
    "high-throughput JPEG 2000": uid.HTJ2KLossless,
}


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
@pytest.mark.parametrize("name", _LOSSLESS)
def test_transfer_syntax_really_decodes(name: str, dtype: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    low = -1024 if dtype == np.int16 else 0
    pixels = np.clip(np.cumsum(rng.integers(-90, 95, (33, 47)), axis=1) + 800, low, 4000).astype(dtype)
    path = _save(tmp_path / "a.dcm", pixels, _LOSSLESS[name])
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == _LOSSLESS[name]
    found = DicomSeries((path,)).read().array
    np.testing.assert_array_equal(found[:, :, 0].T, pixels)


@pytest.mark.parametrize(
    ("syntax", "dtype", "bits"),
    [
        (uid.JPEGBaseline8Bit, np.uint8, 8),
        (uid.JPEGExtended12Bit, np.uint8, 8),
        (uid.JPEGExtended12Bit, np.uint16, 12),
    ],
)
def test_lossy_jpeg_decodes_closely(syntax: uid.UID, dtype: Any, bits: int, tmp_path: Path) -> None:
    pixels = (np.add.outer(np.arange(40), np.arange(56)) * 2 << (bits - 8)).astype(dtype)
    path = _save(tmp_path / "a.dcm", pixels, syntax, BitsStored=bits, HighBit=bits - 1)
    found = DicomSeries((path,)).read().array
    assert np.abs(found[:, :, 0].T.astype(int) - pixels).max() <= 4 << (bits - 8)


@pytest.mark.parametrize(
    ("slope", "intercept", "dtype"),
    [(1, -1024, np.int32), (2.5, 0, np.float32), (0.5, 1, np.float32), (1e9, 0, np.float32)],
)
def test_rescale_is_applied(slope: float, intercept: float, dtype: Any, tmp_path: Path) -> None:
    pixels = np.arange(35, dtype=np.uint16).reshape(5, 7)
    elements = {"RescaleSlope": slope, "RescaleIntercept": intercept}
    found = DicomSeries((_save(tmp_path / "a.dcm", pixels, uid.ExplicitVRLittleEndian, **elements),)).read().array
    np.testing.assert_allclose(found[:, :, 0].T, pixels * float(slope) + intercept)
    assert found.dtype == dtype


def test_file_without_preamble_and_meta_information(tmp_path: Path) -> None:
    pixels = np.arange(35, dtype=np.uint16).reshape(5, 7)
    path = _save(tmp_path / "a.dcm", pixels, uid.ImplicitVRLittleEndian)
    data = path.read_bytes()
    meta_length = 12 + int.from_bytes(data[140:144], "little")  # the group length element comes first
    path.write_bytes(data[132 + meta_length :])
    assert path.read_bytes()[:2] == b"\x08\x00", "begins with the first element of the data set"
    np.testing.assert_array_equal(DicomSeries((path,)).read().array[:, :, 0].T, pixels)


@pytest.mark.parametrize("count", [1, 3, 4])
def test_series_without_positions_is_a_volume_without_geometry(count: int, tmp_path: Path) -> None:
    pixels = np.arange(35, dtype=np.uint16).reshape(5, 7)
    paths = [_save(tmp_path / f"{k}.dcm", pixels + k, uid.ExplicitVRLittleEndian) for k in range(count)]
    grid = DicomSeries(tuple(paths)).read()
    assert grid.is_volume
    assert grid.affine is None
    assert grid.array.shape == (7, 5, count)
    assert [int(grid.array[0, 0, k]) for k in range(count)] == list(range(count))


def test_one_slice_takes_its_thickness(tmp_path: Path) -> None:
    volume = _volume(tilt=10)
    (path,) = _write(tmp_path, Stored(volume.array[:, :, :1], volume.affine, (0,)))
    np.testing.assert_allclose(DicomSeries((path,)).read().affine, volume.affine, atol=1e-6)


# What goes wrong.


def test_missing_or_doubled_slice_is_an_error_where_position_counts(tmp_path: Path) -> None:
    paths = _write(tmp_path, _volume())
    up = _by_place(paths)
    for order in _ORDERS:
        with pytest.raises(CaseError, match=rf"{up[1].name}: the next slice, {up[3].name}, lies 6 mm apart, others 3"):
            DicomSeries((*up[:2], *up[3:]), order).read()
        assert DicomSeries(up[1:], order).read().array.shape[2] == len(paths) - 1, "an end may be missing"
        copy = shutil.copy(up[2], tmp_path / f"{up[2].stem} (1).dcm")
        with pytest.raises(CaseError, match=rf"{up[2].stem} \(1\)\.dcm: is a copy of {up[2].name}; .* Remove"):
            DicomSeries((*up[:3], copy, *up[3:]), order).read()
        other = pydicom.dcmread(copy)
        other.SOPInstanceUID, other.PixelData = "1.2.3", bytes(len(other.PixelData))
        other.save_as(copy)
        with pytest.raises(CaseError, match=rf"{up[2].stem} \(1\)\.dcm: lies 0 mm apart from {up[2].name}"):
            DicomSeries((*up[:3], copy, *up[3:]), order).read()


def test_mixed_orientations_and_one_place_for_all_are_errors(tmp_path: Path) -> None:
    volume = _volume()
    turned = _write(tmp_path / "turned", volume)
    dataset = pydicom.dcmread(turned[1])
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    dataset.save_as(turned[1])
    for order in _ORDERS:
        with pytest.raises(
            CaseError, match=rf"{turned[1].name}: differs from other .* orientation \(1 of 5 slices do\)"
        ):
            DicomSeries(turned, order).read()
    with pytest.raises(CaseError, match=r"still/\d\.dcm: lies 0 mm apart from \d\.dcm"):
        DicomSeries(_write(tmp_path / "still", volume, ImagePositionPatient=[0, 0, 0])).read()


def test_one_slice_without_a_position_is_an_error(tmp_path: Path) -> None:
    paths = _write(tmp_path, _volume())
    dataset = pydicom.dcmread(paths[2])
    del dataset.ImagePositionPatient
    dataset.save_as(paths[2])
    for order in _ORDERS:
        with pytest.raises(CaseError, match=rf"{paths[2].name}: differs .* whether it states a position \(1 of 5"):
            DicomSeries(paths, order).read()


def test_geometry_that_is_none_is_an_error(tmp_path: Path) -> None:
    for name, bad in (("ImagePositionPatient", [0, 0]), ("PixelSpacing", 1), ("ImageOrientationPatient", [1, 0, 0])):
        with pytest.raises(CaseError, match=name):
            DicomSeries(_write(tmp_path / name, _volume(), **{name: bad})).read()


def test_empty_rescale_elements_are_as_none(tmp_path: Path) -> None:
    volume = _volume()
    grid = DicomSeries(_write(tmp_path, volume, RescaleSlope=None, RescaleIntercept=None)).read()
    np.testing.assert_array_equal(grid.array, volume.array)


def test_slices_of_different_size_are_an_error(tmp_path: Path) -> None:
    paths = [
        _save(tmp_path / f"{rows}.dcm", np.zeros((rows, 7), np.uint16), uid.ExplicitVRLittleEndian) for rows in (5, 6)
    ]
    with pytest.raises(
        CaseError, match=r"6\.dcm: differs from other slices of its series in size \(1 of 2 slices do\)"
    ):
        DicomSeries(tuple(paths)).read()


def test_empty_series_and_files_without_pixels_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="without a file"):
        DicomSeries(()).read()
    path = _save(tmp_path / "a.dcm", np.zeros((5, 7), np.uint16), uid.ExplicitVRLittleEndian)
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(CaseError, match=r"a\.dcm: no pixel data"):
        DicomSeries((path,)).read()


@pytest.mark.parametrize("share", [0.5, 0.97])
@pytest.mark.parametrize("name", _LOSSLESS)
def test_truncated_slice_is_an_error_that_names_it(name: str, share: float, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 999, (33, 47)).astype(np.uint16)
    path = _save(tmp_path / "a.dcm", pixels, _LOSSLESS[name])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CaseError, match=r"a\.dcm"):
        DicomSeries((path,)).read()
