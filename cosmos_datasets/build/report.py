"""What a build did, for the caller and for the terminal."""

from __future__ import annotations

from dataclasses import dataclass, field

from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.finding import Grouped, grouped, ungrouped


@dataclass
class Report:
    """What a build of one source did.

    Attributes:
        source: its id.
        out: the data set's folder.
        cases, images, masks: in the shards of this part; single instances are not among the masks, their union is.
        instances: single instances.
        bytes: of these shards.
        splits: split -> number of images.
        broken: case id -> why it was left out; files are named relative to the raw folder.
        findings: what is odd about the cases of this part and, once published, about the raw folder as a whole.
        dropped: reason -> number of masks or images.
        up_to_date: nothing had to be done.
        planned: shards of the whole source.
        missing: those that no part has finished yet, by name; while there are any, nothing is published.
        missing_parts: the parts (from 1) that have to finish them.
    """

    source: str
    out: str
    cases: int = 0
    images: int = 0
    masks: int = 0
    instances: int = 0
    bytes: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    findings: Grouped = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    up_to_date: bool = False
    planned: int = 0
    missing: list[str] = field(default_factory=list)
    missing_parts: list[int] = field(default_factory=list)

    @property
    def published(self) -> bool:
        """Whether the source is complete and can be loaded."""
        return not self.missing

    def add(self, entry: Sealed) -> None:
        """Count a shard."""
        self.cases += entry.cases
        self.images += entry.rows
        self.masks += entry.masks
        self.instances += entry.instances
        self.broken.update(entry.broken)
        self.tell(entry.findings)
        if entry.rows:
            self.bytes += entry.bytes
            self.splits[entry.split] = self.splits.get(entry.split, 0) + entry.rows
        for reason, number in entry.dropped.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + number

    def tell(self, findings: Grouped) -> None:
        """Add findings."""
        self.findings = grouped((*ungrouped(self.findings), *ungrouped(findings)))
