"""Building one source: spool its cases with a pool of workers, seal its shards, publish them together.

Everything is prepared below ``<out>/.build`` and moved in place at the end, so an interrupted build changes nothing
that was there before, and the next call goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from cosmos_datasets import __version__
from cosmos_datasets.build.manifest import SourceEntry, read_manifest
from cosmos_datasets.build.plan import Shard, plan_shards, raw_fingerprint, study_units
from cosmos_datasets.build.publish import publish
from cosmos_datasets.build.seal import Sealed, read_sealed, seal
from cosmos_datasets.build.spool import Spooled, spool_path, spool_study
from cosmos_datasets.case import Case
from cosmos_datasets.errors import CaseError, CosmosError
from cosmos_datasets.fingerprint import code_fingerprint
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.source import Source


@dataclass
class Report:
    """What a build did.

    Attributes:
        source: its id.
        cases, images, masks: in the shards of this part.
        broken: case id -> reason.
        dropped: reason -> number of masks or images.
        up_to_date: nothing had to be done.
        sealed, planned: shards that are complete (by this or other parts), and all shards of the source.
    """

    source: str
    cases: int = 0
    images: int = 0
    masks: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    up_to_date: bool = False
    sealed: int = 0
    planned: int = 0

    def add(self, entry: Sealed) -> None:
        """Count a shard."""
        self.cases += entry.cases
        self.images += entry.rows
        self.masks += entry.masks
        self.broken.update(entry.broken)
        for reason, number in entry.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + number


@dataclass(frozen=True)
class Job:
    """Everything that decides the content of a build, and where it is prepared."""

    source: Source
    root: Path
    cases: Sequence[Case]
    intensity: Intensity
    out: Path

    @property
    def files(self) -> list[Path]:
        """Every raw file, each once."""
        return list(dict.fromkeys(path for case in self.cases for path in case.files))

    def entry(self) -> SourceEntry:
        """The manifest entry, still without shards."""
        files = self.files
        return SourceEntry(
            title=self.source.title,
            licence=self.source.licence,
            redistributable=self.source.redistributable,
            citation=self.source.citation,
            intensity=str(self.intensity),
            version=__version__,
            code=code_fingerprint(self.source),
            raw_files=len(files),
            raw_bytes=sum(path.stat().st_size for path in files if path.is_file()),
            raw_fingerprint=raw_fingerprint(files, self.root, with_time=False),
            raw_state=raw_fingerprint(files, self.root, with_time=True),
        )


def build(
    source: Source,
    raw: Path,
    out: Path,
    *,
    intensity: Intensity | None = None,
    workers: int = 1,
    part: tuple[int, int] = (1, 1),
    strict: bool = False,
    progress: bool = False,
    executor: Executor | None = None,
) -> Report:
    """Build one source into a data set folder.

    Args:
        source: what to build.
        raw: its raw folder, or a parent of it.
        out: the data set's folder; other sources in it stay as they are.
        intensity: how raw values become 8 bit; min-max over the volume by default.
        workers: processes that decode; the bytes written do not depend on it.
        part: ``(i, n)`` builds every n-th shard, beginning with the i-th (from 1); for several machines that share
            ``out``. The part that finishes last publishes.
        strict: make a case that cannot be read fatal instead of leaving it out.
        progress: show a bar on standard error.
        executor: a pool to use instead of starting one.

    Raises:
        LayoutError: if ``raw`` does not look like the source.
        CosmosError: if no case could be read, or with ``strict`` the first that could not.
    """
    out = out.absolute()
    job = Job(source, source.root(raw), source.cases(raw), intensity or Intensity(), out)
    entry = job.entry()
    shards = plan_shards(source.id, job.cases)
    report = Report(source.id, planned=len(shards))
    present = read_manifest(out).sources.get(source.id)
    if present is not None and _is_current(present, entry, out):
        for shard in present.shards:
            report.add(shard)
        report.up_to_date, report.sealed = True, len(shards)
        return report
    recipe = hashlib.sha256(f"{entry.code}:{entry.intensity}".encode()).hexdigest()[:16]
    spool = out / ".build" / source.id / recipe / "spool"
    staging = spool.parent / hashlib.sha256(f"{entry.raw_state}:{len(shards)}".encode()).hexdigest()[:16]
    mine = shards[part[0] - 1 :: part[1]]
    for sealed in _seal_all(job, mine, spool, staging, _pool(workers, executor), strict, progress):
        report.add(sealed)
    if not report.images and report.broken:
        reason = next(iter(report.broken.values()))
        raise CosmosError(f"{source.id}: none of {len(report.broken)} cases could be read; the first: {reason}")
    entries = [read_sealed(staging, shard) for shard in shards]
    entry.shards = [one for one in entries if one is not None]
    report.sealed = len(entry.shards)
    if report.sealed == len(shards):
        publish(out, source.id, entry, staging)
    return report


def _is_current(present: SourceEntry, wanted: SourceEntry, out: Path) -> bool:
    same = all(getattr(present, name) == getattr(wanted, name) for name in ("code", "intensity", "raw_state"))
    files = [out / path for shard in present.shards for path in (shard.path, shard.index)]
    return same and not present.broken and all(path.is_file() for path in files)


@contextmanager
def _pool(workers: int, executor: Executor | None) -> Iterator[Executor | None]:
    if executor is not None or workers <= 1:
        yield executor
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_quietly)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_quietly() -> None:
    """Let Ctrl-C end a worker through its clean-up code and without a traceback."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))


def _seal_all(
    job: Job,
    shards: list[Shard],
    spool: Path,
    staging: Path,
    pool: AbstractContextManager[Executor | None],
    strict: bool,
    progress: bool,
) -> Iterator[Sealed]:
    """Spool what is missing and seal every shard as soon as its last case is in."""
    waiting: dict[str, Shard] = {}
    for shard in shards:
        entry = read_sealed(staging, shard)
        if entry is not None:
            yield entry
        else:
            waiting.update({case.case_id: shard for case in shard.cases})
    missing = {id(shard): {case.case_id for case in shard.cases} for shard in waiting.values()}
    broken: dict[str, str] = {}
    cases = [case for shard in shards for case in shard.cases if case.case_id in waiting]
    images = masks = 0
    with (
        pool as executor,
        tqdm(total=len(cases), unit="case", desc=job.source.id, disable=None if progress else True) as bar,
    ):
        for done in _spool_all(job, study_units(cases), spool, executor):
            for one in done:
                if one.error:
                    broken[one.case_id] = one.error
                    if strict:
                        raise CaseError(one.error)
                    tqdm.write(f"left out: {one.error}", file=sys.stderr)
                images, masks = images + one.images, masks + one.masks
                bar.set_postfix(images=images, masks=masks, broken=len(broken), refresh=False)
                bar.update()
                shard = waiting[one.case_id]
                missing[id(shard)].discard(one.case_id)
                if not missing[id(shard)]:
                    yield _seal(job, shard, broken, spool, staging)


def _spool_all(job: Job, units: list[list[Case]], spool: Path, executor: Executor | None) -> Iterator[list[Spooled]]:
    if executor is None:
        for unit in units:
            yield spool_study(job.source, unit, job.intensity, job.root, spool)
        return
    futures: list[Future[list[Spooled]]] = [
        executor.submit(spool_study, job.source, unit, job.intensity, job.root, spool) for unit in units
    ]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _seal(job: Job, shard: Shard, broken: dict[str, str], spool: Path, staging: Path) -> Sealed:
    failed = {case.case_id: broken[case.case_id] for case in shard.cases if case.case_id in broken}
    paths = [spool_path(spool, case, job.root) for case in shard.cases if case.case_id not in failed]
    entry = seal(shard, paths, failed, staging)
    for path in paths:
        path.unlink(missing_ok=True)
    return entry
