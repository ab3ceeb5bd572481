"""What a run evaluates: masks chosen from the index, cut into chunks that depend on the data alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd

from cosmos_datasets.build.digest import combine
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.load.access import CosmosDataset
from cosmos_datasets.vocabulary import slug

#: Rows of a shard that make a chunk: the unit of batching, resuming and dividing among processes.
CHUNK_ROWS = 8
#: Images of every target whose masks are kept for pictures.
GALLERY_IMAGES = 3

Masks = Literal["all", "union", "instances"]
Key = tuple[str, str, int, int]


@dataclass(frozen=True)
class Chunk:
    """A few consecutive rows of a shard.

    Attributes:
        shard: the file, relative to the data set.
        row_group: row group in the file.
        rows: rows in the group that hold a selected mask, ascending.
        masks: for each of these rows, the positions of the selected masks in ``objects``.
        digest: over the keys of the selected masks: tells whether stored results answer the same question.
    """

    shard: str
    row_group: int
    rows: tuple[int, ...]
    masks: tuple[tuple[int, ...], ...]
    digest: str

    @property
    def name(self) -> str:
        """The place of the chunk, the same in every selection."""
        return f"{self.shard}#{self.row_group}.{self.rows[0] // CHUNK_ROWS}"


@dataclass(frozen=True)
class Selection:
    """The masks of a run.

    Attributes:
        table: the index, one row a selected mask, in data set order, with the position in ``objects`` as ``k``.
        data_revision: digest of the selected shards' content.
    """

    table: pd.DataFrame
    data_revision: str

    @cached_property
    def chunks(self) -> list[Chunk]:
        """The chunks, in data set order."""
        place = [self.table["shard"], self.table["row_group"], self.table["row"] // CHUNK_ROWS]
        return [_chunk(group) for _, group in self.table.groupby(place, sort=False)]

    @cached_property
    def mean_areas(self) -> dict[tuple[str, str, bool], float]:
        """Mean pixels of a class: (object, modality, is an instance) -> mean area of its selected masks."""
        groups = [self.table["object"], self.table["modality"], self.table["instance"] > 0]
        return {key: float(area) for key, area in self.table["area"].groupby(groups).mean().items()}  # type: ignore[misc]

    @cached_property
    def gallery(self) -> frozenset[str]:
        """Ids of the images whose masks are kept: for every target the first few in the order of a hash."""
        pairs = self.table[["object", "modality", "image_id"]].drop_duplicates()
        ranked = pairs.assign(rank=[hashlib.sha256(one.encode()).hexdigest() for one in pairs["image_id"]])
        chosen = ranked.sort_values("rank").groupby(["object", "modality"]).head(GALLERY_IMAGES)
        return frozenset(chosen["image_id"])

    @property
    def images(self) -> int:
        """Number of images."""
        return int(self.table["image_id"].nunique())


def select(
    data: CosmosDataset,
    *,
    config: str = "all",
    split: str | None = None,
    modality: str | None = None,
    object_: str | None = None,
    masks: Masks = "all",
    limit: int | None = None,
) -> Selection:
    """Choose the masks of a run.

    Args:
        data: a built data set.
        config: a source, a modality or ``all``.
        split: one split; all by default.
        modality: canonical name or slug, to narrow ``config`` further.
        object_: canonical object or a synonym.
        masks: ``union`` leaves out single instances, ``instances`` leaves out their unions.
        limit: number of images, the first ones in data set order.

    Raises:
        CosmosError: if a word is not known or nothing is left.
    """
    shards = data.shards(config, split)
    table = data.index(config, split).to_pandas()
    table["k"] = table.groupby(["shard", "row_group", "row"], sort=False).cumcount()
    if modality is not None:
        table = table[[slug(modality) == slug(name) for name in table["modality"]]]
    if object_ is not None:
        table = table[table["object"].isin(data.objects_called(object_))]
    if masks != "all":
        labelled = table.loc[table["instance"] > 0, "label"].unique()
        is_union = (table["instance"] == 0) & table["label"].isin(labelled)
        table = table[table["instance"] == 0] if masks == "union" else table[~is_union]
    if limit is not None:
        table = table[table["image_id"].isin(table["image_id"].unique()[:limit])]
    if table.empty:
        raise CosmosError(
            f"no mask in {data.location} answers config={config}, split={split}, modality={modality}, "
            f"object={object_}; see: cosmos-datasets stats"
        )
    return Selection(table.reset_index(drop=True), combine(sorted(shard.digest for shard in shards)))


def _chunk(group: pd.DataFrame) -> Chunk:
    by_row = [(int(str(row)), tuple(int(k) for k in masks["k"])) for row, masks in group.groupby("row", sort=True)]
    return Chunk(
        shard=str(group["shard"].iloc[0]),
        row_group=int(group["row_group"].iloc[0]),
        rows=tuple(row for row, _ in by_row),
        masks=tuple(masks for _, masks in by_row),
        digest=hashlib.sha256("\n".join(map(str, _keys(group))).encode()).hexdigest(),
    )


def _keys(group: pd.DataFrame) -> Iterator[Key]:
    columns = [group[name] for name in ("image_id", "label", "instance", "rater")]
    for image_id, label, instance, rater in zip(*columns, strict=True):
        yield str(image_id), str(label), int(instance), int(rater)
