"""The cases of a build over worker processes, and what becomes of a case at which a process dies."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from cosmos_datasets.build.pool import lone_worker, worker_pool
from cosmos_datasets.build.spool import Spooled, began_path, spool_study
from cosmos_datasets.case import Case
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.source import Source

Unit = list[Case]


@dataclass(frozen=True)
class SpoolWork:
    """How to lay a case aside.

    A process that runs out of memory is killed without a word to anybody. Every case leaves a mark while it is worked
    on, so the cases at which processes died are known: each is tried once more in a process of its own and left out if
    that dies too. Marks of a build that was killed as a whole are treated alike by the next.

    Attributes:
        source, intensity, root: see :func:`~cosmos_datasets.build.spool.spool_study`.
        folder: where cases are laid aside.
    """

    source: Source
    intensity: Intensity
    root: Path
    folder: Path

    def all(self, units: list[Unit], workers: int, executor: Executor | None) -> Iterator[list[Spooled]]:
        """Lay every case aside.

        Args:
            units: cases that are worked on together.
            workers: processes; with one the caller works itself.
            executor: a pool to use instead.

        Yields:
            What became of the cases, unit by unit, in no fixed order.

        Raises:
            BrokenProcessPool: if workers die before they begin a case, or the given pool does.
        """
        pending = {number: unit for number, unit in enumerate(units) if not self._began(unit)}
        for number, unit in enumerate(units):
            if number not in pending:
                yield self._alone(unit)
        while pending:
            with worker_pool(workers, executor) as pool:
                try:
                    yield from self._together(pending, pool)
                except BrokenProcessPool:
                    suspects = {number: unit for number, unit in pending.items() if self._began(unit)}
                    if executor is not None or not suspects:
                        raise
            if pending:
                for number, unit in suspects.items():
                    yield self._alone(unit)
                    del pending[number]

    def _together(self, pending: dict[int, Unit], pool: Executor | None) -> Iterator[list[Spooled]]:
        if pool is None:
            for number in list(pending):
                yield self._study(pending.pop(number))
            return
        futures = {pool.submit(self._study, unit): number for number, unit in pending.items()}
        try:
            for future in as_completed(futures):
                done = future.result()
                del pending[futures[future]]
                yield done
        finally:
            for future in futures:
                future.cancel()

    def _study(self, unit: Unit) -> list[Spooled]:
        return spool_study(self.source, unit, self.intensity, self.root, self.folder)

    def _alone(self, unit: Unit) -> list[Spooled]:
        done: list[Spooled] = []
        for case in unit:
            with lone_worker() as worker:
                try:
                    done += worker.submit(self._study, [case]).result()
                except BrokenProcessPool:
                    began_path(self.folder, case, self.root).unlink(missing_ok=True)
                    reason = (
                        f"{self.source.id}/{case.case_id}: the process that worked on it was killed, most often for "
                        "want of memory; build it on a machine with more memory."
                    )
                    done.append(Spooled(case.case_id, error=reason))
        return done

    def _began(self, unit: Unit) -> bool:
        return any(began_path(self.folder, case, self.root).exists() for case in unit)
