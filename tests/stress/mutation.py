"""A mutation: one way in which a raw tree goes wrong on its way from the publisher to a build."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: Changes a file; returns whether it did.
Change = Callable[[Path, random.Random], bool]
PLACES = ("first", "middle", "last")


@dataclass(frozen=True)
class Mutation:
    """One kind of damage.

    Attributes:
        name: of the kind.
        applies: whether it can be done to a file, by its name.
        change: does it; returns whether anything was changed.
        undetectable: nothing in the files tells that they are not as published, so other rows are no fault.
    """

    name: str
    applies: Callable[[Path], bool]
    change: Change
    undetectable: bool = False


@dataclass(frozen=True)
class Applied:
    """A mutation at a place: the first, middle or last file it can be done to, in the order of names."""

    mutation: Mutation
    place: str

    @property
    def name(self) -> str:
        """``kind@place``."""
        return f"{self.mutation.name}@{self.place}"

    def to(self, files: Iterable[Path], seed: int) -> Path | None:
        """Do it to one of the files; returns the file, or ``None`` if there is none that it applies to."""
        fitting = sorted(path for path in files if self.mutation.applies(path))
        if not fitting:
            return None
        at = {"first": 0, "middle": len(fitting) // 2, "last": len(fitting) - 1}[self.place]
        # A tree holds placeholders too, in which there is nothing to change.
        for path in (*fitting[at:], *fitting[:at]):
            with suppress(Exception):
                if self.mutation.change(path, random.Random(f"{self.name}:{seed}")):
                    return path
        return None


def has(*suffixes: str) -> Callable[[Path], bool]:
    """Whether a file's name ends so, in any capitals."""
    return lambda path: path.name.lower().endswith(suffixes)


def any_file(path: Path) -> bool:
    """Every file that a publisher ships; not what archives leave behind."""
    return not path.name.startswith(".") and "__MACOSX" not in path.parts
