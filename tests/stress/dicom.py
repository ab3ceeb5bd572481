"""What anonymisers, converters and interrupted exports do to DICOM files."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import uid
from pydicom.encaps import encapsulate
from stress.mutation import Change, Mutation, Right, every, has

_DICOM = has(".dcm")
#: Changes a data set; ``False`` says that nothing can be changed.
_Edit = Callable[[pydicom.Dataset], bool | None]


def _edited(edit: _Edit) -> Change:
    def apply(path: Path, _: random.Random) -> bool:
        dataset = pydicom.dcmread(path, force=True)
        if edit(dataset) is False:
            return False
        dataset.save_as(path)
        return True

    return apply


def _without(*names: str) -> _Edit:
    def edit(dataset: pydicom.Dataset) -> bool:
        there = [name for name in names if name in dataset]
        for name in there:
            delattr(dataset, name)
        return bool(there)

    return edit


def _set(name: str, value: Any) -> _Edit:
    def edit(dataset: pydicom.Dataset) -> bool:
        if name not in dataset:
            return False
        old = dataset[name].value
        setattr(dataset, name, value(old) if callable(value) else value)
        return True

    return edit


def _added(**values: Any) -> _Edit:
    def edit(dataset: pydicom.Dataset) -> bool:
        for name, value in values.items():
            setattr(dataset, name, value)
        return True

    return edit


def _number(name: str, text: bytes) -> Change:
    """Put text of the same length where a number stands, as broken anonymisers do."""

    def apply(path: Path, _: random.Random) -> bool:
        dataset = pydicom.dcmread(path, force=True)
        if name not in dataset:
            return False
        stored = dataset.get_item(name)  # as in the file, not yet a number
        start, end = stored.value_tell, stored.value_tell + stored.length
        data = path.read_bytes()
        path.write_bytes(data[:start] + text.ljust(stored.length, b" ")[: stored.length] + data[end:])
        return True

    return apply


def _pixels(change: Callable[[Any], Any], **header: Any) -> _Edit:
    """Change the pixels of an uncompressed picture."""

    def edit(dataset: pydicom.Dataset) -> bool:
        if dataset.file_meta.TransferSyntaxUID.is_compressed or "PixelData" not in dataset:
            return False
        pixels = change(dataset.pixel_array)
        dataset.Rows, dataset.Columns = pixels.shape[:2]
        dataset.PixelData = pixels.tobytes()
        for name, value in header.items():
            setattr(dataset, name, value)
        return True

    return edit


def _overlay(dataset: pydicom.Dataset) -> bool:
    """Graphics in the unused high bits of the pixels."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed or dataset.get("BitsAllocated") != 16:
        return False
    pixels = dataset.pixel_array.astype(np.uint16)
    if pixels.max() >= 1 << 12:
        return False
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 0
    pixels[:4, :4] |= 0x8000
    dataset.PixelData = pixels.tobytes()
    return True


def _overlay_plane(dataset: pydicom.Dataset) -> bool:
    dataset.add_new(0x60000010, "US", dataset.Rows)
    dataset.add_new(0x60000011, "US", dataset.Columns)
    dataset.add_new(0x60000040, "CS", "G")
    dataset.add_new(0x60000050, "SS", [1, 1])
    dataset.add_new(0x60000100, "US", 1)
    dataset.add_new(0x60000102, "US", 0)
    dataset.add_new(0x60003000, "OW", bytes(-(-dataset.Rows * dataset.Columns // 16) * 2))
    return True


def _syntax(new: uid.UID) -> _Edit:
    """Say another transfer syntax than that of the bytes."""

    def edit(dataset: pydicom.Dataset) -> bool:
        if dataset.file_meta.TransferSyntaxUID == new:
            return False
        dataset.file_meta.TransferSyntaxUID = new
        return True

    return edit


def _said_syntax(new: uid.UID) -> Change:
    """Write another transfer syntax over the one in the file's bytes."""

    def apply(path: Path, _: random.Random) -> bool:
        data = path.read_bytes()
        old = str(pydicom.dcmread(path, force=True).file_meta.TransferSyntaxUID).encode()
        text = str(new).encode()
        if old == text or len(old) + len(old) % 2 < len(text):
            return False
        path.write_bytes(data.replace(old, text.ljust(len(old), b"\0"), 1))
        return True

    return apply


def _repacked(dataset: pydicom.Dataset) -> bool:
    """Packed without loss by another tool: the same pixels."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed or "PixelData" not in dataset:
        return False
    dataset.compress(uid.RLELossless, generate_instance_uid=False)
    return True


def _half_a_frame(dataset: pydicom.Dataset) -> bool:
    if not dataset.file_meta.TransferSyntaxUID.is_compressed or "PixelData" not in dataset:
        return False
    frame = next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))
    dataset.PixelData = encapsulate([frame[: len(frame) // 2]])
    return True


def _without_preamble(path: Path, _: random.Random) -> bool:
    data = path.read_bytes()
    path.write_bytes(data[132:])
    return data[128:132] == b"DICM"


def _moved(step: float, axis: int) -> _Edit:
    def moved(old: Any) -> list[float]:
        return [value + step * (number == axis) for number, value in enumerate(map(float, old))]

    return _set("ImagePositionPatient", moved)


def _kind(name: str, change: Change, right: Right = "said") -> Mutation:
    return Mutation(f"dicom {name}", change, _DICOM, right)


DICOM = [
    *(
        _kind(name, _edited(edit))
        for name, edit in (
            ("without rescale", _without("RescaleSlope", "RescaleIntercept")),
            ("without slope", _without("RescaleSlope")),
            ("without intercept", _without("RescaleIntercept")),
            ("other rescale", _set("RescaleIntercept", lambda old: old + 1024)),
            ("other slope", _set("RescaleSlope", lambda old: old * 2)),
            ("slope of zero", _set("RescaleSlope", 0)),
            ("slope below zero", _set("RescaleSlope", -1)),
            ("rescale where none was", _added(RescaleSlope="1", RescaleIntercept="-1024")),
            ("without position", _without("ImagePositionPatient")),
            ("moved along", _moved(1.1, 2)),
            ("position of its neighbour", _moved(3.2, 2)),
            ("position aside", _moved(40, 0)),
            ("position of all zeros", _set("ImagePositionPatient", [0, 0, 0])),
            ("without orientation", _without("ImageOrientationPatient")),
            ("turned", _set("ImageOrientationPatient", lambda old: [*old[3:], *old[:3]])),
            ("orientation mirrored", _set("ImageOrientationPatient", lambda old: [-one for one in old])),
            ("orientation of zeros", _set("ImageOrientationPatient", [0, 0, 0, 0, 0, 0])),
            ("slightly turned", _set("ImageOrientationPatient", [0.99, 0.141, 0, -0.141, 0.99, 0])),
            ("other pixel spacing", _set("PixelSpacing", lambda old: [one / 2 for one in old])),
            ("without pixel spacing", _without("PixelSpacing")),
            ("pixel spacing of zero", _set("PixelSpacing", [0, 0])),
            ("without thickness", _without("SliceThickness")),
            ("fewer rows", _pixels(lambda pixels: pixels[:-2])),
            ("rows and columns exchanged", _pixels(lambda pixels: np.ascontiguousarray(pixels.T))),
            ("fewer rows in the header", _set("Rows", lambda old: old - 2)),
            ("more rows in the header", _set("Rows", lambda old: old + 2)),
            ("rows of 65535", _set("Rows", 65535)),
            ("frames", _added(NumberOfFrames="2")),
            ("a million frames", _added(NumberOfFrames="1000000")),
            ("inverted", _set("PhotometricInterpretation", "MONOCHROME1")),
            ("palette", _set("PhotometricInterpretation", "PALETTE COLOR")),
            ("said to be RGB", _set("PhotometricInterpretation", "RGB")),
            ("photometric of nobody", _set("PhotometricInterpretation", "NOBODY")),
            ("three samples", _set("SamplesPerPixel", 3)),
            ("overlay bits", _overlay),
            ("signed", _set("PixelRepresentation", lambda old: 1 - old)),
            ("bits stored", _set("BitsStored", 8)),
            ("bits allocated", _set("BitsAllocated", 8)),
            ("high bit", _set("HighBit", 11)),
            ("without bits", _without("BitsStored", "HighBit", "BitsAllocated")),
            (
                "of 8 bit",
                _pixels(lambda pixels: (pixels >> 4).astype(np.uint8), BitsAllocated=8, BitsStored=8, HighBit=7),
            ),
            ("blank", _pixels(np.zeros_like)),
            ("other instance number", _set("InstanceNumber", lambda old: old + 1)),
            ("without instance number", _without("InstanceNumber")),
            ("other series", _set("SeriesInstanceUID", "1.2.3.4.5")),
            ("other study", _set("StudyInstanceUID", "1.2.3.4.6")),
            ("other modality", _set("Modality", "SR")),
            ("without modality", _without("Modality")),
            ("other kind of object", _added(SOPClassUID=uid.BasicTextSRStorage)),
            ("without pixels", _without("PixelData")),
            ("half of the pixels", _set("PixelData", lambda old: old[: len(old) // 4 * 2])),
            ("half a frame", _half_a_frame),
            ("modality table", _added(ModalityLUTSequence=[pydicom.Dataset()])),
        )
    ),
    *(
        _kind(f"every file {name}", every(_edited(edit)))
        for name, edit in (
            ("without position", _without("ImagePositionPatient")),
            ("without pixel spacing", _without("PixelSpacing")),
            ("without rescale", _without("RescaleSlope", "RescaleIntercept")),
            ("without orientation", _without("ImageOrientationPatient")),
            ("without instance number", _without("InstanceNumber")),
            ("inverted", _set("PhotometricInterpretation", "MONOCHROME1")),
            ("at one position", _set("ImagePositionPatient", [0, 0, 0])),
            ("signed", _set("PixelRepresentation", lambda old: 1 - old)),
            ("of other modality", _set("Modality", "US")),
        )
    ),
    *(
        _kind(f"{name} in {field}", _number(field, text))
        for field in ("RescaleIntercept", "PixelSpacing", "ImagePositionPatient", "InstanceNumber", "SliceThickness")
        for name, text in (("text", b"n/a"), ("a control character", b"2\x16"), ("NaN", b"nan"), ("1e400", b"1e400"))
    ),
    _kind("said to be implicit", _said_syntax(uid.ImplicitVRLittleEndian)),
    _kind("said to be explicit", _said_syntax(uid.ExplicitVRLittleEndian)),
    _kind("said to be big endian", _said_syntax(uid.ExplicitVRBigEndian)),
    _kind("said to be JPEG", _said_syntax(uid.JPEGBaseline8Bit)),
    _kind("said to be RLE", _said_syntax(uid.RLELossless)),
    _kind("without preamble", _without_preamble),
    _kind("packed again", _edited(_repacked), "same"),
    _kind("implicit", _edited(_syntax(uid.ImplicitVRLittleEndian)), "same"),
    _kind("with an overlay plane", _edited(_overlay_plane), "same"),
    _kind("with other names", _edited(_added(PatientName="SMITH^JOHN", PatientID="1", StudyDate="19990101")), "same"),
    _kind("with a window", _edited(_added(WindowCenter="40", WindowWidth="400")), "same"),
]
