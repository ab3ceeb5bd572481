"""All cases of a raw folder, and what only shows when they are seen together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tqdm import tqdm

from cosmos_datasets.build.plan import source_folder
from cosmos_datasets.build.pool import worker_pool
from cosmos_datasets.check.case import check_case
from cosmos_datasets.check.facts import CaseFacts
from cosmos_datasets.finding import Finding, Grouped, Level, grouped
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.raw_tree import of_listing, twins
from cosmos_datasets.source import Source


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

    @property
    def everything(self) -> Grouped:
        """The findings of the source and of all cases."""
        return grouped((*self.findings, *(one for case in self.cases for one in case.findings)))

    def of_level(self, level: Level) -> dict[str, list[str]]:
        """Findings of a level: what -> where, most frequent first."""
        return self.everything.get(level, {})

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
    intensity: Intensity | None = None,
    workers: int = 1,
    progress: bool = False,
    executor: Executor | None = None,
) -> Report:
    """Read the cases of a raw folder as a build would, without writing anything.

    Args:
        source: which source it is.
        raw: its folder, a parent, or the folder of all sources.
        sample: read this many cases, spread evenly; all by default.
        intensity: how a build would map raw values to 8 bit; min-max over the volume by default.
        workers: processes.
        progress: show a bar on a terminal.
        executor: an existing pool of processes to use.

    Raises:
        LayoutError: if the folder does not look like the source's layout.
    """
    listing = source.listing(source_folder(source, raw))
    root, cases = listing.root, listing.cases
    chosen = cases if sample is None else [cases[k * len(cases) // sample] for k in range(min(sample, len(cases)))]
    one = partial(check_case, source, root=root, intensity=intensity or Intensity())
    with worker_pool(min(workers, len(chosen)), executor) as pool:
        found = pool.map(one, chosen) if pool else map(one, chosen)
        bar = tqdm(found, total=len(chosen), unit="case", desc=source.id, disable=None if progress else True)
        facts = list(bar)
    report = Report(source.id, root, facts, len(cases))
    pixels = {case.case_id: case.pixels for case in facts if case.pixels}
    report.findings = [*of_listing(source, listing), *twins(source, chosen, pixels), *_unseen(source, report)]
    return report


def _unseen(source: Source, report: Report) -> Iterator[Finding]:
    if len(report.cases) < max(report.listed, source.expected.get("cases", 0)) or report.of_level("error"):
        return  # what was not read may hold it
    for name in dict.fromkeys(label.name for label in source.labels):
        if name not in report.labels:
            yield Finding("note", "a label of the source occurs in no case", name)
