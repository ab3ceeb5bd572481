"""Text from files and tables of anybody, made harmless for where it goes: a terminal, a table, a page."""

from __future__ import annotations

#: With these a spreadsheet begins a formula.
_FORMULA = ("=", "+", "-", "@")


def printable(text: str) -> str:
    """Write out what no terminal and no file should get: control characters, and bytes of a name that are no UTF-8."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def printable_lines(text: str) -> str:
    """The same line by line: line breaks stay."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))


def markdown_cell(value: object) -> str:
    """A value inside of a Markdown table: in one line, and neither a further cell nor HTML."""
    text = printable(" ".join(str(value).split()))
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def csv_cell(value: object) -> object:
    """A value of a CSV file: a text that a spreadsheet would take for a formula begins with an apostrophe."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
