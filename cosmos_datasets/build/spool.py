"""A worker's part: decode a case once and lay its rows aside until its shard can be sealed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from cosmos_datasets.build.digest import row_digest
from cosmos_datasets.build.files import atomic
from cosmos_datasets.build.plan import raw_fingerprint
from cosmos_datasets.case import Case
from cosmos_datasets.errors import CaseError
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
        error: why the case could not be read; empty if it could.
    """

    case_id: str
    images: int = 0
    masks: int = 0
    error: str = ""


def spool_path(folder: Path, case: Case, root: Path) -> Path:
    """Where the rows of a case are laid aside; an edited raw file changes the name."""
    state = raw_fingerprint(case.files, root, with_time=True)
    return folder / f"{hashlib.sha256(f'{case.case_id}:{state}'.encode()).hexdigest()[:32]}.arrow"


def spool_study(
    source: Source, cases: Sequence[Case], intensity: Intensity, root: Path, folder: Path
) -> list[Spooled]:
    """Lay aside every case of a study (see :func:`~cosmos_datasets.build.plan.study_units`); run in a worker.

    A case that is there already is not decoded again.
    """
    return [_spool_case(source, case, intensity, spool_path(folder, case, root)) for case in cases]


def _spool_case(source: Source, case: Case, intensity: Intensity, path: Path) -> Spooled:
    if path.is_file():
        rows, _ = read_spool(path)
        return _spooled(case, rows)
    try:
        result = standardise(source, case, intensity)
    except CaseError as error:
        return Spooled(case.case_id, error=str(error))
    notes = {"dropped": dict(result.dropped), "digests": [row_digest(row) for row in result.rows]}
    table = pa.Table.from_pylist(result.rows, schema=ROW_SCHEMA)
    table = table.replace_schema_metadata({"notes": json.dumps(notes)})
    with (
        atomic(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    return _spooled(case, result.rows)


def _spooled(case: Case, rows: list[Row]) -> Spooled:
    masks = sum(one["instance"] == 0 for row in rows for one in row["objects"])
    return Spooled(case.case_id, len(rows), masks)


@dataclass(frozen=True)
class Notes:
    """What goes with spooled rows: counts of what was dropped by reason, and one digest a row."""

    dropped: dict[str, int]
    digests: list[str]


def read_spool(path: Path) -> tuple[list[Row], Notes]:
    """Read the rows of a spooled case and its notes."""
    with pa.memory_map(str(path)) as stream:
        table = pa.ipc.open_file(stream).read_all()
    return table.to_pylist(), Notes(**json.loads(table.schema.metadata[b"notes"]))
