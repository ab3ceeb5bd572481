"""What is noticed while a raw folder is listed, by whatever code comes across it.

Functions that name files return files; what a user should know beside that is noticed here, as ``warnings`` collects
what is said in passing. Outside of :func:`noticing` nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from cosmos_datasets.finding import Finding, Level


@dataclass
class Noticed:
    """What was noticed.

    Attributes:
        findings: in order; the same one may occur several times.
        tables: the official lists and tables that were read.
    """

    findings: list[Finding] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)


_CURRENT: ContextVar[Noticed | None] = ContextVar("noticed", default=None)


@contextmanager
def noticing() -> Iterator[Noticed]:
    """Collect what is noticed inside the block."""
    noticed = Noticed()
    token = _CURRENT.set(noticed)
    try:
        yield noticed
    finally:
        _CURRENT.reset(token)


def notice(level: Level, what: str, where: Path | str = "") -> None:
    """Notice one thing; see :class:`~cosmos_datasets.finding.Finding`."""
    if (noticed := _CURRENT.get()) is not None:
        noticed.findings.append(Finding(level, what, str(where)))


def notice_table(path: Path) -> None:
    """Notice that a list or table was read: an edit of it changes the cases."""
    if (noticed := _CURRENT.get()) is not None:
        noticed.tables.append(path)
