"""What other tools do to MetaImage and NRRD headers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stress.mutation import Change, Mutation, Right, has, rewritten

_META = has(".mhd", ".mha")
_NRRD = has(".nrrd", ".nhdr")
_END = {"=": b"ElementDataFile", ":": b"\n\n"}


def _header(sign: str, change: Callable[[list[str]], list[str] | None]) -> Change:
    """Change the lines of a text header; ``sign`` stands between key and value, and tells the format."""

    def apply(data: bytes) -> bytes | None:
        head, mark, rest = data.partition(_END[sign])
        if sign == "=":  # the last key is a line too, and what follows it are pixels
            last, newline, rest = (mark + rest).partition(b"\n")
            head, mark = head + last, newline
        lines = change(head.decode("latin-1").split("\n"))
        return None if lines is None else "\n".join(lines).encode("latin-1") + mark + rest

    return rewritten(apply)


def _find(lines: list[str], key: str) -> int | None:
    found = (number for number, line in enumerate(lines) if line.lower().startswith(key.lower()))
    return next(found, None)


def _set(sign: str, key: str, value: str | Callable[[str], str]) -> Change:
    def change(lines: list[str]) -> list[str] | None:
        at = _find(lines, key)
        if at is None:
            return None
        name, _, old = lines[at].partition(sign)
        lines[at] = f"{name}{sign} {value(old.strip()) if callable(value) else value}"
        return lines

    return _header(sign, change)


def _added(sign: str, line: str) -> Change:
    return _header(sign, lambda lines: [*lines[:-1], line, lines[-1]] if sign == "=" else [*lines, line])


def _removed(sign: str, key: str) -> Change:
    def change(lines: list[str]) -> list[str] | None:
        at = _find(lines, key)
        return None if at is None else [*lines[:at], *lines[at + 1 :]]

    return _header(sign, change)


def _numbers(change: Callable[[list[float]], list[float]]) -> Callable[[str], str]:
    return lambda old: " ".join(f"{value:g}" for value in change([float(one) for one in old.split()]))


def _all_crlf(sign: str) -> Change:
    return _header(sign, lambda lines: [line + "\r" for line in lines])


def _right(name: str) -> Right:
    """Numbers of the other byte order are numbers too: nothing tells them from others."""
    return "other" if "byte order" in name else "said"


def _kind(name: str, change: Change, applies: Callable[[Path], bool], right: Right = "said") -> Mutation:
    return Mutation(name, change, applies, right)


def _listed(old: str) -> str:
    return f"LIST\n{old}"


ITK = [
    *(
        _kind(f"meta {name}", _set("=", key, value), _META, _right(name))
        for name, key, value in (
            ("other data file", "ElementDataFile", "none.raw"),
            ("data file of the machine", "ElementDataFile", "/etc/hostname"),
            ("data file above", "ElementDataFile", "../secret.raw"),
            ("data file in capitals", "ElementDataFile", str.upper),
            ("data file by a whole path", "ElementDataFile", lambda old: f"/data/{old}"),
            ("data file with back-slash", "ElementDataFile", lambda old: f".\\{old}"),
            ("list of data files", "ElementDataFile", _listed),
            ("pattern of data files", "ElementDataFile", lambda old: f"{old[:-1]}%d 1 9 1"),
            ("local data", "ElementDataFile", "LOCAL"),
            ("larger", "DimSize", "4000 4000 4000"),
            ("smaller", "DimSize", "8 8 3"),
            ("one slice fewer", "DimSize", _numbers(lambda old: [*old[:-1], old[-1] - 1])),
            ("one slice more", "DimSize", _numbers(lambda old: [*old[:-1], old[-1] + 1])),
            ("rows and columns exchanged", "DimSize", _numbers(lambda old: [old[1], old[0], *old[2:]])),
            ("size below zero", "DimSize", "-8 8 3"),
            ("size of two numbers", "DimSize", "8 8"),
            ("of two dimensions", "NDims", "2"),
            ("other byte order", "BinaryDataByteOrderMSB", "True"),
            ("other element byte order", "ElementByteOrderMSB", "True"),
            ("said to be packed", "CompressedData", "True"),
            ("said to be plain", "CompressedData", "False"),
            ("said to be text", "BinaryData", "False"),
            ("other type", "ElementType", "MET_DOUBLE"),
            ("type of bytes", "ElementType", "MET_UCHAR"),
            ("unsigned", "ElementType", "MET_USHORT"),
            ("type of nobody", "ElementType", "MET_NOBODY"),
            ("spacing without numbers", "ElementSpacing", "a b c"),
            ("spacing of zero", "ElementSpacing", "0 0 0"),
            ("spacing below zero", "ElementSpacing", _numbers(lambda old: [-one for one in old])),
            ("spacing of NaN", "ElementSpacing", "nan nan nan"),
            ("spacing of ones", "ElementSpacing", "1 1 1"),
            ("spacing with commas", "ElementSpacing", lambda old: old.replace(".", ",")),
            ("offset of NaN", "Offset", "nan nan nan"),
            ("shifted", "Offset", _numbers(lambda old: [one + 30 for one in old])),
            ("matrix of zeros", "TransformMatrix", "0 0 0 0 0 0 0 0 0"),
            ("mirrored", "TransformMatrix", "-1 0 0 0 -1 0 0 0 1"),
            ("sheared", "TransformMatrix", "1 0.7 0 0 1 0 0 0 1"),
        )
    ),
    _kind("meta with a header size", _added("=", "HeaderSize = 40"), _META),
    _kind("meta with a header size below zero", _added("=", "HeaderSize = -1"), _META, "same"),
    _kind("meta of three channels", _added("=", "ElementNumberOfChannels = 3"), _META),
    _kind("meta with a scale", _added("=", "ElementToIntensityFunctionSlope = 2"), _META),
    _kind("meta with a comment", _added("=", "Comment = JANE DOE"), _META, "same"),
    _kind("meta without spacing", _removed("=", "ElementSpacing"), _META),
    _kind("meta without type", _removed("=", "ElementType"), _META),
    _kind("meta without matrix", _removed("=", "TransformMatrix"), _META),
    _kind("meta without data file", _removed("=", "ElementDataFile"), _META),
    _kind("meta with CRLF", _all_crlf("="), _META, "same"),
    *(
        _kind(f"nrrd {name}", _set(":", key, value), _NRRD, _right(name))
        for name, key, value in (
            ("larger", "sizes", "4000 4000 4000"),
            ("smaller", "sizes", "8 8 3"),
            ("one slice fewer", "sizes", _numbers(lambda old: [*old[:-1], old[-1] - 1])),
            ("one slice more", "sizes", _numbers(lambda old: [*old[:-1], old[-1] + 1])),
            ("size below zero", "sizes", "-8 8 3"),
            ("of two dimensions", "dimension", "2"),
            ("other byte order", "endian", "big"),
            ("other type", "type", "double"),
            ("type of bytes", "type", "uchar"),
            ("type of nobody", "type", "nobody"),
            ("packed by bzip2", "encoding", "bzip2"),
            ("said to be plain", "encoding", "raw"),
            ("said to be text", "encoding", "ascii"),
            ("no directions", "space directions", "none none none"),
            ("directions of zero", "space directions", "(0,0,0) (0,0,0) (0,0,0)"),
            ("directions of NaN", "space directions", "(nan,0,0) (0,1,0) (0,0,1)"),
            ("origin of NaN", "space origin", "(nan,nan,nan)"),
            ("shifted", "space origin", "(70,80,90)"),
            ("other space", "space", "right-anterior-superior"),
            ("space of nobody", "space", "nobody"),
            ("of vectors", "kinds", "vector domain domain"),
        )
    ),
    _kind("nrrd with data elsewhere", _added(":", "data file: ../secret.raw"), _NRRD),
    _kind("nrrd with data of the machine", _added(":", "data file: /etc/hostname"), _NRRD),
    _kind("nrrd with a list of data", _added(":", "data file: LIST\nnone.raw"), _NRRD),
    _kind("nrrd skipping bytes", _added(":", "byte skip: 40"), _NRRD),
    _kind("nrrd skipping lines", _added(":", "line skip: 1"), _NRRD),
    _kind("nrrd with a comment", _added(":", "# JANE DOE"), _NRRD, "same"),
    _kind("nrrd without directions", _removed(":", "space directions"), _NRRD),
    _kind("nrrd without space", _removed(":", "space:"), _NRRD),
    _kind("nrrd without sizes", _removed(":", "sizes"), _NRRD),
    _kind("nrrd with CRLF", _all_crlf(":"), _NRRD),
]
