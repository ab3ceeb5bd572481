"""What editors, spreadsheets and half-finished downloads do to lists and tables."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

from stress.mutation import Mutation, has

_LISTS = has(".txt", ".csv", ".tsv", ".json", ".cfg")


def _text(change: Callable[[str], str | None], encoding: str = "utf-8") -> Callable[[Path, random.Random], bool]:
    def apply(path: Path, _: random.Random) -> bool:
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            return False
        changed = change(text)
        if changed is None or (changed == text and encoding == "utf-8"):
            return False
        path.write_bytes(changed.encode(encoding))
        return True

    return apply


def _lines(change: Callable[[list[str]], list[str]]) -> Callable[[str], str | None]:
    def apply(text: str) -> str | None:
        lines = text.splitlines()
        return "\n".join(change(lines)) + "\n" if len(lines) > 2 else None

    return apply


def _separator(text: str) -> str | None:
    if ";" in text:
        return text.replace(";", ",")
    return text.replace(",", ";") if "," in text and "{" not in text else None


def _without_separator_meaning(text: str) -> str | None:
    return text.replace(";", " ").replace(",", " ") if "{" not in text else None


def _other_names(text: str) -> str | None:
    """The same list for other cases: nothing matches."""
    return re.sub(r"\d", "9", text) if re.search(r"[0-8]", text) else None


def _bytes_of_no_text(path: Path, _: random.Random) -> bool:
    data = path.read_bytes()
    path.write_bytes(data[:9] + b"\xff\xfe\x00" + data[9:])
    return True


def _kind(name: str, change: Callable[[Path, random.Random], bool]) -> Mutation:
    return Mutation(f"list {name}", _LISTS, change)


LISTS = [
    _kind("without its first half", _text(_lines(lambda lines: [lines[0], *lines[len(lines) // 2 + 1 :]]))),
    _kind("without its second half", _text(_lines(lambda lines: lines[: len(lines) // 2 + 1]))),
    _kind("without its last line", _text(_lines(lambda lines: lines[:-1]))),
    _kind("without its head", _text(_lines(lambda lines: lines[1:]))),
    _kind("head alone", _text(_lines(lambda lines: lines[:1]))),
    _kind("of other names", _text(_other_names)),
    _kind("with other separator", _text(_separator)),
    _kind("without separator", _text(_without_separator_meaning)),
    _kind("with CRLF", _text(lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"))),
    _kind("with CR", _text(lambda text: text.replace("\r\n", "\n").replace("\n", "\r"))),
    _kind("with BOM", _text(lambda text: text, "utf-8-sig")),
    _kind("in UTF-16", _text(lambda text: text, "utf-16")),
    _kind("with back-slashes", _text(lambda text: text.replace("/", "\\"))),
    _kind("in capitals", _text(str.upper)),
    _kind("with blanks", _text(lambda text: re.sub(r"(?m)$", "  ", text))),
    _kind("with quotes", _text(lambda text: re.sub(r"(?m)^([^\",;{}\s]+)", r'"\1"', text))),
    _kind("every line twice", _text(_lines(lambda lines: [one for line in lines for one in (line, line)]))),
    _kind("not available", _text(lambda text: re.sub(r"\d+", "n/a", text))),
    _kind("with bytes of no text", _bytes_of_no_text),
]
