"""What editors, spreadsheets and half-finished downloads do to lists and tables."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from stress.mutation import Change, Mutation, Right, has, rewritten

_LISTS = has(".txt", ".csv", ".tsv", ".json", ".cfg")
_SEPARATORS = ",;\t"


def _text(change: Callable[[str], str | None], encoding: str = "utf-8") -> Change:
    def apply(data: bytes) -> bytes | None:
        try:
            changed = change(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            return None
        return None if changed is None else changed.encode(encoding, errors="replace")

    return rewritten(apply)


def _lines(change: Callable[[list[str]], list[str]]) -> Change:
    def apply(text: str) -> str | None:
        lines = text.splitlines()
        return "\n".join(change(lines)) + "\n" if len(lines) > 2 else None

    return _text(apply)


def _middle(change: Callable[[str], list[str]]) -> Change:
    """Change one line in the middle."""

    def apply(lines: list[str]) -> list[str]:
        at = max(len(lines) // 2, 1)
        return [*lines[:at], *change(lines[at]), *lines[at + 1 :]]

    return _lines(apply)


def _cells(change: Callable[[list[str]], list[str]]) -> Change:
    """Change every line of a table by its cells; no cell of these trees holds its separator."""

    def apply(text: str) -> str | None:
        head = text.partition("\n")[0]
        separator = max(_SEPARATORS, key=head.count)
        if separator not in head or "{" in text:
            return None
        return "\n".join(separator.join(change(line.split(separator))) for line in text.splitlines()) + "\n"

    return _text(apply)


def _separator(new: str) -> Change:
    def apply(text: str) -> str | None:
        old = max(_SEPARATORS, key=text.count)
        return None if "{" in text or old == new or old not in text else text.replace(old, new)

    return _text(apply)


def _typo(text: str) -> str | None:
    """One digit of one name in the middle is another one."""
    digits = [found.start() for found in re.finditer(r"\d", text)]
    if not digits:
        return None
    at = digits[len(digits) // 2]
    return text[:at] + str((int(text[at]) + 5) % 10) + text[at + 1 :]


def _kind(name: str, change: Change, right: Right = "said") -> Mutation:
    return Mutation(f"list {name}", change, _LISTS, right)


def _shuffled(lines: list[str]) -> list[str]:
    return [lines[0], *random.Random(0).sample(lines[1:], len(lines) - 1)]


LISTS = [
    _kind("without its first half", _lines(lambda lines: [lines[0], *lines[len(lines) // 2 + 1 :]])),
    _kind("without its second half", _lines(lambda lines: lines[: len(lines) // 2 + 1])),
    _kind("without its last line", _lines(lambda lines: lines[:-1])),
    _kind("without a line", _middle(lambda _: [])),
    _kind("without its head", _lines(lambda lines: lines[1:])),
    _kind("head alone", _lines(lambda lines: lines[:1])),
    _kind("with a title above its head", _text(lambda text: "exported by somebody\n" + text)),
    _kind("with other words in its head", _lines(lambda lines: [re.sub(r"[a-zA-Z]+", "Wort", lines[0]), *lines[1:]])),
    _kind("with a case more", _lines(lambda lines: [*lines, re.sub(r"\d", "7", lines[-1])])),
    _kind("of other names", _text(lambda text: re.sub(r"\d", "9", text))),
    _kind("with a wrong digit", _text(_typo)),
    _kind("with comma", _separator(",")),
    _kind("with semicolon", _separator(";")),
    _kind("with tab", _separator("\t")),
    _kind("with bar", _separator("|")),
    _kind("without separator", _separator(" ")),
    _kind("without its last column", _cells(lambda cells: cells[:-1])),
    _kind("without its first column", _cells(lambda cells: cells[1:])),
    _kind("with its columns reversed", _cells(lambda cells: cells[::-1])),
    _kind("with an empty last column", _cells(lambda cells: [*cells[:-1], ""])),
    _kind("with an index column", _cells(lambda cells: ["0", *cells])),
    _kind("with all cells quoted", _cells(lambda cells: [f'"{cell}"' for cell in cells])),
    _kind("with blanks around cells", _cells(lambda cells: [f" {cell} " for cell in cells])),
    _kind("with an empty cell", _middle(lambda line: [re.sub(r"[^,;\t]+$", "", line)])),
    _kind("sorted otherwise", _lines(_shuffled), "same"),
    _kind("backwards", _lines(lambda lines: [lines[0], *lines[:0:-1]])),
    _kind("with CRLF", _text(lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n")), "same"),
    _kind("with CR", _text(lambda text: text.replace("\r\n", "\n").replace("\n", "\r"))),
    _kind("with BOM", _text(lambda text: text, "utf-8-sig"), "same"),
    _kind("in UTF-16", _text(lambda text: text, "utf-16")),
    _kind("in UTF-32", _text(lambda text: text, "utf-32")),
    _kind("with back-slashes", _text(lambda text: text.replace("/", "\\"))),
    _kind("in capitals", _text(str.upper)),
    _kind("in small letters", _text(str.lower)),
    _kind("with blanks at line ends", _text(lambda text: re.sub(r"(?m)(?=\r?$)", "  ", text))),
    _kind("with hard blanks", _text(lambda text: re.sub(r"(?m)(?=\r?$)", "\u00a0", text))),
    _kind("with empty lines", _text(lambda text: text.replace("\n", "\n\n"))),
    _kind("with a comment", _text(lambda text: text + "# checked\n")),
    _kind("with names quoted", _text(lambda text: re.sub(r"(?m)^([^\",;{}\s]+)", r'"\1"', text))),
    _kind("with suffixes", _text(lambda text: re.sub(r"(?m)(\d)(?=[\",;\t\r]*$)", r"\1.nii.gz", text))),
    _kind("with folders", _text(lambda text: re.sub(r"(?m)^(?=\w)", "data/", text))),
    _kind("with decimal commas", _text(lambda text: re.sub(r"(\d)\.(\d)", r"\1,\2", text))),
    _kind("with numbers of a spreadsheet", _text(lambda text: re.sub(r"\b0+(\d)", r"\1", text))),
    _kind("with floating-point numbers", _text(lambda text: re.sub(r"\b(\d+)\b(?![.\d])", r"\1.0", text))),
    _kind("every line twice", _lines(lambda lines: [one for line in lines for one in (line, line)])),
    _kind("every line twice but its head", _lines(lambda lines: [lines[0], *lines[1:], *lines[1:]])),
    _kind("one line twice, differing", _middle(lambda line: [line, _typo(line) or line])),
    _kind("not available", _text(lambda text: re.sub(r"\d+", "n/a", text))),
    _kind("of nothing but lines", _text(lambda text: re.sub(r"[^\r\n]", "", text))),
    _kind("with bytes of no text", rewritten(lambda data: data[:9] + b"\xff\xfe\x00" + data[9:])),
    _kind("with an endless line", rewritten(lambda data: data + b"9" * 200_000)),
]
