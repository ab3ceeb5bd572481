"""What a MetaImage or NRRD header says of its data: which files, how long, and whether they lie where they may.

Layouts: https://itk.org/Wiki/MetaIO/Documentation and https://teem.sourceforge.net/nrrd/format.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from cosmos_datasets.errors import CaseError

#: No header is longer; what follows is data.
_LONGEST = 1 << 20
_META = {".mhd", ".mha"}
_NRRD = {".nrrd", ".nhdr"}
_DATA_FIELD = re.compile(r"(?im)^[ \t]*(?:element)?[ \t]*data[ \t]?file[ \t]*[=:]")
_MAX_FILES = 100_000


@dataclass(frozen=True)
class ItkHeader:
    """The part of a header that tells of files.

    Attributes:
        data_files: where the voxels lie, if not in the file itself.
        start: for voxels in the file itself, the byte at which they begin.
        compressed: whether they are packed.
        skips: whether bytes before the voxels are left out, which makes lengths no measure.
        segments: number of segments of a 3D Slicer segmentation.
    """

    data_files: tuple[Path, ...] = ()
    start: int = 0
    compressed: bool = False
    skips: bool = False
    segments: int = 0


def itk_header(path: Path) -> ItkHeader:
    """Read the header of a MetaImage or NRRD file; of any other file, or one that is not there, an empty one.

    Raises:
        CaseError: if the header names a file outside of its own folder, or names its data twice.
    """
    if path.suffix.lower() not in _META | _NRRD or not path.is_file():
        return ItkHeader()
    state = path.stat()
    return _parsed(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _parsed(path: Path, *state: int) -> ItkHeader:
    with path.open("rb") as file:
        text = file.read(_LONGEST).decode("latin-1")
    if len(_DATA_FIELD.findall(text)) > 1:
        # Which of them counts depends on capitals and spelling, and on who reads.
        raise CaseError(f"{path}: its header names the data file more than once; the file is damaged, fetch it again.")
    return _meta(path, text) if path.suffix.lower() in _META else _nrrd(path, text)


def _meta(path: Path, text: str) -> ItkHeader:
    fields, end = _fields(text, r"[ \t]*(\w+)[ \t]*=[ \t]*(.*)", last="elementdatafile")
    named = fields.get("elementdatafile", "")
    names = [] if named.upper() in {"LOCAL", ""} else _names(named, text[end:])
    return ItkHeader(
        data_files=_below(path, names),
        start=end,
        compressed=fields.get("compresseddata", "").lower() == "true",
        skips=fields.get("headersize", "0") != "0",
    )


def _nrrd(path: Path, text: str) -> ItkHeader:
    head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    fields, end = _fields(head, r"([^:#\n][^:\n]*):[ \t]*=?(.*)", last="data file")
    named = fields.get("data file", fields.get("datafile", ""))
    attached = re.search(r"\r?\n\r?\n", text)
    return ItkHeader(
        data_files=_below(path, _names(named, head[end:])) if named else (),
        start=attached.end() if attached else len(text),
        compressed=fields.get("encoding", "raw").lower() != "raw",
        skips=any(fields.get(f"{unit} skip", "0") != "0" for unit in ("byte", "line")),
        segments=sum(bool(re.fullmatch(r"segment\d+_id", name)) for name in fields),
    )


def _fields(text: str, pattern: str, last: str) -> tuple[dict[str, str], int]:
    """Read ``key, value`` lines, up to the one that names the data; returns them and where that line ends."""
    fields: dict[str, str] = {}
    end = len(text)
    for line in re.finditer(r"[^\n]*(?:\n|$)", text):
        match = re.fullmatch(pattern, line[0].rstrip("\r\n"))
        if match is None:
            continue
        key = match[1].strip().lower()
        fields[key] = match[2].strip()
        if key.replace(" ", "") == last.replace(" ", ""):
            end = line.end()
            if last == "elementdatafile" or fields[key].upper().startswith("LIST"):
                break
    return fields, end


def _names(value: str, following: str) -> list[str]:
    """The names that a data field stands for: one, ``LIST`` with one a line, or ``pattern%03d first last step``."""
    if value.upper().startswith("LIST"):
        return [line.strip() for line in following.splitlines() if line.strip()]
    match = re.fullmatch(r"(.*%0?\d*d\S*)\s+(\d+)\s+(\d+)(?:\s+(\d+))?(?:\s+\d+)?", value)
    return list(_numbered(match)) if match else [value]


def _numbered(match: re.Match[str]) -> Iterator[str]:
    first, last, step = int(match[2]), int(match[3]), int(match[4] or 1)
    before, width, after = re.split(r"%(0?\d*)d", match[1], maxsplit=1)
    for number in range(first, min(last, first + _MAX_FILES) + 1, max(step, 1)):
        digits = str(number).zfill(int(width)) if width.startswith("0") else str(number).rjust(int(width or 0))
        yield f"{before}{digits}{after}"


def _below(path: Path, names: list[str]) -> tuple[Path, ...]:
    for name in names:
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or re.match(r"[A-Za-z]:", name):
            raise CaseError(
                f"{path}: its header names a data file outside of its own folder; put the file beside the header and "
                "name it there."
            )
    return tuple(path.parent / name for name in names)
