"""Writing a report: the whole folder, or nothing."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cosmos_datasets.errors import CosmosError

PAGE, TABLES, FIGURES = "index.html", "tables", "figures"
#: What tells a page of this command from any other.
GENERATOR = "cosmos-eval report"


def check_out(out: Path) -> None:
    """Refuse a folder that holds anything but an earlier report; raises :class:`CosmosError`."""
    if not out.exists():
        return
    if not out.is_dir():
        raise CosmosError(f"{out} is a file; give --out a folder.")
    entries = {path.name for path in out.iterdir()}
    if foreign := sorted(entries - {PAGE, TABLES, FIGURES}):
        raise CosmosError(f"{out} holds something else ({foreign[0]}); give --out a new folder or an earlier report.")
    if entries and not _is_report(out / PAGE):
        raise CosmosError(f"{out} is not a report of this command; give --out a new folder.")


def _is_report(page: Path) -> bool:
    try:
        with page.open(encoding="utf-8") as file:
            return f'content="{GENERATOR}"' in file.read(2000)
    except (OSError, UnicodeDecodeError):
        return False


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Give an empty folder beside ``out``; on success it takes the place of ``out``, else it is removed.

    Raises:
        CosmosError: ``out`` holds something that is not an earlier report.
    """
    out = out.resolve()
    check_out(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex[:12]
    fresh, old = (out.with_name(f".{out.name}.{mark}.{ending}") for ending in ("tmp", "old"))
    fresh.mkdir()
    try:
        yield fresh
        check_out(out)  # it took a while
        if out.exists():
            out.rename(old)
        try:
            fresh.rename(out)
        except BaseException:
            if old.exists():
                old.rename(out)
            raise
    finally:
        for left in (fresh, old):
            shutil.rmtree(left, ignore_errors=True)
