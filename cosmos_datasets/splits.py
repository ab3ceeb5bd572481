"""Official splits, as publishers state them: in lists, in a table, or by the names of folders."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cosmos_datasets.case import Case, Split
from cosmos_datasets.errors import TableError
from cosmos_datasets.noticing import notice
from cosmos_datasets.readers import Refused
from cosmos_datasets.tables import find_list, notice_absent, plain_name, read_names, read_table, unnamed

#: Not after a letter: "latest" is no test part.
_PART = re.compile(r"(?<![a-z])(train|valid|test)", re.IGNORECASE)
_PARTS: Mapping[str, Split] = {"train": "train", "valid": "validation", "test": "test"}


@dataclass(frozen=True)
class Splits:
    """What the lists of a publisher say.

    Attributes:
        where: the names of the lists.
        found: subject, as :func:`~cosmos_datasets.tables.plain_name` has it -> the splits that it is said to be in;
            ``None`` stands for a word that is no split.
        others: the split of those who are not named; ``None`` where everybody must be.
    """

    where: str
    found: Mapping[str, frozenset[Split | None]]
    others: Split | None = None


def split_table(folder: Path, table: str, subject: str, split: str, words: Mapping[str, Split]) -> Splits | None:
    """Read a table with one subject a row.

    Args:
        folder: where it lies.
        table: its name.
        subject: its column of subjects.
        split: its column of splits.
        words: how the table calls the splits, in lower case.

    Returns:
        What it says; ``None`` if it is not there, which is noticed.

    Raises:
        TableError: if it is no such table.
    """
    path = find_list(folder, table)
    if path is None:
        _notice_absence(table)
        return None
    rows = read_table(path, subject, split)
    return Splits(table, _gathered((row[subject], words.get(row[split].casefold())) for row in rows))


def split_lists(folder: Path, lists: Mapping[str, Split]) -> Splits | None:
    """Read one list of names for each split.

    Args:
        folder: where they lie.
        lists: file name -> split.

    Returns:
        What they say; ``None`` if none is there, which is noticed. If one is missing, which is noticed too, who is in
        no other is taken to be in it.

    Raises:
        TableError: if several of them, but not all, are missing, or one is no list.
    """
    paths = {name: find_list(folder, name) for name in lists}
    missing = [name for name, path in paths.items() if path is None]
    if len(missing) == len(lists):
        _notice_absence(" and ".join(lists))
        return None
    if len(missing) > 1:
        raise TableError(f"{folder} lacks {' and '.join(missing)}: the official splits cannot be told.")
    rows = [(name, lists[one]) for one, path in paths.items() if path is not None for name in read_names(path)]
    for name in missing:
        notice("warning", f"{name} is not there: who is in no other list is taken to be in the split {lists[name]}")
    where = " and ".join(name for name in lists if name not in missing)
    return Splits(where, _gathered(rows), lists[missing[0]] if missing else None)


def in_splits(cases: Iterable[Case], splits: Splits | None) -> Iterator[Case]:
    """Put cases into the official splits by their subjects.

    A case of which the lists say nothing, nonsense or two things cannot be read, and says so.

    Args:
        cases: of any split.
        splits: what the lists say; with ``None`` the cases stay as they are.

    Raises:
        TableError: see :func:`~cosmos_datasets.tables.unnamed`.
    """
    if splits is None:
        yield from cases
        return
    listed = list(cases)
    subjects = list(dict.fromkeys(plain_name(one.subject_id) for one in listed))
    notice_absent(splits.where, splits.found, subjects)
    if not splits.others:
        unnamed(splits.where, splits.found, subjects)
    others = frozenset({splits.others})
    for case in listed:
        said = splits.found.get(plain_name(case.subject_id), others)
        split = next(iter(said))
        if split and len(said) == 1:
            yield replace(case, split=split)
        else:
            which = "several splits are" if len(said) > 1 else "no split is"
            reason = f"{splits.where}: {which} stated for {case.subject_id}."
            yield replace(case, image=Refused(case.image.files, reason))


def split_by_folder(path: Path, root: Path) -> Split | None:
    """Tell the part of a release that a file lies in from its folders, the inner ones first.

    Args:
        path: the file.
        root: the folder of the layout; it may itself be a part.

    Returns:
        The split; ``None``, which is noticed, where no folder is called as a part.
    """
    parts = _PART.findall(path.parent.relative_to(root.parent).as_posix())
    if not parts:
        notice("warning", "no folder tells the official split of a case; it is in the split train", path)
    return _PARTS[parts[-1].lower()] if parts else None


def _notice_absence(names: str) -> None:
    notice("warning", f"{names} not found: the official splits are unknown, and every case is in the split train")


def _gathered(rows: Iterable[tuple[str, Split | None]]) -> dict[str, frozenset[Split | None]]:
    found: dict[str, set[Split | None]] = defaultdict(set)
    for subject, split in rows:
        found[plain_name(subject)].add(split)
    return {subject: frozenset(splits) for subject, splits in found.items()}
