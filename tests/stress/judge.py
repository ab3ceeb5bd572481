"""What became of a mutated tree: the same rows, a refusal, a named loss, or a fault."""

from __future__ import annotations

import shutil
import signal
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Literal

from stress.headers import HEADERS
from stress.lists import LISTS
from stress.mutation import PLACES, Applied, any_file
from stress.pictures import PICTURES
from stress.whole_files import WHOLE_FILES

from cosmos_datasets.build.digest import row_digest
from cosmos_datasets.errors import CaseError, CosmosError
from cosmos_datasets.finding import Finding, below
from cosmos_datasets.raw_tree import of_listing, twins
from cosmos_datasets.registry import get_source
from cosmos_datasets.standardise import standardise

#: Every kind of damage at every place.
APPLIED = [Applied(mutation, place) for mutation in (*WHOLE_FILES, *HEADERS, *PICTURES, *LISTS) for place in PLACES]
#: ``same``, ``refused``, ``reduced`` (every missing case is named) and ``told`` (every changed case is) are right;
#: ``silent`` and ``crash`` are faults.
Outcome = Literal["same", "refused", "reduced", "told", "silent", "crash", "slow"]
FAULTS = {"silent", "crash", "slow"}
_SECONDS = 10


@dataclass
class Built:
    """What a build makes of a tree: the digest of every row, and every word it says."""

    rows: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """One trial.

    Attributes:
        source, mutation: what was done to which tree.
        file: the file, relative to the tree.
        outcome: see :data:`Outcome`.
        what: of a fault, what happened.
    """

    source: str
    mutation: str
    file: str
    outcome: Outcome
    what: str = ""


def built(source_id: str, raw: Path) -> Built:
    """Do what a build does, all in this process and without writing shards."""
    source = get_source(source_id)
    listing = source.listing(raw)
    result, findings = Built(), of_listing(source, listing)
    pixels = {}
    for case in listing.cases:
        try:
            done = standardise(source, case)
        except CaseError as error:
            result.words.append(below(listing.root, str(error)))
            continue
        pixels[case.case_id] = done.pixels
        findings += done.findings
        for row in done.rows:
            result.rows[row["image_id"]] = row_digest(row)
            result.cases[row["image_id"]] = case.case_id
    findings += twins(source, listing.cases, pixels)
    result.words += [_words(one) for one in findings]
    return result


def _words(finding: Finding) -> str:
    return f"{finding.level}: {finding.what}: {finding.where}"


def judge(source_id: str, tree: Path, before: Built, applied: Applied, seed: int, work: Path) -> Verdict | None:
    """Try one mutation.

    Args:
        source_id: the source.
        tree: its sound raw tree, which stays as it is.
        before: what a build makes of that.
        applied: what to do.
        seed: of the mutation.
        work: a folder for the copy; removed afterwards.

    Returns:
        The verdict; ``None`` if the tree has no file for it.
    """
    copy = work / "tree"
    shutil.copytree(tree, copy, symlinks=True)
    try:
        path = applied.to((one for one in copy.rglob("*") if one.is_file() and any_file(one)), seed)
        if path is None:
            return None
        name = path.relative_to(copy).as_posix()
        outcome, what = _outcome(source_id, copy, before, applied, path)
        return Verdict(source_id, applied.name, name, outcome, what)
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _TooSlowError(BaseException):
    """No decoder catches it."""


@contextmanager
def _in_time() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _tried(source_id: str, copy: Path) -> tuple[Built | None, Outcome, str]:
    try:
        with _in_time():
            return built(source_id, copy), "same", ""
    except CosmosError:
        return None, "refused", ""
    except _TooSlowError:
        return None, "slow", f"more than {_SECONDS} s"
    except Exception:  # noqa: BLE001  (every kind of crash is what is looked for)
        return None, "crash", "".join(traceback.format_exc().splitlines(keepends=True)[-3:])


def _outcome(source_id: str, copy: Path, before: Built, applied: Applied, path: Path) -> tuple[Outcome, str]:
    after, outcome, what = _tried(source_id, copy)
    if after is None:
        return outcome, what
    lost = [one for one in before.rows if one not in after.rows]
    other = [one for one, digest in after.rows.items() if before.rows.get(one, "") != digest]
    if not lost and not other:
        return "same", ""
    said = [word for word in after.words if word not in before.words]
    text = "\n".join(said)
    of_file = path.name in text or path.name.partition(".")[0] in text
    unnamed = [one for one in lost if not of_file and _case(one, before) not in text]
    changed = [one for one in other if not of_file and _case(one, after) not in text]
    if (not unnamed and not changed) or applied.mutation.undetectable:
        return ("told" if other else "reduced"), ""
    return "silent", f"lost {unnamed[:3]} of {len(lost)}, other {changed[:3]} of {len(other)}; said {said[:3]}"


def _case(image_id: str, one: Built) -> str:
    return one.cases[image_id]


def write_tree(source_id: str, folder: Path) -> Built:
    """Draw the sound raw tree of a source and build it."""
    import_module(f"raw_trees.{source_id}").write(folder)
    return built(source_id, folder)


def assigned(trees: Mapping[str, Path], seed: int) -> dict[str, list[Applied]]:
    """Give every kind of damage, at one place, to one source that has a file for it."""
    sources = sorted(trees)
    files = {
        source: [path for path in trees[source].rglob("*") if path.is_file() and any_file(path)] for source in sources
    }
    chosen: dict[str, list[Applied]] = {source: [] for source in sources}
    for number, one in enumerate(APPLIED[seed % len(PLACES) :: len(PLACES)]):
        turned = sources[(number + seed) % len(sources) :] + sources[: (number + seed) % len(sources)]
        for source in turned:
            if any(one.mutation.applies(path) for path in files[source]):
                chosen[source].append(one)
                break
    return chosen


def trials(source_id: str, applied: Iterable[Applied], seed: int, work: Path) -> list[Verdict]:
    """Try mutations on the tree of one source."""
    tree = work / f"{source_id}-tree"
    before = write_tree(source_id, tree)
    found = (judge(source_id, tree, before, one, seed, work / f"{source_id}-copy") for one in applied)
    return [one for one in found if one is not None]
