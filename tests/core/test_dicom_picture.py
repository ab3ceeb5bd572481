"""X-rays: bright as displayed, in every depth and compression, and without a word about the patient."""

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import encapsulate

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import DicomPicture

_PIXELS = np.random.default_rng(0).integers(0, 256, (24, 33)).astype(np.uint8)


def _save(path: Path, pixels: NDArray[Any], syntax: uid.UID = uid.ExplicitVRLittleEndian, **elements: Any) -> Path:
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.SecondaryCaptureImageStorage, uid.generate_uid()
    dataset.PatientName, dataset.PatientID = "DOE^JANE", "private"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    if syntax.is_encapsulated:
        dataset.PixelData = encapsulate([imagecodecs.jpeg8_encode(pixels, level=95)])
        dataset["PixelData"].VR = "OB"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


def test_eight_bits_stay_eight_bits(tmp_path: Path) -> None:
    grid = DicomPicture(_save(tmp_path / "a.dcm", _PIXELS)).read()
    assert grid.array.dtype == np.uint8
    assert not grid.is_volume
    np.testing.assert_array_equal(grid.array, _PIXELS)
    in_words = _save(tmp_path / "b.dcm", _PIXELS.astype(np.uint16), BitsStored=8, HighBit=7)
    assert DicomPicture(in_words).read().array.dtype == np.uint8


def test_jpeg_is_decoded_as_any_other_decoder_does(tmp_path: Path) -> None:
    smooth = np.linspace(0, 255, 64 * 48).reshape(64, 48).astype(np.uint8)
    grid = DicomPicture(_save(tmp_path / "a.dcm", smooth, uid.JPEGBaseline8Bit)).read()
    assert grid.array.dtype == np.uint8
    expected = imagecodecs.jpeg8_decode(imagecodecs.jpeg8_encode(smooth, level=95)).astype(int)
    assert np.abs(grid.array - expected).max() <= 1


@pytest.mark.parametrize(
    ("pixels", "bits", "expected"),
    [
        (_PIXELS, 8, 255 - _PIXELS),
        (_PIXELS.astype(np.uint16) * 16, 12, 4095 - _PIXELS.astype(np.uint16) * 16),
        (_PIXELS.astype(np.int16) - 100, 16, ~(_PIXELS.astype(np.int16) - 100)),
    ],
)
def test_monochrome1_is_inverted(pixels: NDArray[Any], bits: int, expected: NDArray[Any], tmp_path: Path) -> None:
    elements = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": bits, "HighBit": bits - 1}
    found = DicomPicture(_save(tmp_path / "a.dcm", pixels, **elements)).read().array
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({"PixelSpacing": [0.2, 0.1]}, (0.2, 0.1)),
        ({"ImagerPixelSpacing": [0.3, 0.4]}, (0.3, 0.4)),
        ({"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.3, 0.4]}, (0.2, 0.1)),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.3, 0.4]}, (0.3, 0.4)),
        ({"PixelSpacing": [0, 0]}, None),
        ({}, None),
    ],
)
def test_spacing(elements: dict[str, Any], spacing: tuple[float, float] | None, tmp_path: Path) -> None:
    assert DicomPicture(_save(tmp_path / "a.dcm", _PIXELS, **elements)).read().spacing == spacing


def test_what_is_odd_is_told(tmp_path: Path) -> None:
    plain = {"PixelSpacing": [0.2, 0.1]}
    assert DicomPicture(_save(tmp_path / "a.dcm", _PIXELS, **plain)).read().notes == ()
    assert "no pixel size" in DicomPicture(_save(tmp_path / "a.dcm", _PIXELS)).read().notes[0].what
    inverted = _save(tmp_path / "a.dcm", _PIXELS, PhotometricInterpretation="MONOCHROME1", **plain)
    assert "MONOCHROME1" in DicomPicture(inverted).read().notes[0].what
    signed = _save(tmp_path / "a.dcm", _PIXELS.view(np.int8), **plain)
    assert "below zero" in DicomPicture(signed).read().notes[0].what


def test_what_is_no_picture_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    frames = _save(tmp_path / "frames.dcm", np.stack([_PIXELS, _PIXELS]), NumberOfFrames=2)
    cut = _save(tmp_path / "cut.dcm", _PIXELS)
    cut.write_bytes(cut.read_bytes()[:-300])
    for path in (frames, cut, tmp_path / "absent.dcm"):
        with pytest.raises(CaseError, match=path.name):
            DicomPicture(path).read()
