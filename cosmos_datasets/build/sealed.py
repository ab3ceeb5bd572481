"""The entry of a shard in the manifest."""

from __future__ import annotations

from dataclasses import dataclass, field

from cosmos_datasets.finding import Grouped


@dataclass
class Sealed:
    """A finished shard.

    Attributes:
        path, index: the files, relative to the data set's folder.
        modality, split: what it holds.
        cases, rows, masks: how many; single instances are not among the masks, their union is.
        instances: single instances of an instance-labelled source.
        bytes, sha256: of the parquet file.
        index_sha256: of its part of the index.
        digest: over decoded pixels and metadata of all rows, see :mod:`cosmos_datasets.build.digest`.
        dropped: reason -> number of masks or images.
        broken: case id -> why it could not be read.
        findings: what is odd about its cases.
        pixels: case id -> digest of its raw image, by which copies are found.
    """

    path: str
    index: str
    modality: str
    split: str
    cases: int = 0
    rows: int = 0
    masks: int = 0
    instances: int = 0
    bytes: int = 0
    sha256: str = ""
    index_sha256: str = ""
    digest: str = ""
    dropped: dict[str, int] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    findings: Grouped = field(default_factory=dict)
    pixels: dict[str, str] = field(default_factory=dict)
