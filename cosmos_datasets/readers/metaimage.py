"""The header of a MetaImage (``.mhd`` with ``.raw`` or ``.zraw``, ``.mha``).

Layout: https://itk.org/Wiki/MetaIO/Documentation
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.readers.header_files import listed_files, numbered_names
from cosmos_datasets.readers.voxel_layout import Layout
from cosmos_datasets.readers.world import LPS_TO_RAS, Place, in_millimetres

#: No header is longer; what follows is voxels.
_LONGEST = 1 << 20
_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",  # of four bytes, whatever the machine that wrote it
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_UNITS = {"um": "micrometre", "cm": "centimetre"}
_DIMENSIONS = 3


def meta_header(path: Path) -> tuple[Layout, Place]:
    """Read the header.

    Raises:
        CaseError: if it names a file outside of its own folder, or is not of one value a voxel in three dimensions.
        ValueError: for text that is no such header; what it quotes may be private.
        KeyError: for a field that is missing.
    """
    with path.open("rb") as file:
        fields, end = _fields(file.read(_LONGEST))
    dimensions, values = int(fields["NDims"]), int(fields.get("ElementNumberOfChannels", 1))
    shape = tuple(int(size) for size in fields["DimSize"].split())
    if len(shape) != dimensions or min(shape) < 1:
        raise ValueError(shape)
    if shape[_DIMENSIONS:] not in {(), (1,)} or dimensions < _DIMENSIONS or values != 1:
        raise CaseError(
            f"{path}: a 3D image with one value a voxel was expected, its shape is {shape} of {values} values."
        )
    if not _flag(fields, "BinaryData", usual="True") or fields["ElementType"] not in _TYPES:
        raise CaseError(f"{path}: its voxels are no binary numbers, which is not read; write it again.")
    names, start = _names(path, fields["ElementDataFile"], shape), int(fields.get("HeaderSize", 0))
    if start < -1:
        raise ValueError(start)
    big = _flag(fields, "BinaryDataByteOrderMSB", usual=fields.get("ElementByteOrderMSB", "False"))
    layout = Layout(
        header=path,
        shape=shape[:_DIMENSIONS],
        dtype=np.dtype(_TYPES[fields["ElementType"]]).newbyteorder(">" if big else "<"),
        data_files=listed_files(path, names),
        start=start or (0 if names else end),
        packed=_flag(fields, "CompressedData", usual="False"),
    )
    return layout, _place(fields, dimensions)


def _fields(start: bytes) -> tuple[dict[str, str], int]:
    """The fields up to the one that names the data, its following lines with it; and where the voxels may begin."""
    fields: dict[str, str] = {}
    for line in re.finditer(rb"[^\n]*\n|[^\n]+$", start):
        if not line[0].strip():
            continue
        key, equals, value = (one.strip() for one in line[0].decode("utf-8", "surrogateescape").partition("="))
        if not equals or fields.setdefault(key, value) != value:
            raise ValueError(key)
        if key == "ElementDataFile":
            if value.upper().startswith("LIST"):
                fields[key] += "\n" + start[line.end() :].decode("utf-8", "surrogateescape")
            return fields, line.end()
    raise KeyError("ElementDataFile")


def _flag(fields: dict[str, str], key: str, usual: str) -> bool:
    value = fields.get(key, usual).lower()
    if value not in {"true", "t", "1", "false", "f", "0"}:
        raise ValueError(value)
    return value in {"true", "t", "1"}


def _names(path: Path, value: str, shape: tuple[int, ...]) -> list[str]:
    """The data files: none for voxels behind the header, one, those of a list, or those of a pattern."""
    if value.upper() == "LOCAL":
        return []
    if value.upper().startswith("LIST"):
        return [line.strip() for line in value.split("\n")[1:] if line.strip()]
    if "%" not in value:
        return [value]
    pattern, *numbers = re.split(r"\s+(?=\d+(?:\s+\d+)*$)|(?<=\d)\s+(?=\d+(?:\s+\d+)*$)", value)
    first, last, step, *_ = (*map(int, numbers), *(1, shape[-1], 1)[len(numbers) :])
    names = numbered_names(pattern, first, last, step)
    if names is None:
        raise CaseError(f"{path}: its header names the data files by a pattern that cannot be read.")
    return list(names)


@np.errstate(all="ignore")  # numbers of a damaged header
def _place(fields: dict[str, str], dimensions: int) -> Place:
    notes: list[Finding] = []
    matrix = _numbers(fields, ("TransformMatrix", "Rotation", "Orientation"), dimensions**2)
    offset = _numbers(fields, ("Offset", "Position", "Origin"), dimensions)
    spacing = _numbers(fields, ("ElementSpacing", "ElementSize"), dimensions)
    if spacing is None:
        notes.append(Finding("warning", "the header states no voxel size; 1 mm was taken"))
    # A row of the matrix is where an axis of the file points to.
    axes = np.eye(dimensions) if matrix is None else matrix.reshape(dimensions, dimensions).T
    affine = np.eye(4)
    affine[:3, :3] = (axes * (1.0 if spacing is None else spacing))[:3, :3]
    affine[:3, 3] = 0 if offset is None else offset[:3]
    affine, told = in_millimetres(LPS_TO_RAS @ affine, _UNITS.get(fields.get("DistanceUnits", "mm"), ""))
    scaled = [fields.get(f"ElementToIntensityFunction{name}") for name in ("Slope", "Offset")]
    if any(value is not None and float(value) != usual for value, usual in zip(scaled, (1, 0), strict=True)):
        notes.append(Finding("warning", "the header states a function of the values; they were taken as stored"))
    return Place(affine, matrix is not None or offset is not None, (*notes, *told))


def _numbers(fields: dict[str, str], keys: tuple[str, ...], count: int) -> NDArray[np.float64] | None:
    stated = [fields[key] for key in keys if key in fields]
    if not stated:
        return None
    numbers = np.array([float(one) for one in stated[0].split()])
    if numbers.size != count:
        raise ValueError(f"{numbers.size} numbers where {count} are needed")
    return numbers
