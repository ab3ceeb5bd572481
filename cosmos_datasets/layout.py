"""Where the published layout of a source lies below the folder that a user names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import translate
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cosmos_datasets.errors import LayoutError
from cosmos_datasets.pairing import is_folder, is_leftover
from cosmos_datasets.registry import source_ids

if TYPE_CHECKING:
    from cosmos_datasets.source import Source

#: Levels of folders that archives and people put around a layout.
_LEVELS = 3


def roots(source: Source, raw: Path) -> list[Path]:
    """Find every folder where a marker of a source matches, at most three levels below the one that is named.

    Args:
        source: the declaration.
        raw: the folder that the user named.

    Returns:
        The folders, the shallow ones first: several where parts of a release were unpacked side by side, or where
        another publisher's data look alike.

    Raises:
        LayoutError: if there is none, or one has to be chosen; the message shows the expected layout, what was found
            and how to obtain the files.
    """
    if not raw.is_dir():
        raise LayoutError(f"{raw} is not a folder. Name the folder that holds {source.title}.")
    patterns = [tuple(map(_expression, PurePosixPath(marker).parts)) for marker in source.markers]
    found = sorted(set(_matching(raw, patterns)), key=lambda parts: (len(parts), parts))
    if source.only_named:
        found = _the_named(source, raw, found)
    if not found:
        raise source.layout_error(raw)
    return [raw.joinpath(*parts) for parts in found]


def common(folders: Sequence[Path]) -> Path:
    """The folder around all of these, which may be one of them."""
    return Path(os.path.commonpath(folders)) if len(folders) > 1 else folders[0]


def _expression(part: str) -> re.Pattern[str]:
    return re.compile(translate(part), re.IGNORECASE)


def _matching(raw: Path, patterns: Sequence[tuple[re.Pattern[str], ...]]) -> Iterator[tuple[str, ...]]:
    """Yield the root of every path at which a pattern ends, relative to ``raw``; below such a path none is sought."""
    deepest = _LEVELS + max(map(len, patterns))
    folders: list[tuple[tuple[str, ...], frozenset[str]]] = [((), frozenset())]
    while folders:
        above, around = folders.pop()
        here = os.path.realpath(raw.joinpath(*above))
        if here in around:  # a link to a folder that holds it
            continue
        for entry in _entries(raw.joinpath(*above)):
            path = (*above, entry.name)
            ends = [len(path) - len(pattern) for pattern in patterns if _ends(path, pattern)]
            if ends:
                yield path[: min(ends)]
            elif len(path) < deepest and is_folder(entry):
                folders.append((path, around | {here}))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if not is_leftover(entry.name)]
    except OSError:  # whoever lists the files says so
        return []


def _ends(path: tuple[str, ...], pattern: tuple[re.Pattern[str], ...]) -> bool:
    """Whether a path ends in a pattern, at most so many levels down."""
    if not 0 <= len(path) - len(pattern) <= _LEVELS or not pattern[-1].match(path[-1]):
        return False
    return all(one.match(part) for one, part in zip(pattern[:-1], path[-len(pattern) : -1], strict=True))


def _the_named(source: Source, raw: Path, found: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The folder that was meant: the named one, the one in it that is called as the source, or the only one in it."""
    if () in found:
        return [()]
    inside = {parts[0]: parts for parts in found if len(parts) == 1}
    for name, parts in inside.items():
        if name.casefold() == source.id:
            return [parts]
    folders = [entry.name for entry in _entries(raw) if is_folder(entry)]
    if len(folders) == 1 and folders[0].casefold() not in source_ids():
        return list(inside.values())
    if inside:
        names = ", ".join(sorted(inside))
        raise source.layout_error(raw, f"no file's name tells whose it is; name the folder itself, one of: {names}")
    return []
