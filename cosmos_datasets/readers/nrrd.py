"""The header of an NRRD (``.nrrd``, ``.nhdr`` with its data files), segmentations of 3D Slicer among them.

Layout: https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.readers.header_files import listed_files, numbered_names
from cosmos_datasets.readers.voxel_layout import Layout
from cosmos_datasets.readers.world import LPS_TO_RAS, Place, in_millimetres

_LONGEST = 1 << 20
_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(
        ("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"),
        "i8",
    ),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), "u8"),
    "float": "f4",
    "double": "f8",
}
_PACKED = {"raw": False, "gzip": True, "gz": True}
#: The worlds that have a direction to the patient's right; in any other nothing is known of the patient.
_TO_RAS = {
    **dict.fromkeys(("left-posterior-superior", "lps"), LPS_TO_RAS),
    **dict.fromkeys(("right-anterior-superior", "ras"), np.eye(4)),
    **dict.fromkeys(("left-anterior-superior", "las"), np.diag([-1.0, 1.0, 1.0, 1.0])),
}
_UNITS = {
    **dict.fromkeys(("m", "meter", "meters", "metre"), "metre"),
    **dict.fromkeys(("cm", "centimeter", "centimeters"), "centimetre"),
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns", "micrometer", "micrometers"), "micrometre"),
    **dict.fromkeys(("nm", "nanometer", "nanometers"), "nanometre"),
}
#: All that the format knows, blanks left out.
_FIELDS = re.compile(
    "axis(maxs|mins)|blocksize|(byte|line)skip|cent(ers|erings)|content|datafile|dimension|encoding|endian|kinds|labels|"
    "(old)?(max|min)|measurementframe|number|sampleunits|sizes|space(dimension|directions|origin|units)?|spacings|"
    "thicknesses|type|units"
)
_SPACE_KINDS = {"domain", "space", "time", "none", "???"}
_DIMENSIONS = 3


def nrrd_header(path: Path) -> tuple[Layout, Place]:
    """Read the header.

    Raises:
        CaseError: if it names a file outside of its own folder, is not of one value a voxel in three dimensions, or
            holds several segments.
        ValueError: for text that is no such header; what it quotes may be private.
        KeyError: for a field that is missing.
    """
    with path.open("rb") as file:
        start = file.read(_LONGEST)
    head, blank, _ = re.split(rb"(\r?\n\r?\n|\Z)", start, maxsplit=1)
    fields, segments = _fields(head.decode("utf-8", "surrogateescape"))
    kind, encoding = fields["type"].lower(), fields["encoding"].lower()
    if segments > 1:
        raise CaseError(f"{path}: it holds {segments} segments; write each to a file of its own.")
    if kind not in _TYPES or encoding not in _PACKED or fields.get("lineskip", "0") != "0":
        raise CaseError(f"{path}: its type or its encoding is not read; write it again, as raw or gzip.")
    names, skipped = _names(path, fields.get("datafile", "")), int(fields.get("byteskip", 0))
    endian = fields["endian"].lower() if np.dtype(_TYPES[kind]).itemsize > 1 else "little"
    if endian not in {"little", "big"} or skipped < -1 or (skipped < 0 and _PACKED[encoding]):
        raise ValueError(endian, skipped)
    axes, sizes = _axes(path, fields)
    layout = Layout(
        header=path,
        shape=sizes,
        dtype=np.dtype(_TYPES[kind]).newbyteorder(">" if endian == "big" else "<"),
        data_files=listed_files(path, names),
        start=min(skipped, 0) if names or skipped < 0 else len(head + blank),
        packed=_PACKED[encoding],
        skipped=max(skipped, 0),
    )
    return layout, _place(path, fields, axes)


def _fields(text: str) -> tuple[dict[str, str], int]:
    """The fields, the names of a ``LIST`` with theirs; and how many segments the keys of 3D Slicer tell of."""
    magic, *lines = re.split(r"\r?\n", text)
    if not re.fullmatch(r"NRRD000[1-5]", magic):
        raise ValueError(magic)
    fields: dict[str, str] = {}
    segments: set[str] = set()
    for number, line in enumerate(lines):
        if segment := re.match(r"Segment(\d+)_ID:=", line):
            segments.add(segment[1])
        if not line or re.match(r"#|[^:]+:=", line):
            continue
        key, colon, value = (one.strip() for one in line.partition(":"))
        key = key.lower().replace(" ", "")
        if not colon or key in fields or not _FIELDS.fullmatch(key):
            raise ValueError(line)
        fields[key] = value
        if key == "datafile" and value.upper().startswith("LIST"):
            fields[key] = "\n".join([value, *lines[number + 1 :]])
            break
    return fields, len(segments)


def _names(path: Path, value: str) -> list[str]:
    """The data files: none for voxels behind the header, one, those of a list, or those of a pattern."""
    if value.upper().startswith("LIST"):
        return [line.strip() for line in value.split("\n")[1:] if line.strip()]
    if "%" not in value:
        return [value] if value else []
    match = re.fullmatch(r"(.*\S)\s+(\d+)\s+(\d+)\s+(\d+)(?:\s+\d+)?", value)
    names = numbered_names(match[1], *map(int, match.groups()[1:])) if match else None
    if names is None:
        raise CaseError(f"{path}: its header names the data files by a pattern that cannot be read.")
    return list(names)


def _axes(path: Path, fields: dict[str, str]) -> tuple[list[int], tuple[int, ...]]:
    """The axes that lie in space, three or a fourth of length one with them; and the sizes of the three."""
    sizes = [int(size) for size in fields["sizes"].split()]
    kinds = fields.get("kinds", "").lower().split() or ["domain"] * len(sizes)
    directions = _directions(fields) or kinds
    if not len(sizes) == int(fields["dimension"]) == len(kinds) == len(directions) or min(sizes) < 1:
        raise ValueError(sizes, kinds)
    stated = any("(" in one for one in directions)
    axes = [axis for axis, one in enumerate(directions) if ("(" in one if stated else one in _SPACE_KINDS)]
    if len(axes) < _DIMENSIONS or any(size > 1 for axis, size in enumerate(sizes) if axis not in axes[:_DIMENSIONS]):
        raise CaseError(
            f"{path}: a 3D image with one value a voxel was expected, its shape is {tuple(sizes)}, and {len(axes)} "
            "axes lie in space."
        )
    return axes, tuple(sizes[axis] for axis in axes[:_DIMENSIONS])


def _directions(fields: dict[str, str]) -> list[str]:
    return re.sub(r"(?<=[(,])\s+|\s+(?=[,)])", "", fields.get("spacedirections", "")).split()


@np.errstate(all="ignore")  # numbers of a damaged header
def _place(path: Path, fields: dict[str, str], axes: list[int]) -> Place:
    affine, notes, directions = np.eye(4), [], _directions(fields)
    if directions:
        vectors = [_vector(directions[axis], len(axes)) for axis in axes]
        affine[:3, :3] = np.array(vectors)[:_DIMENSIONS, :_DIMENSIONS].T
        if "spaceorigin" in fields:
            affine[:3, 3] = _vector(fields["spaceorigin"], len(axes))[:_DIMENSIONS]
    elif "spacings" in fields:
        spacings = [float(one) for one in fields["spacings"].split()]
        affine[:3, :3] = np.diag([spacings[axis] for axis in axes[:_DIMENSIONS]])
    elif "axismins" in fields:
        raise CaseError(f"{path}: its header states the ends of the axes in place of voxel sizes, which is not read.")
    else:
        notes.append(Finding("warning", "the header states no voxel size; 1 mm was taken"))
    space = fields.get("space", "").lower().removesuffix("-time")
    units = set(re.findall(r'"([^"]*)"', fields.get("spaceunits" if directions else "units", ""))) - {"", "???"}
    unit = _UNITS.get(units.pop(), "") if len(units) == 1 else ""
    affine, told = in_millimetres(_TO_RAS.get(space, LPS_TO_RAS) @ affine, unit)
    return Place(affine, bool(directions) and space in _TO_RAS, (*notes, *told))


def _vector(text: str, length: int) -> list[float]:
    inner = re.fullmatch(r"\((.*)\)", text)
    numbers = [float(one) for one in inner[1].split(",")] if inner else []
    if len(numbers) != length:
        raise ValueError(text)
    return numbers
