"""What a raw folder holds, before anything is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import get_args

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.case import Case, Split
from cosmos_datasets.errors import CosmosError, LayoutError, TableError
from cosmos_datasets.finding import Finding
from cosmos_datasets.finding import below as named_below
from cosmos_datasets.layout import common, roots
from cosmos_datasets.noticing import noticing
from cosmos_datasets.pairing import below
from cosmos_datasets.source import Source

_NO_CASE = "no image with a label beside it was found"


@dataclass(frozen=True)
class Listing:
    """What a raw folder holds.

    Attributes:
        root: the folder of the layout; where its parts lie in several, the one around them.
        cases: the labelled cases, sorted by case id; every case id once.
        findings: what was noticed: a list of splits that is not there, say. Files are named relative to ``root``.
        tables: the official lists and tables that were read.
        files: every file there but those that a build has written.
    """

    root: Path
    cases: list[Case]
    findings: list[Finding]
    tables: list[Path]
    files: list[Path]


def list_raw(source: Source, raw: Path) -> Listing:
    """List a raw folder. Nothing is decoded.

    Args:
        source: the declaration.
        raw: the publisher's folder, or a parent of it.

    Raises:
        LayoutError: if the folder does not look like the published layout, a table or list in it is damaged, it holds
            no labelled case, or two files claim one case.
    """
    read: list[Listing] = []
    refused: list[tuple[Path, LayoutError]] = []
    for root in roots(source, raw):
        try:
            read.append(_list_root(source, root))
        except LayoutError as error:
            refused.append((root, error))
    if not read:
        raise refused[0][1]
    joined, findings = _joined(source, raw, read)
    root = common([one.root for one in read])
    cases = sorted(joined, key=lambda case: case.case_id)
    findings += [*_of_folders(source, raw, read, refused), *_odd_ids(cases)]
    return Listing(
        root=root,
        cases=[case for case in cases if _is_plain(case)],
        findings=[replace(one, where=named_below(root, one.where)) for one in findings],
        tables=list(dict.fromkeys(chain.from_iterable(one.tables for one in read))),
        files=list(dict.fromkeys(chain.from_iterable(one.files for one in read))),
    )


def _list_root(source: Source, root: Path) -> Listing:
    with noticing() as noticed:
        try:
            found = list(source.find_cases(root))
        except TableError as error:
            raise source.layout_error(root, f"a table or list in it cannot be read: {error}") from error
        except CosmosError:
            raise
        except Exception as error:  # a damaged table raises nearly anything
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise source.layout_error(root, f"a file name, table or list in it cannot be read ({reason})") from error
        _refuse_undeclared(source, found)
        files = list(_of_no_build(list(below(root))))
    findings = [*noticed.findings, *(one for one in found if isinstance(one, Finding))]
    cases = sorted((one for one in found if not isinstance(one, Finding)), key=lambda case: case.case_id)
    if not cases:
        raise source.layout_error(root, _NO_CASE)
    for first, second in pairwise(cases):
        if first.case_id == second.case_id:
            raise _two_files(source, root, first, second)
    return Listing(root, cases, findings, noticed.tables, files)


def _refuse_undeclared(source: Source, found: Iterable[object]) -> None:
    """Hold what a package lists against what it declares: it may be anybody's."""
    for one in found:
        if isinstance(one, Finding):
            continue
        if not isinstance(one, Case) or not isinstance(one.case_id, str) or not isinstance(one.subject_id, str):
            raise CosmosError(f"{source.id}: its package lists {type(one).__name__} objects that are no cases.")
        if one.modality not in source.modalities or one.split not in get_args(Split):
            raise CosmosError(
                f"{source.id}: its package lists case {one.case_id} as {one.modality!r}, split {one.split!r}, and "
                "declares none such. Install another version of the package."
            )


def _two_files(source: Source, root: Path, *cases: Case) -> LayoutError:
    files = " and ".join(map(_first_file, cases))
    return LayoutError(f"{source.id}: two files claim case {cases[0].case_id} under {root}: {files}; remove one copy.")


def _first_file(case: Case) -> str:
    return str(next(iter(case.files), case.case_id))


def _of_no_build(files: Sequence[Path]) -> Iterator[Path]:
    """Pass over data sets that were built into a folder of the raw files."""
    built = {path.parent for path in files if path.name == MANIFEST}
    return (path for path in files if built.isdisjoint(path.parents))


def _joined(source: Source, raw: Path, read: list[Listing]) -> tuple[list[Case], list[Finding]]:
    """Join what several folders hold, and take from ``read`` those that are not used.

    A folder in another one may add cases. One beside another may too, unless it holds the same cases in a second copy
    or another release.
    """
    found: dict[str, Case] = {}
    findings = []
    for one in list(read):
        claimed = [case for case in one.cases if case.case_id in found and case.files != found[case.case_id].files]
        is_inside = any(one.root.is_relative_to(other.root) for other in read[: read.index(one)])
        if claimed and not is_inside:
            if not _is_another(one, claimed, found):
                raise _two_files(source, raw, found[claimed[0].case_id], claimed[0])
            what = "a folder holds the same cases in a second copy or another release; it is not read"
            findings.append(Finding("warning", what, _inside(raw, one.root)))
            read.remove(one)
            continue
        for case in claimed:
            what = "two files stand for one case; the one in the outer folder is read"
            findings.append(Finding("note", what, _first_file(case)))
        added = {case.case_id: case for case in one.cases if case.case_id not in found}
        if is_inside and not added:
            read.remove(one)
        else:
            findings += one.findings
            found |= added
    return list(found.values()), findings


def _is_another(one: Listing, claimed: Sequence[Case], found: Mapping[str, Case]) -> bool:
    """Whether a folder holds another release than what was found, or nothing that was not found."""
    other_release = all(case.release != found[case.case_id].release for case in claimed)
    return other_release or all(case.case_id in found for case in one.cases)


def _of_folders(
    source: Source, raw: Path, read: Sequence[Listing], refused: Iterable[tuple[Path, LayoutError]]
) -> Iterator[Finding]:
    """Say which folders were read, where a user may have meant another."""
    if len(read) > 1:
        what = "several folders look like this source and all are read; move away what is not the publisher's"
        yield from (Finding("warning", what, _inside(raw, one.root)) for one in read)
    for folder, error in refused:
        is_empty = _NO_CASE in str(error)
        what = "a folder looks like this source and " + ("holds no case of it" if is_empty else "is not read")
        reason = "" if is_empty else f": {_first_sentence(source, folder, error)}"
        yield Finding("note" if is_empty else "warning", what, _inside(raw, folder) + reason)
    if source.only_named:
        what = "no layout is published, so the files of the folder are taken to be the source's"
        yield Finding("note", what, _inside(raw, read[0].root))


def _inside(raw: Path, folder: Path) -> str:
    return "the folder that was named" if folder == raw else folder.relative_to(raw).as_posix()


def _first_sentence(source: Source, folder: Path, error: LayoutError) -> str:
    text = str(error).splitlines()[0]
    return text.removeprefix(f"{folder} does not look like {source.title}: ")


def _is_plain(case: Case) -> bool:
    ids = (case.case_id, case.subject_id)
    return all(text.isascii() and text.isprintable() and " " not in text for text in ids)


def _odd_ids(cases: Iterable[Case]) -> Iterator[Finding]:
    what = "the name of a file is not written in plain letters, as the publisher's are; the case is left out"
    for case in cases:
        if not _is_plain(case):
            yield Finding("error", what, ascii(case.case_id))
