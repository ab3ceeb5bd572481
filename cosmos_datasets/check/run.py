"""All cases of a raw folder, and what only shows when they are seen together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tqdm import tqdm

from cosmos_datasets.build.plan import source_folder
from cosmos_datasets.build.pool import worker_pool
from cosmos_datasets.case import Case
from cosmos_datasets.check.case import check_case
from cosmos_datasets.check.finding import CaseFacts, Finding, Level
from cosmos_datasets.download.record import RECORD
from cosmos_datasets.pairing import below
from cosmos_datasets.source import Source
from cosmos_datasets.standardise import group_of

#: Names that a finding over many gives as examples.
_EXAMPLES = 3


@dataclass
class Report:
    """What a check found.

    Attributes:
        source: id.
        root: the folder that holds the layout.
        cases: facts of every case that was read, sorted by case id.
        listed: number of labelled cases in the folder; more than ``cases`` if only some were read.
        findings: of the source as a whole; those of a case are in its facts.
    """

    source: str
    root: Path
    cases: list[CaseFacts]
    listed: int
    findings: list[Finding] = field(default_factory=list)

    def of_level(self, level: Level) -> dict[str, list[str]]:
        """Findings of a level: what -> where, most frequent first."""
        found: dict[str, list[str]] = defaultdict(list)
        for finding in (*self.findings, *(one for case in self.cases for one in case.findings)):
            if finding.level == level:
                found[finding.what].append(finding.where)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    @property
    def labels(self) -> dict[str, tuple[int, int]]:
        """Label -> number of cases that hold it, and its pixels in all of them."""
        cases: Counter[str] = Counter()
        pixels: Counter[str] = Counter()
        for case in self.cases:
            cases.update(case.labels.keys())
            pixels.update(case.labels)
        return {name: (cases[name], pixels[name]) for name in cases}


def check(
    source: Source,
    raw: Path,
    *,
    sample: int | None = None,
    workers: int = 1,
    progress: bool = False,
    executor: Executor | None = None,
) -> Report:
    """Read the cases of a raw folder as a build would, without writing anything.

    Args:
        source: which source it is.
        raw: its folder, a parent, or the folder of all sources.
        sample: read this many cases, spread evenly; all by default.
        workers: processes.
        progress: show a bar on a terminal.
        executor: an existing pool of processes to use.

    Raises:
        LayoutError: if the folder does not look like the source's layout.
    """
    root = source.root(source_folder(source, raw))
    cases = source.cases(root)
    chosen = cases if sample is None else [cases[k * len(cases) // sample] for k in range(min(sample, len(cases)))]
    one = partial(check_case, source)
    with worker_pool(min(workers, len(chosen)), executor) as pool:
        found = pool.map(one, chosen) if pool else map(one, chosen)
        bar = tqdm(found, total=len(chosen), unit="case", desc=source.id, disable=None if progress else True)
        facts = list(bar)
    report = Report(source.id, root, facts, len(cases))
    report.findings = [
        *_counts(source, cases),
        *_splits(cases, source),
        *_twins(facts),
        *_unseen(source, report),
        *_unused(root, cases),
    ]
    return report


def _counts(source: Source, cases: list[Case]) -> Iterator[Finding]:
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


def _twins(facts: Iterable[CaseFacts]) -> Iterator[Finding]:
    seen: dict[str, CaseFacts] = {}
    for case in facts:
        if not case.pixels:
            continue
        first = seen.setdefault(case.pixels, case)
        if first.group_id != case.group_id:
            what = "two subjects have the same image, pixel by pixel: one is a copy"
            yield Finding("warning", what, f"{first.case_id} and {case.case_id}")


def _unseen(source: Source, report: Report) -> Iterator[Finding]:
    if len(report.cases) < max(report.listed, source.expected.get("cases", 0)) or report.of_level("error"):
        return  # what was not read may hold it
    for name in dict.fromkeys(label.name for label in source.labels):
        if name not in report.labels:
            yield Finding("note", "a label of the source occurs in no case", name)


def _unused(root: Path, cases: Iterable[Case]) -> Iterator[Finding]:
    used = {path for case in cases for path in case.files}
    others: dict[str, list[str]] = defaultdict(list)
    for path in below(root):
        if path not in used and path.name != RECORD:
            others["".join(path.suffixes[-2:]).lower() or path.name].append(path.relative_to(root).as_posix())
    for suffix, names in sorted(others.items(), key=lambda item: -len(item[1])):
        examples = ", ".join(names[:_EXAMPLES]) + (", ..." if len(names) > _EXAMPLES else "")
        yield Finding("note", "files that no case uses", f"{len(names):,} x {suffix}: {examples}")
