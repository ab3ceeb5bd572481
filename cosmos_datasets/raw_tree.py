"""What only shows when all cases of a raw folder are seen together."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain
from pathlib import Path

from cosmos_datasets.case import Case
from cosmos_datasets.download.record import RECORD
from cosmos_datasets.finding import Finding, Level
from cosmos_datasets.listing import Listing
from cosmos_datasets.source import Source
from cosmos_datasets.standardise import group_of

#: ``a.nii.nii``, ``a.nii.gz.gz``.
_TWICE = re.compile(r".*(\.[a-z]+|\.[a-z]+\.gz)\1", re.IGNORECASE)


def of_listing(source: Source, listing: Listing) -> list[Finding]:
    """Find what is odd about the list of cases: counts, subjects in several splits, files that no case uses.

    Args:
        source: the declaration, with the publisher's counts.
        listing: of its raw folder.
    """
    return [
        *listing.findings,
        *_counts(source, listing.cases),
        *_splits(listing.cases, source),
        *_missing_labels(source, listing.cases),
        *_odd_names(listing),
        *_unused(listing),
    ]


def twins(source: Source, cases: Iterable[Case], pixels: dict[str, str]) -> Iterator[Finding]:
    """Find images that occur under two subjects.

    Args:
        source: the declaration.
        cases: in order.
        pixels: case id -> digest of its image; cases that could not be read are not in it.
    """
    seen: dict[str, Case] = {}
    for case in cases:
        if case.case_id not in pixels:
            continue
        first = seen.setdefault(pixels[case.case_id], case)
        if group_of(source, first) != group_of(source, case):
            what = "two subjects have the same image, pixel by pixel: one is a copy"
            yield Finding("warning", what, f"{first.case_id} and {case.case_id}")


def _counts(source: Source, cases: Sequence[Case]) -> Iterator[Finding]:
    expected, found = source.expected.get("cases"), len(cases)
    if expected is None:
        yield Finding("note", "no count of cases is published to compare with", f"{found:,} found")
    elif found < expected:
        what = "fewer cases than the publisher states: the download is partial, or files are missing"
        yield Finding("warning", what, f"{found:,} of {expected:,}")
    elif found > expected:
        what = "more cases than the publisher states: another release, or copies"
        yield Finding("warning", what, f"{found:,}, not {expected:,}")


def _splits(cases: Iterable[Case], source: Source) -> Iterator[Finding]:
    splits: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        splits[group_of(source, case)].add(case.split)
    for group, found in splits.items():
        if len(found) > 1:
            what = "one subject is in several splits: results on the test split would be too good"
            yield Finding("error", what, f"{group}: {', '.join(sorted(found))}")


def _missing_labels(source: Source, cases: Iterable[Case]) -> Iterator[Finding]:
    """Name labels, and raters, that have files of their own and lack one in a case while other cases have one."""
    drawn = {case: frozenset((one.label, one.rater) for one in case.annotations if one.label) for case in cases}
    kinds = _kinds({label for label, _ in some} for some in drawn.values())
    alike: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case, some in drawn.items():
        if some:
            alike[kinds[min(some)[0]], case.release].append(case)
    for group in alike.values():
        counts = Counter(chain.from_iterable(drawn[case] for case in group))
        usual = {one for one, count in counts.items() if 2 * count > len(group) or count == len(group) - 1}
        for case in group:
            lost = counts.keys() - drawn[case]
            yield from _lost(
                "warning", "a label that most cases have has no file here; is one lost?", case, lost & usual
            )
            yield from _lost("note", "a label that other cases have has no file here", case, lost - usual)
    releases = {"", *(case.release for case in drawn)}
    for name in dict.fromkeys(one.name for one in source.labels if kinds and one.value is None and one.object):
        if name not in kinds and any(one.name == name and one.release in releases for one in source.labels):
            yield Finding("note", "a label of the source has no file in any case", name)


def _lost(level: Level, what: str, case: Case, lost: Set[tuple[str, int]]) -> Iterator[Finding]:
    names = ", ".join(label + f" of rater {rater}" * (rater >= 0) for label, rater in sorted(lost))
    if names:
        yield Finding(level, what, f"{case.case_id}: {names}")


def _kinds(cases: Iterable[set[str]]) -> dict[str, str]:
    """Label -> a label of its kind: those that occur in one case are of one kind, a kidney and a prostate are not."""
    kinds: dict[str, set[str]] = {}
    for labels in cases:
        for label in labels:
            if not kinds.setdefault(label, {label}) >= labels:
                together = set().union(labels, *(kinds.get(one, set()) for one in labels))
                kinds.update(dict.fromkeys(together, together))
    return {label: min(kind) for label, kind in kinds.items()}


def _odd_names(listing: Listing) -> Iterator[Finding]:
    for path in listing.files:
        name = path.name
        if _TWICE.fullmatch(name):
            yield Finding("warning", "a file's suffix stands twice; rename it", _inside(listing, path))
        if not name.isprintable():
            what = "the name of a file is damaged: it holds control characters, or bytes that are no UTF-8; rename it"
            yield Finding("warning", what, _inside(listing, path))


def _unused(listing: Listing) -> Iterator[Finding]:
    used = {*listing.tables, *(path for case in listing.cases for path in case.files)}
    for path in listing.files:
        if path not in used and path.name != RECORD:
            suffix = "".join(path.suffixes[-2:]).lower() or path.name
            yield Finding("note", f"files that no case uses: {suffix}", _inside(listing, path))


def _inside(listing: Listing, path: Path) -> str:
    return path.relative_to(listing.root).as_posix()
