"""What other tools do to headers of volumes and DICOM files."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from stress.mutation import Mutation, has

_NIFTI = has(".nii", ".nii.gz")
_DICOM = has(".dcm")
_META = has(".mhd", ".mha")
_NRRD = has(".nrrd", ".nhdr")


def _one_of_a_series(path: Path) -> bool:
    """Only beside its neighbours can a slice be seen to be unlike them."""
    return _DICOM(path) and sum(map(_DICOM, path.parent.iterdir())) > 1


def _nifti_bytes(path: Path) -> tuple[bytearray, bool]:
    data = path.read_bytes()
    packed = data[:2] == b"\x1f\x8b"
    return bytearray(gzip.decompress(data) if packed else data), packed


def _write(path: Path, data: bytes, packed: bool) -> bool:
    path.write_bytes(gzip.compress(bytes(data)) if packed else bytes(data))
    return True


def _fields(**values: Any) -> Callable[[Path, random.Random], bool]:
    """Set fields of a NIfTI-1 header as they are stored."""

    def change(path: Path, _: random.Random) -> bool:
        data, packed = _nifti_bytes(path)
        header = nibabel.Nifti1Header(bytes(data[:348]), check=False)
        for name, value in values.items():
            header[name] = value(header[name].copy()) if callable(value) else value
        return _write(path, header.binaryblock + data[348:], packed)

    return change


def _dim(axis: int, by: int) -> Callable[[Path, random.Random], bool]:
    def longer(dim: Any) -> Any:
        dim[axis] += by
        return dim

    return _fields(dim=longer)


def _at(index: int, value: float) -> Callable[[Any], Any]:
    def change(field: Any) -> Any:
        field[index] = value
        return field

    return change


def _unit_sform(path: Path, rng: random.Random) -> bool:
    zero = {f"srow_{axis}": np.eye(4)[k] for k, axis in enumerate("xyz")}
    return _fields(**zero, sform_code=2, qform_code=0)(path, rng)


def _one_slice_fewer(path: Path, _: random.Random) -> bool:
    image = nibabel.load(path)
    array = np.array(image.dataobj)
    if array.ndim < 3 or array.shape[2] < 3:
        return False
    nibabel.save(type(image)(array[:, :, :-1], image.affine, image.header), path)
    return True


def _value(value: float) -> Callable[[Path, random.Random], bool]:
    def change(path: Path, _: random.Random) -> bool:
        image = nibabel.load(path)
        array = np.array(image.dataobj).astype(np.float32)
        array.flat[array.size // 2] = value
        nibabel.save(nibabel.Nifti1Image(array, image.affine), path)
        return True

    return change


def _plus(path: Path, _: random.Random) -> bool:
    """Label values counted from 100."""
    image = nibabel.load(path)
    array = np.array(image.dataobj).astype(np.int16)
    if len(np.unique(array)) > 40:
        return False
    nibabel.save(nibabel.Nifti1Image(np.where(array > 0, array + 100, 0).astype(np.int16), image.affine), path)
    return True


def _blank_slice(path: Path, _: random.Random) -> bool:
    """A slice of an image that was never written."""
    image = nibabel.load(path)
    array = np.array(image.dataobj)
    if array.ndim != 3 or len(np.unique(array)) < 40:
        return False
    array[:, :, array.shape[2] // 2] = 0
    nibabel.save(nibabel.Nifti1Image(array, image.affine, image.header), path)
    return True


def _as_float(path: Path, _: random.Random) -> bool:
    image = nibabel.load(path)
    array = np.array(image.dataobj)
    if array.dtype.kind not in "iu":
        return False
    header = image.header
    header.set_data_dtype(np.float32)
    nibabel.save(nibabel.Nifti1Image(array.astype(np.float32), image.affine, header), path)
    return True


def _line(key: str, value: str) -> Callable[[Path, random.Random], bool]:
    """Replace a line of a text header."""

    def change(path: Path, _: random.Random) -> bool:
        head, mark, rest = path.read_bytes().partition(b"ElementDataFile" if _META(path) else b"\n\n")
        lines = head.split(b"\n")
        found = [number for number, line in enumerate(lines) if line.lower().startswith(key.lower().encode())]
        if not found and not mark.lower().startswith(key.lower().encode()):
            return False
        if found:
            name, sign, _ = lines[found[0]].decode("latin-1").partition("=" if _META(path) else ":")
            lines[found[0]] = f"{name}{sign} {value}".encode()
            path.write_bytes(b"\n".join(lines) + mark + rest)
        else:
            path.write_bytes(head + mark + b" = " + value.encode() + b"\n")
        return True

    return change


def _dicom(change: Callable[[pydicom.Dataset], bool | None]) -> Callable[[Path, random.Random], bool]:
    def apply(path: Path, _: random.Random) -> bool:
        dataset = pydicom.dcmread(path, force=True)
        if change(dataset) is False:
            return False
        dataset.save_as(path)
        return True

    return apply


def _without(*names: str) -> Callable[[pydicom.Dataset], bool]:
    def change(dataset: pydicom.Dataset) -> bool:
        there = [name for name in names if name in dataset]
        for name in there:
            delattr(dataset, name)
        return bool(there)

    return change


def _set(name: str, value: Any) -> Callable[[pydicom.Dataset], bool]:
    def change(dataset: pydicom.Dataset) -> bool:
        if name not in dataset:
            return False
        old = dataset[name].value
        setattr(dataset, name, value(old) if callable(value) else value)
        return True

    return change


def _raw_number(tag: bytes, text: bytes) -> Callable[[Path, random.Random], bool]:
    """Put text where a number stands, of the same length, as broken anonymisers do."""

    def change(path: Path, _: random.Random) -> bool:
        data = path.read_bytes()
        dataset = pydicom.dcmread(path, force=True)
        if "RescaleIntercept" not in dataset:
            return False
        value = str(dataset["RescaleIntercept"].value).encode()
        at = data.rfind(value)
        if at < 0:
            return False
        path.write_bytes(data[:at] + text.ljust(len(value), b"\x16")[: len(value)] + data[at + len(value) :])
        return True

    return change


def _fewer_rows(dataset: pydicom.Dataset) -> bool:
    if dataset.file_meta.TransferSyntaxUID.is_compressed or "PixelData" not in dataset:
        return False
    pixels = dataset.pixel_array
    dataset.Rows = pixels.shape[0] - 2
    dataset.PixelData = pixels[:-2].tobytes()
    return True


def _overlay(dataset: pydicom.Dataset) -> bool:
    """Graphics in the unused high bits of the pixels."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed or dataset.get("BitsStored", 16) > 12:
        return False
    pixels = dataset.pixel_array.astype(np.uint16)
    pixels[:4, :4] |= 0x8000
    dataset.PixelData = pixels.tobytes()
    return True


def _kind(name: str, change: Any, applies: Any) -> Mutation:
    return Mutation(name, applies, change, undetectable=name in _LIKE_ANOTHER_IMAGE)


_NAN = float("nan")
#: The file is sound, and shows another image or another number; only who knows the original can tell.
_LIKE_ANOTHER_IMAGE = {
    *("nifti slope 2", "nifti mirrored", "nifti qfac turned", "nifti pixdim of 5", "nifti micrometres"),
    *("meta other byte order", "nrrd other byte order", "voxel of a half"),
}
HEADERS = [
    *(
        _kind(f"nifti {name}", change, _NIFTI)
        for name, change in (
            ("sform of zeros", _fields(sform_code=2, srow_x=0, srow_y=0, srow_z=0)),
            ("sform of NaN", _fields(sform_code=1, srow_x=_NAN)),
            ("unit sform", _unit_sform),
            ("no place at all", _fields(sform_code=0, qform_code=0)),
            ("long quaternion", _fields(quatern_b=0.8, quatern_c=0.7, sform_code=0, qform_code=1)),
            ("pixdim of 5", _fields(pixdim=_at(3, 5))),
            ("pixdim of zero", _fields(pixdim=_at(1, 0))),
            ("pixdim of NaN", _fields(pixdim=_at(2, _NAN))),
            ("qfac turned", _fields(pixdim=lambda p: p * [-1, 1, 1, 1, 1, 1, 1, 1])),
            ("metres", _fields(xyzt_units=1)),
            ("micrometres", _fields(xyzt_units=3)),
            ("shifted", _fields(srow_x=lambda r: np.add(r, [0, 0, 0, 30]), qoffset_x=lambda q: q + 30)),
            ("mirrored", _fields(srow_x=lambda r: -r)),
            ("vox_offset 0", _fields(vox_offset=0)),
            ("vox_offset 400", _fields(vox_offset=400)),
            ("vox_offset -1", _fields(vox_offset=-1)),
            ("vox_offset NaN", _fields(vox_offset=_NAN)),
            ("slope 2", _fields(scl_slope=2, scl_inter=5)),
            ("slope 0", _fields(scl_slope=0, scl_inter=0)),
            ("slope NaN", _fields(scl_slope=_NAN, scl_inter=_NAN)),
            ("slope inf", _fields(scl_slope=1, scl_inter=float("inf"))),
            ("one slice fewer in the header", _dim(3, -1)),
            ("one slice more in the header", _dim(3, 1)),
            ("one row more in the header", _dim(2, 1)),
            ("dim of 30000", _dim(3, 29000)),
            ("dim 0", _fields(dim=_at(0, 9))),
            ("datatype double", _fields(datatype=64, bitpix=64)),
            ("datatype byte", _fields(datatype=2, bitpix=8)),
            ("datatype RGB", _fields(datatype=128, bitpix=24)),
            ("intent", _fields(intent_code=1002, descrip=b"by somebody")),
        )
    ),
    _kind("volume one slice fewer", _one_slice_fewer, _NIFTI),
    _kind("voxel of 1e30", _value(1e30), _NIFTI),
    _kind("voxel of NaN", _value(_NAN), _NIFTI),
    _kind("voxel of infinity", _value(float("inf")), _NIFTI),
    _kind("voxel of a half", _value(0.5), _NIFTI),
    _kind("labels from 100", _plus, _NIFTI),
    _kind("slice never written", _blank_slice, _NIFTI),
    _kind("stored as float", _as_float, _NIFTI),
    *(
        _kind(f"meta {name}", _line(key, value), _META)
        for name, key, value in (
            ("other data file", "ElementDataFile", "none.raw"),
            ("data file outside", "ElementDataFile", "/etc/hostname"),
            ("data file above", "ElementDataFile", "../secret.raw"),
            ("larger", "DimSize", "4000 4000 4000"),
            ("smaller", "DimSize", "8 8 3"),
            ("other byte order", "BinaryDataByteOrderMSB", "True"),
            ("other type", "ElementType", "MET_DOUBLE"),
            ("no numbers", "ElementSpacing", "a b c"),
            ("spacing of zero", "ElementSpacing", "0 0 0"),
            ("offset of NaN", "Offset", "nan nan nan"),
        )
    ),
    *(
        _kind(f"nrrd {name}", _line(key, value), _NRRD)
        for name, key, value in (
            ("larger", "sizes", "4000 4000 4000"),
            ("smaller", "sizes", "8 8 3"),
            ("other byte order", "endian", "big"),
            ("other type", "type", "double"),
            ("other packing", "encoding", "bzip2"),
            ("no directions", "space directions", "none none none"),
            ("other space", "space", "right-anterior-superior"),
        )
    ),
    *(
        _kind(f"dicom {name}", _dicom(change), _one_of_a_series)
        for name, change in (
            ("without rescale", _without("RescaleSlope", "RescaleIntercept")),
            ("other rescale", _set("RescaleIntercept", lambda old: old + 1024)),
            ("other slope", _set("RescaleSlope", lambda old: old * 2)),
            ("without position", _without("ImagePositionPatient")),
            ("position of its neighbour", _set("ImagePositionPatient", lambda old: [*old[:2], old[2] + 3])),
            ("position aside", _set("ImagePositionPatient", lambda old: [old[0] + 40, *old[1:]])),
            ("other pixel spacing", _set("PixelSpacing", lambda old: [one / 2 for one in old])),
            ("without pixel spacing", _without("PixelSpacing")),
            ("turned", _set("ImageOrientationPatient", lambda old: [*old[3:], *old[:3]])),
            ("fewer rows", _fewer_rows),
            ("inverted", _set("PhotometricInterpretation", "MONOCHROME1")),
            ("palette", _set("PhotometricInterpretation", "PALETTE COLOR")),
            ("overlay bits", _overlay),
            ("signed", _set("PixelRepresentation", lambda old: 1 - old)),
            ("other instance number", _set("InstanceNumber", lambda old: old + 1)),
            ("other series", _set("SeriesInstanceUID", "1.2.3.4.5")),
            ("other modality", _set("Modality", "SR")),
            ("without pixels", _without("PixelData")),
            ("bits stored", _set("BitsStored", 8)),
        )
    ),
    _kind("dicom text in a number", _raw_number(b"", b"2\x16"), has(".dcm")),
]
