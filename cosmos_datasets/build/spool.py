"""A worker's part: decode a case once and lay its rows aside until its shard can be sealed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyarrow as pa

from cosmos_datasets.build.digest import row_digest
from cosmos_datasets.build.files import atomic
from cosmos_datasets.build.plan import raw_fingerprint
from cosmos_datasets.case import Case
from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding, Grouped, below, grouped, ungrouped
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.schema import ROW_SCHEMA
from cosmos_datasets.source import Source
from cosmos_datasets.standardise import Row, standardise


@dataclass(frozen=True)
class Spooled:
    """What became of a case.

    Attributes:
        case_id: the case.
        images, masks: how many rows and masks (single instances not among them) were laid aside.
        error: why the case could not be read; empty if it could. Files are named relative to the raw folder.
        findings: what is odd about it.
    """

    case_id: str
    images: int = 0
    masks: int = 0
    error: str = ""
    findings: tuple[Finding, ...] = ()


def spool_path(folder: Path, case: Case, root: Path) -> Path:
    """Where the rows of a case are laid aside; an edited raw file, or another split in a table, changes the name."""
    state = raw_fingerprint(case.files, root, with_time=True)
    text = f"{case!r}:{state}".replace(str(root), "")
    return folder / f"{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()[:32]}.arrow"


def began_path(folder: Path, case: Case, root: Path) -> Path:
    """The mark that lies there while a case is worked on, and stays where the process dies."""
    return spool_path(folder, case, root).with_suffix(".began")


def spool_study(
    source: Source, cases: Sequence[Case], intensity: Intensity, root: Path, folder: Path
) -> list[Spooled]:
    """Lay aside every case of a study (see :func:`~cosmos_datasets.build.plan.study_units`); run in a worker.

    A case that is there already is not decoded again.
    """
    return [_spool_case(source, case, intensity, root, spool_path(folder, case, root)) for case in cases]


def _spool_case(source: Source, case: Case, intensity: Intensity, root: Path, path: Path) -> Spooled:
    if path.is_file():
        return _spooled(case, *read_spool(path))
    began = path.with_suffix(".began")
    began.parent.mkdir(parents=True, exist_ok=True)
    began.touch()
    try:
        return _spool_new(source, case, intensity, root, path)
    finally:
        began.unlink(missing_ok=True)


def _spool_new(source: Source, case: Case, intensity: Intensity, root: Path, path: Path) -> Spooled:
    try:
        result = standardise(source, case, intensity)
    except CaseError as error:
        return Spooled(case.case_id, error=below(root, str(error)))
    findings = [replace(one, where=below(root, one.where)) for one in result.findings]
    notes = Notes(dict(result.dropped), [row_digest(row) for row in result.rows], grouped(findings), result.pixels)
    table = pa.Table.from_pylist(result.rows, schema=ROW_SCHEMA)
    table = table.replace_schema_metadata({"notes": json.dumps(asdict(notes))})
    with (
        atomic(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    return _spooled(case, result.rows, notes)


def _spooled(case: Case, rows: list[Row], notes: Notes) -> Spooled:
    masks = sum(one["instance"] == 0 for row in rows for one in row["objects"])
    return Spooled(case.case_id, len(rows), masks, findings=tuple(ungrouped(notes.findings)))


@dataclass(frozen=True)
class Notes:
    """What goes with spooled rows.

    Attributes:
        dropped: reason -> number of masks or images that were dropped.
        digests: one a row.
        findings: what is odd about the case.
        pixels: digest of the raw image.
    """

    dropped: dict[str, int]
    digests: list[str]
    findings: Grouped
    pixels: str


def read_spool(path: Path) -> tuple[list[Row], Notes]:
    """Read the rows of a spooled case and its notes."""
    with pa.memory_map(str(path)) as stream:
        table = pa.ipc.open_file(stream).read_all()
    return table.to_pylist(), Notes(**json.loads(table.schema.metadata[b"notes"]))
