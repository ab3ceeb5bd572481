"""One DICOM file: grey or refused, whole or refused, and no larger than it can be."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import encapsulate, generate_frames

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers import DicomPicture, DicomSeries

_RAMP = np.clip(np.cumsum(np.random.default_rng(0).integers(-90, 95, (83, 97)), axis=1) + 800, 0, 4000)
_CODES: dict[str, Callable[[NDArray[Any]], bytes]] = {
    uid.JPEGLosslessSV1: lambda pixels: imagecodecs.ljpeg_encode(pixels.view(np.uint16), bitspersample=16),
    uid.JPEGLSLossless: lambda pixels: imagecodecs.jpegls_encode(pixels.view(np.uint16)),
    uid.JPEG2000Lossless: lambda pixels: imagecodecs.jpeg2k_encode(
        pixels, codecformat="J2K", reversible=True, level=0
    ),
    uid.JPEGBaseline8Bit: lambda pixels: imagecodecs.jpeg8_encode(pixels, level=90),
}
_COMPRESSED = [*_CODES, uid.RLELossless]


def _save(path: Path, pixels: NDArray[Any], syntax: str = uid.ExplicitVRLittleEndian, **elements: Any) -> Path:
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.CTImageStorage, "1.2.3"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, int(pixels.dtype.kind == "i")
    if syntax == uid.RLELossless:
        dataset.compress(syntax, arr=pixels, generate_instance_uid=False)
    else:
        dataset.PixelData = encapsulate([_CODES[syntax](pixels)]) if syntax in _CODES else pixels.tobytes()
        dataset["PixelData"].VR = "OB" if syntax in _CODES else "OW"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


def _both(path: Path) -> list[Grid]:
    return [DicomSeries((path,)).read(), DicomPicture(path).read()]


def _refusals(path: Path) -> list[str]:
    reasons = []
    for reader in (DicomSeries((path,)), DicomPicture(path)):
        with pytest.raises(CaseError) as error:
            reader.read()
        reasons.append(str(error.value).removeprefix(f"{path.parent}/"))
    return reasons


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
@pytest.mark.parametrize(
    "syntax", [uid.ExplicitVRLittleEndian, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless]
)
def test_overlays_above_the_stored_bits_are_left_out(syntax: str, dtype: Any, tmp_path: Path) -> None:
    values = (_RAMP - (1000 if dtype == np.int16 else 0)).astype(dtype)
    overlay = np.zeros_like(values)
    overlay[20:40, 30:50] = 1
    stored = (values & 0x0FFF) | (overlay << 12)
    path = _save(tmp_path / "a.dcm", stored, syntax, BitsStored=12, HighBit=11)
    for grid in _both(path):
        np.testing.assert_array_equal(grid.array.squeeze() if grid.array.ndim == 2 else grid.array[..., 0].T, values)
    if syntax in {uid.JPEGLSLossless, uid.JPEG2000Lossless}:
        assert all("an overlay is kept there" in grid.notes[0].what for grid in _both(path))


def test_values_that_do_not_begin_at_the_lowest_bit_are_refused(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.dcm", (_RAMP * 16).astype(np.uint16), BitsStored=12, HighBit=15)
    assert all("do not begin at the lowest bit" in reason for reason in _refusals(path))


@pytest.mark.parametrize(
    ("allocated", "stored", "words"),
    [(16, 17, "more bits than they are given"), (8, 8, "different depth"), (12, 12, "different depth")],
)
def test_depths_that_do_not_fit_are_refused(allocated: int, stored: int, words: str, tmp_path: Path) -> None:
    depth = {"BitsAllocated": allocated, "BitsStored": stored, "HighBit": stored - 1}
    path = _save(tmp_path / "a.dcm", _RAMP.astype(np.uint16), uid.JPEGLosslessSV1, **depth)
    assert all(words in reason for reason in _refusals(path))


@pytest.mark.parametrize("light", ["PALETTE COLOR", "RGB", "YBR_FULL"])
def test_colours_are_refused(light: str, tmp_path: Path) -> None:
    pixels = _RAMP.astype(np.uint8)
    samples = 1 if light == "PALETTE COLOR" else 3
    path = _save(
        tmp_path / "a.dcm",
        pixels if samples == 1 else np.stack([pixels] * 3, -1),
        PhotometricInterpretation=light,
        SamplesPerPixel=samples,
        PlanarConfiguration=0,
    )
    assert (
        _refusals(path) == ["a.dcm: one grey frame was expected, its pixels are colours or numbers of a palette."] * 2
    )


def test_frames_are_refused(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.dcm", _RAMP.astype(np.uint16), NumberOfFrames=3)
    assert _refusals(path) == ["a.dcm: one grey frame was expected, it holds 3."] * 2


def _damaged(path: Path, change: Callable[[bytes], bytes]) -> None:
    dataset = pydicom.dcmread(path)
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    dataset.PixelData = encapsulate([change(frame)])
    dataset.save_as(path)


@pytest.mark.parametrize("share", [0.3, 0.8])
@pytest.mark.parametrize("syntax", _COMPRESSED)
def test_a_frame_cut_off_and_closed_is_refused(syntax: str, share: float, tmp_path: Path) -> None:
    pixels = (_RAMP // 16).astype(np.uint8) if syntax == uid.JPEGBaseline8Bit else _RAMP.astype(np.uint16)
    path = _save(tmp_path / "a.dcm", pixels, syntax)
    assert all(grid.array.size == pixels.size for grid in _both(path))
    _damaged(path, lambda frame: frame[: int(share * len(frame))] + b"\xff\xd9")
    assert all(reason.startswith("a.dcm: cannot be read (") for reason in _refusals(path))


@pytest.mark.parametrize("syntax", _COMPRESSED)
def test_bytes_lost_in_a_frame_are_noticed(syntax: str, tmp_path: Path) -> None:
    pixels = (_RAMP // 16).astype(np.uint8) if syntax == uid.JPEGBaseline8Bit else _RAMP.astype(np.uint16)
    path = _save(tmp_path / "a.dcm", pixels, syntax)
    _damaged(path, lambda frame: frame[: len(frame) // 2] + frame[len(frame) // 2 + 300 :])
    assert all(reason.startswith("a.dcm: cannot be read (") for reason in _refusals(path))


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("noise", [False, True])
def test_every_lossless_jpeg_that_is_whole_is_read(predictor: int, noise: bool, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (40, 50)) if noise else _RAMP
    path = _save(tmp_path / "a.dcm", pixels.astype(np.uint16), uid.JPEGLosslessSV1)
    coded = imagecodecs.jpeg8_encode(pixels.astype(np.uint16), lossless=True, predictor=predictor, bitspersample=16)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate([coded])
    dataset.file_meta.TransferSyntaxUID = uid.JPEGLosslessSV1 if predictor == 1 else uid.JPEGLossless
    dataset.save_as(path)
    np.testing.assert_array_equal(DicomPicture(path).read().array, pixels)


# Sizes.


def _peak(path: Path, words: str) -> int:
    tracemalloc.start()
    reasons = _refusals(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all(words in reason for reason in reasons), reasons
    return peak


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, *_COMPRESSED])
def test_announced_pixels_are_not_believed(syntax: str, tmp_path: Path) -> None:
    pixels = np.zeros((64, 64), np.uint8 if syntax == uid.JPEGBaseline8Bit else np.uint16)
    path = _save(tmp_path / "a.dcm", pixels, syntax, Rows=60_000, Columns=60_000)
    assert _peak(path, "a.dcm: announces 60,000 x 60,000 pixels") < 2**22


@pytest.mark.parametrize("syntax", [one for one in _COMPRESSED if one != uid.RLELossless])
def test_a_frame_of_another_size_than_its_header_is_refused(syntax: str, tmp_path: Path) -> None:
    pixels = np.zeros((64, 64), np.uint8 if syntax == uid.JPEGBaseline8Bit else np.uint16)
    path = _save(tmp_path / "a.dcm", pixels, syntax, Rows=60)
    assert _peak(path, "a.dcm: header and pixels are of different size") < 2**22


def test_a_deflated_file_is_unpacked_no_further_than_a_slice_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cosmos_datasets.readers.dicom_file._MOST_INFLATED", 2**21)
    path = _save(tmp_path / "a.dcm", _RAMP.astype(np.uint16), uid.DeflatedExplicitVRLittleEndian)
    assert len(_both(path)) == 2
    data = path.read_bytes()
    start = 144 + struct.unpack_from("<I", data, 140)[0]
    packer = zlib.compressobj(9, wbits=-15)
    path.write_bytes(data[:start] + packer.compress(bytes(2**25)) + packer.flush())
    assert _peak(path, "a.dcm: unpacks to more than") < 2**24


def test_big_endian_values_are_of_this_machine(tmp_path: Path) -> None:
    path = _save(tmp_path / "a.dcm", _RAMP.astype(">u2"), uid.ExplicitVRBigEndian)
    for grid in _both(path):
        assert grid.array.dtype == np.uint16
        assert grid.array.dtype.isnative
        assert grid.array.max() == _RAMP.max()
