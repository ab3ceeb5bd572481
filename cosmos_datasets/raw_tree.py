"""What only shows when all cases of a raw folder are seen together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.case import Case
from cosmos_datasets.download.record import RECORD
from cosmos_datasets.finding import Finding
from cosmos_datasets.pairing import below
from cosmos_datasets.source import Listing, Source
from cosmos_datasets.standardise import group_of


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
        *_unused(listing.root, listing.cases),
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


def _unused(root: Path, cases: Iterable[Case]) -> Iterator[Finding]:
    used = {path for case in cases for path in case.files}
    paths = list(below(root))
    built = {path.parent for path in paths if path.name == MANIFEST}
    for path in paths:
        if path not in used and path.name != RECORD and built.isdisjoint(path.parents):
            suffix = "".join(path.suffixes[-2:]).lower() or path.name
            yield Finding("note", f"files that no case uses: {suffix}", path.relative_to(root).as_posix())
