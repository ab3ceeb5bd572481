"""Counts of a built data set, from its index alone: no image is opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from cosmos_datasets.load.access import CosmosDataset

#: What can be counted by, and the columns of the index behind it. A target is an object in a modality.
GROUPINGS: dict[str, tuple[str, ...]] = {
    "source": ("source",),
    "modality": ("modality",),
    "object": ("object",),
    "target": ("object", "modality"),
    "split": ("split",),
}


@dataclass
class Count:
    """How much there is of something.

    Attributes:
        cases: scans and pictures.
        images: 2D images that hold at least one mask of it.
        masks: masks as the paper counts them: one a label and image, and for an instance-labelled source the union.
        instances: the single instances of instance-labelled sources. They are the same pixels as their unions, so the
            two numbers are never added.
    """

    cases: int = 0
    images: int = 0
    masks: int = 0
    instances: int = 0

    def add(self, other: Count) -> None:
        """Add another count, of cases that are not in this one."""
        self.cases += other.cases
        self.images += other.images
        self.masks += other.masks
        self.instances += other.instances


@dataclass
class Statistics:
    """The counts of a data set.

    Attributes:
        total: of everything.
        by: grouping (see :data:`GROUPINGS`) -> its values, one a column of the grouping -> count; sorted by values.
    """

    total: Count = field(default_factory=Count)
    by: dict[str, dict[tuple[str, ...], Count]] = field(default_factory=dict)

    def table(self, grouping: str) -> list[dict[str, Any]]:
        """One grouping as rows: the values under their column names, then the counts."""
        columns = GROUPINGS[grouping]
        return [
            {**dict(zip(columns, values, strict=True)), **vars(count)} for values, count in self.by[grouping].items()
        ]


def count(data: CosmosDataset, groupings: Iterable[str] = tuple(GROUPINGS)) -> Statistics:
    """Count a data set.

    Args:
        data: a built data set, local or remote.
        groupings: which of :data:`GROUPINGS` to count by.

    Raises:
        CosmosError: if a part of the index is missing or damaged.
    """
    chosen = {name: GROUPINGS[name] for name in groupings}
    result = Statistics(by={name: {} for name in chosen})
    if not data.manifest.sources:
        return result
    needed = sorted({"case_id", "image_id", "instance", *(column for group in chosen.values() for column in group)})
    # A case lies in one shard, so shards add up and only one part of the index is in memory.
    for shard in data.shards():
        part = data.index_of(shard, needed)
        for _, one in _grouped(part, ()):
            result.total.add(one)
        for name, columns in chosen.items():
            for values, one in _grouped(part, columns):
                result.by[name].setdefault(values, Count()).add(one)
    result.by = {name: dict(sorted(found.items())) for name, found in result.by.items()}
    return result


def _grouped(part: pa.Table, columns: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], Count]]:
    single = pc.greater(part["instance"], 0)
    part = part.append_column("single", pc.cast(single, pa.int64()))
    counted = part.group_by(list(columns)).aggregate(
        [("case_id", "count_distinct"), ("image_id", "count_distinct"), ("single", "sum"), ("instance", "count")]
    )
    for row in counted.to_pylist():
        instances = row["single_sum"] or 0
        masks = row["instance_count"] - instances
        yield (
            tuple(row[column] for column in columns),
            Count(row["case_id_count_distinct"], row["image_id_count_distinct"], masks, instances),
        )
