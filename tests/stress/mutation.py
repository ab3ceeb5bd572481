"""A mutation: one way in which a raw tree goes wrong on its way from the publisher to a build."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

#: Changes a file, or a whole tree; returns whether it did.
Change = Callable[[Path, random.Random], bool]
#: What a build may make of it. ``said``: whatever it likes, in words. ``same``: the same rows. ``other``: other rows
#: without a word, since the files are sound and only who knows the original could tell.
Right = Literal["said", "same", "other"]


@dataclass(frozen=True)
class Mutation:
    """One kind of damage.

    Attributes:
        name: of the kind.
        change: does it; returns whether anything was changed.
        applies: whether it can be done to a file, by its name; unused for a whole tree.
        right: see :data:`Right`.
        whole_tree: the change is given the folder of the tree, not a file.
    """

    name: str
    change: Change
    applies: Callable[[Path], bool]
    right: Right = "said"
    whole_tree: bool = False

    def sites(self, tree: Path, rng: random.Random) -> Iterator[Path]:
        """Yield what it may be done to, each once: of every kind of file the first, one in the middle and the last.

        Kinds come in random order, and every kind once before any comes again.
        """
        if self.whole_tree:
            yield tree
            return
        kinds = [list(paths) for _, paths in groupby(sorted(self._files(tree), key=_kind), _kind)]
        orders = [rng.sample(places, len(places)) for places in map(_ends, kinds)]
        rng.shuffle(orders)
        for turn in range(max(map(len, orders), default=0)):
            yield from (places[turn] for places in orders if turn < len(places))

    def at(self, path: Path, rng: random.Random) -> bool:
        """Do it; returns whether anything was changed: trees hold placeholders too, in which nothing can be."""
        with suppress(Exception):
            return self.change(path, rng)
        return False

    def _files(self, tree: Path) -> Iterator[Path]:
        return (path for path in tree.rglob("*") if path.is_file() and any_file(path) and self.applies(path))


def _kind(path: Path) -> str:
    """Files of one kind are called alike but for numbers."""
    return re.sub(r"[0-9][0-9a-f]*", "#", path.as_posix())


def _ends(paths: list[Path]) -> list[Path]:
    ordered = sorted(paths)
    return list(dict.fromkeys((ordered[0], ordered[len(ordered) // 2], ordered[-1])))


def has(*suffixes: str) -> Callable[[Path], bool]:
    """Whether a file's name ends so, in any capitals."""
    return lambda path: path.name.lower().endswith(suffixes)


def any_file(path: Path) -> bool:
    """Every file that a publisher ships; not what archives leave behind."""
    return not path.name.startswith(".") and "__MACOSX" not in path.parts


def every(change: Change) -> Change:
    """Do it to every file of the folder with the same suffix."""

    def apply(path: Path, rng: random.Random) -> bool:
        alike = [one for one in sorted(path.parent.iterdir()) if one.is_file() and any_file(one)]
        changed = [change(one, rng) for one in alike if one.suffix == path.suffix]
        return any(changed)

    return apply


def rewritten(change: Callable[[bytes], bytes | None]) -> Change:
    """Change the bytes of a file; ``None`` says that nothing can be changed."""

    def apply(path: Path, _: random.Random) -> bool:
        before = path.read_bytes()
        after = change(before)
        if after is None or after == before:
            return False
        path.write_bytes(after)
        return True

    return apply
