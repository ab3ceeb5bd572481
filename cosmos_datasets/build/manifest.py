"""``manifest.json``: what a built data set holds and how it was made."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypedDict, get_args

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.build.files import atomic, combine
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.case import Split
from cosmos_datasets.errors import CosmosError, reading_built
from cosmos_datasets.finding import Grouped
from cosmos_datasets.noted import misfits, parse_noted, read_text
from cosmos_datasets.vocabulary import slug

#: Raised when a field changes its meaning; readers refuse what they do not know.
FORMAT = 1


@dataclass
class SourceEntry:
    """One source of a built data set.

    Attributes:
        title, licence, redistributable, citation: from the source's declaration.
        intensity: how raw values became 8 bit.
        version, code: version of this library and fingerprint of the code that made the rows.
        raw_files, raw_bytes, raw_fingerprint: what was read; names and sizes.
        raw_state: the same with times of modification, which tells an edit in place on this machine.
        shards: one entry a file.
        empty: planned shards that came to nothing: every case broken, every mask too small. They have no file.
        findings: what is odd about the raw folder as a whole; those of a case stand in its shard.
    """

    title: str
    licence: str
    redistributable: str
    citation: str
    intensity: str
    version: str
    code: str
    raw_files: int
    raw_bytes: int
    raw_fingerprint: str
    raw_state: str
    shards: list[Sealed] = field(default_factory=list)
    empty: list[Sealed] = field(default_factory=list)
    findings: Grouped = field(default_factory=dict)

    @property
    def broken(self) -> dict[str, str]:
        """Case id -> why it was left out."""
        return {case: reason for shard in (*self.shards, *self.empty) for case, reason in shard.broken.items()}

    @property
    def doubts(self) -> list[str]:
        """What is odd about the raw folder as a whole, in sentences that name no file."""
        found = [item for level in ("error", "warning") for item in self.findings.get(level, {}).items()]
        return [what + (f" ({len(where):,} times)" if len(where) > 1 else "") for what, where in found]

    @property
    def revision(self) -> str:
        """A digest of the content: of all shards' decoded pixels and metadata."""
        return combine(f"{shard.path}:{shard.digest}" for shard in self.shards)


@dataclass
class Manifest:
    """The manifest of a data set.

    Attributes:
        sources: one entry a source, by id.
        index_only: whether the files with the pixels were left out; only what was shared so.
    """

    sources: dict[str, SourceEntry] = field(default_factory=dict)
    index_only: bool = False

    @property
    def revision(self) -> str:
        """A digest of the content of the whole data set."""
        return combine(f"{name}:{self.sources[name].revision}" for name in sorted(self.sources))

    @property
    def fingerprint(self) -> str:
        """A digest of the files themselves, bytes included: changes whenever any shard does."""
        shards = [shard.sha256 for name in sorted(self.sources) for shard in self.sources[name].shards]
        return hashlib.sha256("".join(shards).encode()).hexdigest()

    def dumps(self) -> str:
        """As JSON."""
        body = {name: {"revision": entry.revision, **asdict(entry)} for name, entry in sorted(self.sources.items())}
        marked = {"index_only": True} if self.index_only else {}
        return json.dumps({"format": FORMAT, "revision": self.revision, **marked, "sources": body}, indent=1) + "\n"

    @classmethod
    def loads(cls, text: str, where: str) -> Manifest:
        """Parse a manifest; ``where`` names it in errors.

        Raises:
            CosmosError: if it is not a manifest, or of a format this version does not know.
        """
        with reading_built(where):
            body = parse_noted(text, _Form)
            if body["format"] != FORMAT:
                raise CosmosError(
                    f"{where} has format {body['format']}, this version reads {FORMAT}; "
                    "install the version of cosmos-datasets that built it, or build again."
                )
            for misfit in misfits(body, _Content):
                raise ValueError(misfit)
            sources = {name: _entry(name, fields) for name, fields in body["sources"].items()}
            return cls(sources, index_only=bool(body.get("index_only", False)))


class _Form(TypedDict):
    format: int


class _Content(TypedDict):
    sources: dict[str, SourceEntry]


def _entry(name: str, fields: dict[str, Any]) -> SourceEntry:
    fields = {name: value for name, value in fields.items() if name != "revision"}
    lists = {kind: [_sealed(name, shard) for shard in fields.get(kind, [])] for kind in ("shards", "empty")}
    return SourceEntry(**{**fields, **lists})


def _sealed(source: str, fields: dict[str, Any]) -> Sealed:
    """The entry of a shard, whose files lie where a build puts them: nothing else of a disk is read, or pushed."""
    shard = Sealed(**fields)
    place = rf"{re.escape(source)}/{slug(shard.modality)}/{shard.split}-\d{{5}}-of-\d{{5}}\.parquet"
    known = shard.split in get_args(Split) and re.fullmatch(r"\w[\w.-]*", source, re.ASCII)
    for base, path in (("data", shard.path), ("index", shard.index)):
        if not known or not re.fullmatch(f"{base}/{place}", path, re.ASCII):
            raise ValueError(f"no shard of {source} can be {path}")
    return shard


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a local data set; an empty one if the folder has none."""
    path = folder / MANIFEST
    with reading_built(path):
        return Manifest.loads(read_text(path), str(path)) if path.is_file() else Manifest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a local data set."""
    with atomic(folder / MANIFEST) as temporary:
        temporary.write_text(manifest.dumps())
