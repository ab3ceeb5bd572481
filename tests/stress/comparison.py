"""Whether what a build made of a mutated tree is right, or different without a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal

from stress.building import Built

#: ``same`` rows, ``refused`` as a whole, ``reduced`` by cases that are named, or ``told`` to be different are right.
#: ``silent``, ``stale`` (the next build would not notice), ``unsaid`` (a check says more of what was built than the
#: build), ``leak`` (of names of folders or patients) and the others are faults.
Outcome = Literal["same", "refused", "reduced", "told", "silent", "stale", "unsaid", "leak", "crash", "slow", "memory"]
RIGHT: tuple[Outcome, ...] = ("same", "refused", "reduced", "told")
FAULTS: tuple[Outcome, ...] = ("silent", "stale", "unsaid", "leak", "crash", "slow", "memory")
#: How a reader that was stopped at the bound of memory says so.
NO_MEMORY = "not enough memory"
#: All that can be said of a case of which no file is left.
_FEWER = "fewer cases than the publisher states"


@dataclass(frozen=True, eq=False)
class Tree:
    """The sound raw tree of a source.

    Attributes:
        source: its id.
        folder: where it lies; it stays as it is.
        before: what a build makes of it.
        files: case id -> the files that are read for it, relative to the folder.
    """

    source: str
    folder: Path
    before: Built
    files: dict[str, frozenset[Path]]

    def names(self, case: str) -> list[str]:
        """By what a case can be named: its id, and its files where their names tell whose they are."""
        return [case, *map(self.name, sorted(self.files.get(case, ())))]

    def name(self, path: Path) -> str:
        """The name of a file, with its folder's where other files are called alike."""
        return path.name if self._alike[path.name] == 1 else f"{path.parent.name}/{path.name}"

    @cached_property
    def _alike(self) -> Counter[str]:
        return Counter(path.name for path in set(chain.from_iterable(self.files.values())))


@dataclass(frozen=True)
class Comparison:
    """Two builds of one source: of its sound tree and of a mutated one.

    Attributes:
        tree: the sound one.
        raw: the mutated one.
        names: of the file or folder that was changed.
        after: what a build made of it.
        undetectable: the files are sound, so that other rows need no word.
    """

    tree: Tree
    raw: Path
    names: tuple[str, ...]
    after: Built
    undetectable: bool

    @property
    def said(self) -> list[str]:
        """What was said of the mutated tree only."""
        return sorted(self.after.words - self.tree.before.words)

    def unsaid(self, look: frozenset[str]) -> list[str]:
        """What a check says of cases that were built, and the build does not."""
        words = look - self.after.words - self.tree.before.words
        cases = {re.escape(case) for case in self.after.cases.values()}
        return [word for word in words if re.search(f": ({'|'.join(cases)})(:|$)", word)]

    def outcome(self) -> tuple[Outcome, str]:
        """Compare row by row; returns the outcome and its reason."""
        before, after = self.tree.before, self.after
        lost = sorted(before.rows.keys() - after.rows.keys())
        other = sorted(one for one, digest in after.rows.items() if before.rows.get(one) != digest)
        if any(NO_MEMORY in word for word in self.said):
            return "memory", next(word for word in self.said if NO_MEMORY in word)
        if not lost and not other:
            return "same", ""
        if after.state == before.state:
            return "stale", f"lost {lost[:3]}, other {other[:3]}, and the raw files count as the same"
        unnamed = [*self._unnamed(lost, before), *self._unnamed(other, after)]
        if unnamed and not self.undetectable:
            return "silent", f"{unnamed[:3]} of {len(lost)} lost and {len(other)} other; said {self.said[:3]}"
        return ("told" if other else "reduced"), " | ".join(self.said[:3])

    def _unnamed(self, images: Iterable[str], one: Built) -> Iterator[str]:
        said = self.said
        if any(_is_of_all(word) or any(_names(word, name) for name in self.names) for word in said):
            return
        counted = any(_FEWER in word for word in said)
        for image in images:
            case = one.cases[image]
            named = any(_names(word, name) for name in self.tree.names(case) for word in said)
            if not named and not (counted and self._is_gone(case)):
                yield image

    def _is_gone(self, case: str) -> bool:
        """Whether no file of a case is left anywhere."""
        left = {self.tree.name(path) for path in self.raw.rglob("*")}
        return not any(self.tree.name(path) in left for path in self.tree.files.get(case, ()))


def _names(word: str, name: str) -> bool:
    return bool(name) and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", word) is not None


def _is_of_all(word: str) -> bool:
    """Whether a warning concerns the source as a whole: an official list that is not there, say."""
    return word.startswith(("warning", "error")) and word.endswith(": ")
