"""What a look at raw files finds: said alike by ``check``, by ``build`` and in the manifest."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cosmos_datasets.plain_text import printable

#: ``error``: a build leaves the case out. ``warning``: it is built, and may not be what one thinks. ``note``: a fact.
Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")

#: Level -> what -> where: the form in which findings are printed and kept in the manifest.
Grouped = dict[str, dict[str, list[str]]]


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        level: how bad it is, see :data:`Level`.
        what: the same words for every case that it concerns, with the remedy.
        where: case id or file, and what is particular about it.
    """

    level: Level
    what: str
    where: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", printable(self.where))


def grouped(findings: Iterable[Finding]) -> Grouped:
    """Group findings by level and words, the most frequent words first; a place is named once."""
    found: dict[str, dict[str, dict[str, None]]] = {level: defaultdict(dict) for level in LEVELS}
    for one in findings:
        found[one.level][one.what][one.where] = None
    return {
        level: {what: list(where) for what, where in sorted(words.items(), key=lambda item: -len(item[1]))}
        for level, words in found.items()
        if words
    }


def ungrouped(found: Mapping[str, Mapping[str, Iterable[str]]]) -> Iterator[Finding]:
    """Yield the findings of a :data:`Grouped`."""
    for level in LEVELS:
        for what, places in found.get(level, {}).items():
            yield from (Finding(level, what, where) for where in places)


def below(root: Path, text: str) -> str:
    """Name files relative to the raw folder: where it lies concerns nobody who gets the data set.

    A message may have put the folder in quotes, made one line of its name, or cut it off; a part of the name is taken
    out too.
    """
    folders = {f"{one}/" for one in (root, root.absolute(), root.resolve()) if one.parts}
    ways = (str, repr, ascii, printable, lambda folder: " ".join(folder.split()))
    written = {way(folder).strip("'\"") for folder in folders for way in ways}
    starts = {re.escape(folder[: folder.index("/", 1) + (folder[0] != "/")]) for folder in written}
    pieces, end = [], 0
    for start in re.finditer(rf"(?<![\w./-])(?:{'|'.join(sorted(starts))})", text):
        if start.start() >= end:
            pieces.append(text[end : start.start()])
            rest = text[start.start() :]
            end = start.start() + max(_shared(folder, rest) for folder in written)
    return printable("".join((*pieces, text[end:])))


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next(
        (n for n, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1), min(len(one), len(other))
    )
