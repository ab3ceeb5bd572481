"""Building one source: spool its cases with a pool of workers, seal its shards, publish them together.

Everything is prepared below ``<out>/.build`` and moved in place at the end, so an interrupted build changes nothing
that was there before, and the next call goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout
from tqdm import tqdm

from cosmos_datasets import __version__
from cosmos_datasets.build.manifest import SourceEntry, read_manifest
from cosmos_datasets.build.plan import Shard, plan_shards, raw_fingerprint, source_folder, study_units
from cosmos_datasets.build.publish import discard, publish, refuse_foreign, tidy
from cosmos_datasets.build.report import Report
from cosmos_datasets.build.seal import read_sealed, seal
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.build.spool import spool_path
from cosmos_datasets.build.workers import SpoolWork
from cosmos_datasets.case import Case
from cosmos_datasets.errors import CaseError, CosmosError
from cosmos_datasets.finding import Grouped, grouped
from cosmos_datasets.fingerprint import code_fingerprint
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.listing import Listing
from cosmos_datasets.locks import locked
from cosmos_datasets.raw_tree import of_listing, twins
from cosmos_datasets.source import Source


@dataclass(frozen=True)
class Job:
    """Everything that decides the content of a build, and where it is prepared."""

    source: Source
    listing: Listing
    intensity: Intensity
    out: Path

    @property
    def root(self) -> Path:
        """The folder of the source's layout."""
        return self.listing.root

    @property
    def cases(self) -> Sequence[Case]:
        """The cases, sorted by case id."""
        return self.listing.cases

    @property
    def files(self) -> list[Path]:
        """Every raw file, each once, and the official lists and tables."""
        return list(dict.fromkeys((*self.listing.tables, *(path for case in self.cases for path in case.files))))

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
            ``raw`` and ``out``. The part that finishes last publishes.
        strict: make a case that cannot be read fatal instead of leaving it out.
        progress: show a bar and the cases left out on standard error.
        executor: a pool to use instead of starting one.

    Raises:
        LayoutError: if ``raw`` does not look like the source.
        CosmosError: if nothing is left to publish, ``out`` cannot be written, the same build runs already, or with
            ``strict`` for the first case that cannot be read.
    """
    out, raw = out.absolute(), source_folder(source, raw)
    refuse_foreign(out, source.root(raw))
    job = Job(source, source.listing(raw), intensity or Intensity(), out)
    lock = out / ".build" / source.id / f"part-{part[0]}-of-{part[1]}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        with locked(lock, wait=False):
            tidy(out)
            return _build(job, workers, part, strict, progress, executor)
    except Timeout:
        raise CosmosError(
            f"{source.id}: another process is building it into {out}; wait until that has ended."
        ) from None
    except BrokenProcessPool as error:
        raise CosmosError(
            f"{source.id}: the worker processes died before they began a case. Run the same command with fewer "
            "--workers: finished cases are kept."
        ) from error
    except OSError as error:
        raise CosmosError(
            f"{source.id}: the build into {out} stopped: {error.strerror or error}"
            f"{f' ({error.filename})' if error.filename else ''}. Free space or permit writing, then run the same "
            "command again: finished cases are kept."
        ) from error


def _build(
    job: Job, workers: int, part: tuple[int, int], strict: bool, progress: bool, executor: Executor | None
) -> Report:
    source, out, entry = job.source, job.out, job.entry()
    shards = plan_shards(source.id, job.cases)
    report = Report(source.id, str(out), planned=len(shards))
    kept = _still_valid(out, source.id, entry)
    if all(f"data/{shard.name}" in kept for shard in shards):
        for sealed in kept.values():
            report.add(sealed)
        report.tell(read_manifest(out).sources[source.id].findings)
        report.up_to_date = True
        discard(out, source.id)
        return report
    recipe = hashlib.sha256(f"{entry.code}:{entry.intensity}".encode()).hexdigest()[:16]
    spool = out / ".build" / source.id / recipe / "spool"
    staging = spool.parent / hashlib.sha256(f"{entry.raw_state}:{len(shards)}".encode()).hexdigest()[:16]
    mine = shards[part[0] - 1 :: part[1]]
    todo = [shard for shard in mine if f"data/{shard.name}" not in kept]
    made = {one.path: one for one in _seal_all(job, todo, spool, staging, workers, executor, strict, progress)}
    kept |= _still_valid(out, source.id, entry)  # another part may have published in the meantime
    for number, shard in enumerate(shards):
        path = f"data/{shard.name}"
        sealed_shard = made.get(path) or kept.get(path) or read_sealed(staging, shard)
        if sealed_shard is None:
            report.missing.append(shard.name)
            report.missing_parts = sorted({*report.missing_parts, number % part[1] + 1})
            continue
        entry.shards.append(sealed_shard)
        if number % part[1] == part[0] - 1:
            report.add(sealed_shard)
    if report.published:
        if not any(one.rows for one in entry.shards):
            discard(out, source.id)
            raise _nothing_left(source, entry)
        entry.findings = _of_the_whole(job, entry.shards)
        report.tell(entry.findings)
        publish(out, source.id, entry, staging)
    return report


def _of_the_whole(job: Job, shards: Iterable[Sealed]) -> Grouped:
    pixels = {case_id: digest for shard in shards for case_id, digest in shard.pixels.items()}
    return grouped((*of_listing(job.source, job.listing), *twins(job.source, job.cases, pixels)))


def _nothing_left(source: Source, entry: SourceEntry) -> CosmosError:
    if entry.broken:
        return CosmosError(
            f"{source.id}: no image is left; {len(entry.broken)} cases could not be read. The first: "
            f"{next(iter(entry.broken.values()))}"
        )
    return CosmosError(f"{source.id}: no image is left: every mask is empty or too small. Are these its label files?")


def _still_valid(out: Path, source_id: str, wanted: SourceEntry) -> dict[str, Sealed]:
    """The published shards that need not be made again: same code, intensity and raw files, and still whole.

    A shard with broken cases is not among them: they may be readable by now.
    """
    present = read_manifest(out).sources.get(source_id)
    if present is None or any(getattr(present, n) != getattr(wanted, n) for n in ("code", "intensity", "raw_state")):
        return {}
    return {
        shard.path: shard
        for shard in (*present.shards, *present.empty)
        if not shard.broken and (not shard.rows or _is_whole(out, shard))
    }


def _is_whole(out: Path, shard: Sealed) -> bool:
    path = out / shard.path
    return path.is_file() and path.stat().st_size == shard.bytes and (out / shard.index).is_file()


def _seal_all(
    job: Job,
    shards: Iterable[Shard],
    spool: Path,
    staging: Path,
    workers: int,
    executor: Executor | None,
    strict: bool,
    progress: bool,
) -> Iterator[Sealed]:
    """Spool what is missing and seal every shard as soon as its last case is in."""
    waiting: dict[str, Shard] = {}
    cases: list[Case] = []
    for shard in shards:
        entry = read_sealed(staging, shard)
        if entry is not None and not entry.broken:
            yield entry
        else:
            waiting.update({case.case_id: shard for case in shard.cases})
            cases += shard.cases
    missing = {shard.name: {case.case_id for case in shard.cases} for shard in waiting.values()}
    units = study_units(cases)
    broken: dict[str, str] = {}
    images = masks = 0
    work = SpoolWork(job.source, job.intensity, job.root, spool)
    with tqdm(total=len(cases), unit="case", desc=job.source.id, disable=None if progress else True) as bar:
        for done in work.all(units, min(workers, len(units)), executor):
            for one in done:
                if one.error:
                    broken[one.case_id] = one.error
                    if strict:
                        raise CaseError(one.error)
                    if progress:
                        tqdm.write(f"left out: {one.error}", file=sys.stderr)
                images, masks = images + one.images, masks + one.masks
                bar.set_postfix(images=images, masks=masks, broken=len(broken), refresh=False)
                bar.update()
                shard = waiting[one.case_id]
                missing[shard.name].discard(one.case_id)
                if not missing[shard.name]:
                    yield _seal(job, shard, broken, spool, staging)


def _seal(job: Job, shard: Shard, broken: dict[str, str], spool: Path, staging: Path) -> Sealed:
    failed = {case.case_id: broken[case.case_id] for case in shard.cases if case.case_id in broken}
    paths = {case.case_id: spool_path(spool, case, job.root) for case in shard.cases if case.case_id not in failed}
    entry = seal(shard, paths, failed, staging)
    for path in paths.values():
        path.unlink(missing_ok=True)
    return entry
