"""Files that go with a header: which they are, and that none lies elsewhere.

A header comes from anywhere. What it names becomes pixels that are published, so a name that leads out of the header's
own folder is refused before anything is opened.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from cosmos_datasets.errors import CaseError

_MOST_FILES = 100_000


def listed_files(header: Path, names: list[str]) -> tuple[Path, ...]:
    """The files of some names.

    Raises:
        CaseError: if a name leads out of the header's folder, or there are too many.
    """
    if len(names) > _MOST_FILES:
        raise CaseError(f"{header}: its header names more than {_MOST_FILES:,} data files; it is damaged.")
    for name in names:
        pure = PurePosixPath(name.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or re.match(r"[A-Za-z]:|-$", name) or not name.isprintable():
            raise _outside(header)
    return tuple(header.parent / name for name in names)


def must_lie_beside(header: Path, data: Path) -> None:
    """Refuse a data file whose name is a link to elsewhere.

    A link may stay in the folder of the header, lead to where the header's own link leads, or into the
    ``annex/objects`` of the repository that holds the header, as git-annex has it.

    Raises:
        CaseError: for any other link.
    """
    real = data.resolve()
    folders = [header.parent.resolve(), header.resolve().parent]
    repositories = [above / ".git" for above in (folders[0], *folders[0].parents) if (above / ".git").exists()]
    in_annex = "annex/objects" in real.parent.as_posix() and any(map(real.is_relative_to, repositories))
    if not in_annex and not any(map(real.is_relative_to, folders)):
        raise _outside(header)


def sibling(path: Path, *suffixes: str) -> Path | None:
    """Find the file beside ``path`` that has its stem and one of some suffixes.

    Args:
        path: one of the two; its own suffix is what follows the last dot, with that before a ``.gz``.
        suffixes: in lower case, the preferred one first; capitals do not matter.

    Returns:
        The file, or ``None`` if there is none.
    """
    stem = re.sub(r"\.[^.]*(\.gz)?$", "", path.name, flags=re.IGNORECASE)
    for suffix in suffixes:
        exact = path.with_name(stem + suffix)
        if exact.exists():
            return exact
    beside = {one.name.lower(): one for one in path.parent.glob(f"{glob.escape(stem)}.*")}
    return next((beside[name] for suffix in suffixes if (name := (stem + suffix).lower()) in beside), None)


def numbered_names(pattern: str, first: int, last: int, step: int = 1) -> Iterator[str] | None:
    """The names that a pattern of C's ``printf`` with one ``%d`` stands for; ``None`` if it is no such pattern."""
    match = re.fullmatch(r"([^%]*)%(0?)(\d{0,2})d([^%]*)", pattern)
    if match is None or step < 1:
        return None
    before, fill, width, after = match.groups()
    numbers = range(first, last + 1, step)[: _MOST_FILES + 1]
    return (f"{before}{str(number).rjust(int(width or 0), fill or ' ')}{after}" for number in numbers)


def _outside(header: Path) -> CaseError:
    return CaseError(
        f"{header}: its header names a data file outside of its own folder; put the file beside the header and name "
        "it there."
    )
