"""The lists and tables of publishers, read tolerantly: whatever a spreadsheet or an editor made of them."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from cosmos_datasets.errors import CaseError, TableError
from cosmos_datasets.noticing import notice, notice_table
from cosmos_datasets.readers.presence import must_be_there

_DELIMITERS = ",;\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WEB_PAGE = re.compile(r"\s*<(?:!doctype|html|\?xml|head|body)", re.IGNORECASE)
#: Run lengths of a large structure make a long cell.
_LONGEST_CELL = 2**24
_SHOWN = 5


def find_list(folder: Path, name: str) -> Path | None:
    """Find a file by its official name, in any case; a link to nothing counts as there."""
    if not folder.is_dir():
        return None
    found = sorted(path for path in folder.iterdir() if path.name.casefold() == name.casefold())
    return folder / name if folder / name in found else next(iter(found), None)


def read_text(path: Path) -> str:
    """Read a text file of any usual encoding.

    Returns:
        The text, with line ends as ``\\n`` and without byte order mark.

    Raises:
        TableError: if the file is missing, empty, binary, a web page or a pointer to a file that was not fetched.
    """
    try:
        must_be_there(path)
        text = _decode(path.read_bytes())
    except CaseError as error:
        raise TableError(str(error)) from error
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror}).") from error
    if _WEB_PAGE.match(text):
        raise TableError(f"{path}: a web page was saved under this name; download the list again.")
    if "\0" in text or not text.strip():
        raise TableError(f"{path}: {'binary data' if text.strip() else 'nothing'} where a text was expected.")
    notice_table(path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_if_any(path: Path) -> str:
    """Read a list that only helps to choose: one that is damaged is as good as none, which is noticed."""
    try:
        return read_text(path)
    except TableError as error:
        notice("warning", "a list that helps to tell files apart cannot be read", str(error))
        return ""


def _decode(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.removeprefix(mark).decode(encoding, errors="replace")
    if len(content) > 1 and 0 in content[:2]:  # UTF-16 without its mark: Latin letters have a zero beside them
        return content.decode("utf-16-be" if content[0] == 0 else "utf-16-le", errors="replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_table(path: Path, *columns: str) -> list[dict[str, str]]:
    """Read columns of a table with a head.

    Delimiter, quotes, line ends, encoding, order, further columns, blanks and capitals in the head do not matter.

    Args:
        path: the file.
        columns: names of the columns, in any case.

    Returns:
        One dictionary a row, from a column's name as given to its cell, stripped; ``""`` where a row is too short.
        Rows without any of the columns are left out.

    Raises:
        TableError: if the file is no such table, or has no rows.
    """
    text = read_text(path)
    wanted = [_fold(name) for name in columns]
    for rows in _parsed(text):
        head = [_fold(cell) for cell in rows[0]]
        if all(head.count(name) == 1 for name in wanted):
            places = [head.index(name) for name in wanted]
            cells = [[row[place].strip() if place < len(row) else "" for place in places] for row in rows[1:]]
            found = [dict(zip(columns, some, strict=True)) for some in cells if any(some)]
            if not found:
                raise TableError(f"{path}: the table has a head and no rows; download it again.")
            return found
    head_line = text.strip().splitlines()[0][:100]
    raise TableError(f"{path} has no column {' or '.join(columns)}; its first line is {head_line!r}.")


def _fold(name: str) -> str:
    return " ".join(name.replace("\ufeff", "").split()).casefold()


def _parsed(text: str) -> Iterator[list[list[str]]]:
    """The table as it would be with every delimiter, first with its quotes, then without."""
    lines = [line for line in text.splitlines() if line.strip()]
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        # An odd quote would make one cell of all that follows.
        if not any(line.count('"') % 2 for line in lines):
            yield from (list(csv.reader(lines, delimiter=one)) for one in _DELIMITERS)
        bare = [line.replace('"', "") for line in lines]
        yield from (list(csv.reader(bare, delimiter=one, quoting=csv.QUOTE_NONE)) for one in _DELIMITERS)
    except csv.Error:
        return
    finally:
        csv.field_size_limit(before)


def read_names(path: Path) -> list[str]:
    """Read a list of names, one a line.

    Returns:
        The names as :func:`plain_name` has them; of a line with several columns the first.

    Raises:
        TableError: see :func:`read_text`.
    """
    lines = (re.split(r"[,;\t|]", line)[0] for line in read_text(path).splitlines())
    return [name for line in lines if (name := plain_name(line))]


def plain_name(text: str) -> str:
    """What a list calls a case, in lower case, without folders and suffix."""
    return file_name(text).partition(".")[0].casefold()


def file_name(text: str) -> str:
    """The file that a cell names, without folders, in whichever system's notation, and without quotes."""
    return re.split(r"[\\/]", text.strip(" \t\"'"))[-1].strip()


def notice_absent(where: str, named: Collection[str], present: Collection[str]) -> None:
    """Notice what an official list names and is not here: downloads may be partial, and files may be lost."""
    for name in sorted({*named} - {*present}):
        notice("note", f"{where} names what is not here; is the download partial?", name)


def unnamed(where: str, named: Collection[str], present: Sequence[str]) -> list[str]:
    """List what is present and not named by an official list.

    Args:
        where: name of the list.
        named: what it names; that it names more is no fault, see :func:`notice_absent`.
        present: what has to be named.

    Raises:
        TableError: if most of what is present is not named: the list is cut short, or of other data.
    """
    lacking = [name for name in present if name not in named]
    if 2 * len(lacking) > len(present):
        shown = ", ".join(lacking[:_SHOWN]) + (", ..." if len(lacking) > _SHOWN else "")
        raise TableError(
            f"{where} does not name {len(lacking)} of the {len(present)} that are here ({shown}); is it whole, and of "
            "this release? Download it again."
        )
    return lacking
