"""What a build makes of a raw tree, row by row and word by word."""

from __future__ import annotations

import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from cosmos_datasets.build.digest import row_digest
from cosmos_datasets.build.manifest import read_manifest
from cosmos_datasets.build.run import build
from cosmos_datasets.check.run import check
from cosmos_datasets.finding import Grouped, ungrouped
from cosmos_datasets.registry import get_source

#: Names that raw trees and mutations put into headers and comments.
PLANTED = (b"JANE", b"SMITH^JOHN")
_SECONDS, _GIGABYTES = 60, 3


class TooSlowError(BaseException):
    """A build took too long; no decoder catches it."""


@dataclass(frozen=True)
class Built:
    """What a build made of a tree.

    Attributes:
        rows: image id -> digest of pixels and metadata.
        cases: image id -> case id.
        words: everything said about it, a line each.
        state: of the raw files; equal states are taken to be the same files by the next build.
    """

    rows: dict[str, str]
    cases: dict[str, str]
    words: frozenset[str]
    state: str


def built(source_id: str, raw: Path, out: Path) -> Built:
    """Build a tree into ``out``, in this process, and read back what was written.

    Raises:
        CosmosError: as the build.
    """
    shutil.rmtree(out, ignore_errors=True)
    report = build(get_source(source_id), raw, out)
    rows = [row for path in sorted(out.rglob("data/**/*.parquet")) for row in pq.read_table(path).to_pylist()]
    return Built(
        rows={row["image_id"]: row_digest(row) for row in rows},
        cases={row["image_id"]: row["case_id"] for row in rows},
        words=frozenset((*_words(report.findings), *(f"left out: {reason}" for reason in report.broken.values()))),
        state=read_manifest(out).sources[source_id].raw_state,
    )


def checked(source_id: str, raw: Path) -> frozenset[str]:
    """Every word that a check says of a tree.

    Raises:
        CosmosError: as the check.
    """
    return frozenset(_words(check(get_source(source_id), raw).everything))


def leaks(out: Path, one: Built, raw: Path) -> str:
    """Find what no data set should tell: where the raw files lay, who the patients are, control characters."""
    for word in one.words:
        if str(raw) in word or not word.isprintable():
            return f"said: {word!r}"
    for path in sorted(out.rglob("*")):
        for secret in (str(raw).encode(), *PLANTED):
            if path.is_file() and secret in path.read_bytes():
                return f"{path.relative_to(out)} holds {secret!r}"
    return ""


def _words(findings: Grouped) -> Iterator[str]:
    return (f"{one.level}: {one.what}: {one.where}" for one in ungrouped(findings))


@contextmanager
def bounded() -> Iterator[None]:
    """Bound time and memory inside the block.

    Raises:
        TooSlowError: after a minute.
        MemoryError: beyond three gigabytes more than before.
    """
    alarm = signal.signal(signal.SIGALRM, _too_slow)
    signal.alarm(_SECONDS)
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (_GIGABYTES << 30), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, alarm)


def _too_slow(*_: object) -> None:
    raise TooSlowError
