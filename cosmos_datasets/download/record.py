"""What was downloaded, beside it: ``download.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError

RECORD = "download.json"

Checked = Literal["sha256", "size", "unknown"]


@dataclass(frozen=True)
class Fetched:
    """One file that was downloaded.

    Attributes:
        url: where it came from.
        name: as what it was stored.
        bytes: its size.
        sha256: its checksum, as received.
        checked: the publisher's ``sha256``, his ``size``, or ``unknown`` if he states neither.
        unpacked: whether it was an archive, and was unpacked.
        hosts: other hosts that the address led to.
    """

    url: str
    name: str
    bytes: int
    sha256: str
    checked: Checked
    unpacked: bool
    hosts: list[str] = field(default_factory=list)


def read_record(folder: Path) -> dict[str, Fetched]:
    """The files of a folder's record by address; empty if there is none.

    Raises:
        CosmosError: if the record is damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        return {}
    try:
        files = [Fetched(**one) for one in json.loads(path.read_text(encoding="utf-8"))["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise CosmosError(f"{path} is damaged ({error}); remove it, then everything is downloaded again.") from error
    return {file.url: file for file in files}


def write_record(folder: Path, source: str, files: dict[str, Fetched]) -> None:
    """Write the record of a folder."""
    body = {"source": source, "files": [asdict(file) for file in files.values()]}
    with atomic(folder / RECORD) as temporary:
        temporary.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
