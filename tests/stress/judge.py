"""Damage a tree, build it, and judge what became of it."""

from __future__ import annotations

import random
import shutil
import traceback
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path

from stress.building import TooSlowError, bounded, built, checked, leaks
from stress.comparison import NO_MEMORY, RIGHT, Comparison, Outcome, Tree
from stress.kinds import KINDS
from stress.mutation import Mutation

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.registry import get_source

#: A check is run on one trial in so many.
_CHECKED = 3


@dataclass(frozen=True)
class Verdict:
    """One trial.

    Attributes:
        source, kind, seed: what was done to which tree.
        file: to which file, relative to the tree.
        outcome: see :data:`~stress.comparison.Outcome`.
        what: what was said, or happened.
        needless: the rows should have stayed the same, and were refused, reduced or told to be different.
    """

    source: str
    kind: str
    seed: int
    file: str
    outcome: Outcome
    what: str = ""
    needless: bool = False

    def __str__(self) -> str:
        return f"{self.outcome}: {self.kind} on {self.source}, {self.file}, seed {self.seed}: {self.what}"


def drawn(source_id: str, work: Path) -> Tree:
    """Draw the raw tree of a source below ``work`` and build it."""
    folder = work / f"{source_id}-sound"
    import_module(f"raw_trees.{source_id}").write(folder)
    files = {
        case.case_id: frozenset(path.relative_to(folder) for path in case.files)
        for case in get_source(source_id).listing(folder).cases
    }
    return Tree(source_id, folder, built(source_id, folder, work / "out"), files)


def trials(tree: Tree, kinds: Iterable[str], seed: int, sites: int, work: Path) -> Iterator[Verdict]:
    """Try kinds of damage on a tree, each at ``sites`` places at most."""
    for kind in kinds:
        rng = random.Random(f"{tree.source}:{kind}:{seed}")
        places = [path.relative_to(tree.folder) for path in KINDS[kind].sites(tree.folder, rng)]
        found = (judge(tree, KINDS[kind], place, seed, work / "trial") for place in places)
        yield from islice((one for one in found if one is not None), sites)


def judge(tree: Tree, mutation: Mutation, place: Path, seed: int, work: Path) -> Verdict | None:
    """Try one mutation at one place.

    Args:
        tree: the sound tree.
        mutation: what to do.
        place: the file, relative to the tree.
        seed: of the mutation.
        work: a folder for the copy; removed afterwards.

    Returns:
        The verdict; ``None`` if there is nothing to change in that file.
    """
    shutil.rmtree(work, ignore_errors=True)
    copy = shutil.copytree(tree.folder, work / "tree", symlinks=True)
    try:
        if not mutation.at(copy / place, random.Random(f"{mutation.name}:{place}:{seed}")):
            return None
        outcome, what = _outcome(tree, mutation, place, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    needless = mutation.right == "same" and outcome in RIGHT[1:]
    return Verdict(tree.source, mutation.name, seed, place.as_posix(), outcome, what[:600], needless)


def _outcome(tree: Tree, mutation: Mutation, place: Path, work: Path) -> tuple[Outcome, str]:
    try:
        with bounded():
            return _built_and_compared(tree, mutation, place, work)
    except CosmosError as error:
        words = str(error)
        if not words.replace("\n", " ").isprintable():
            return "leak", f"control characters in an error: {words!r}"
        return ("memory" if NO_MEMORY in words else "refused"), words.splitlines()[0]
    except TooSlowError:
        return "slow", ""
    except MemoryError:
        return "memory", ""
    except Exception:  # noqa: BLE001  (every kind of crash is what is looked for)
        return "crash", " ".join("".join(traceback.format_exc().splitlines(keepends=True)[-5:]).split())


def _built_and_compared(tree: Tree, mutation: Mutation, place: Path, work: Path) -> tuple[Outcome, str]:
    raw, out = work / "tree", work / "out"
    names = _names(place, of_folder=mutation.name.startswith("every"))
    compared = Comparison(tree, raw, names, built(tree.source, raw, out), mutation.right == "other")
    if found := leaks(out, compared.after, raw):
        return "leak", found
    is_checked = zlib.crc32(f"{mutation.name}{place}".encode(errors="replace")) % _CHECKED == 0
    if is_checked and (unsaid := compared.unsaid(checked(tree.source, raw))):
        return "unsaid", str(unsaid)
    return compared.outcome()


def _names(place: Path, *, of_folder: bool) -> tuple[str, ...]:
    """By what the damage may be named: the file, its stem where that tells something, and its folder."""
    stem = place.name.partition(".")[0]
    return (place.name, *([stem] if len(stem) > 3 else []), *([place.parent.name] if of_folder else []))
