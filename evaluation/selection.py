"""What a run evaluates: masks chosen from the index, cut into chunks that depend on the data alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from cosmos_datasets.build.files import combine
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.subset import choose
from cosmos_datasets.load.access import CosmosDataset
from cosmos_datasets.vocabulary import objects_called, slug

#: Rows of a row group that make a chunk: the unit of batching, resuming and dividing among processes.
CHUNK_ROWS = 8
#: Images of every target whose masks are kept for pictures.
GALLERY_IMAGES = 3

Masks = Literal["all", "union", "instances"]
#: (object, modality, whether it is a single instance): what the masks of a table's row have in common.
Class = tuple[str, str, bool]


@dataclass(frozen=True)
class Chunk:
    """A few consecutive rows of a shard.

    Attributes:
        shard: the file, relative to the data set.
        row_group: row group in the file.
        rows: rows in the group that hold a selected mask, ascending.
        masks: for each of these rows, the positions of the selected masks in ``objects``.
        image_ids: of these rows.
        digest: over the keys of the selected masks: tells whether stored results answer the same question.
    """

    shard: str
    row_group: int
    rows: tuple[int, ...]
    masks: tuple[tuple[int, ...], ...]
    image_ids: tuple[str, ...]
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
        mean_areas: mean pixels of every class over the configuration and split, selected or not, so that a score
            does not change when more is selected.
        data_revision: digest of the content of the configuration's shards.
        short: where a subset was asked for, the classes that have fewer masks, and how many.
    """

    table: pd.DataFrame
    mean_areas: dict[Class, float]
    data_revision: str
    short: dict[Class, int] = field(default_factory=dict)

    @cached_property
    def chunks(self) -> list[Chunk]:
        """The chunks, in data set order."""
        names = ("shard", "row_group", "row", "k", "image_id", "label", "instance", "rater")
        masks = zip(*(self.table[name].tolist() for name in names), strict=True)
        groups = groupby(masks, key=lambda mask: (mask[0], mask[1], mask[2] // CHUNK_ROWS))
        return [_chunk(shard, row_group, list(members)) for (shard, row_group, _), members in groups]

    @cached_property
    def gallery(self) -> frozenset[str]:
        """Ids of the images whose masks are kept: for every target the first few in the order of a hash.

        An image that is in the gallery of a selection is in that of every smaller selection which holds it with the
        same masks.
        """
        pairs = self.table[["object", "modality", "image_id"]].drop_duplicates()
        ranks = {one: hashlib.sha256(one.encode()).hexdigest() for one in pairs["image_id"].unique()}
        ranked = pairs.assign(rank=pairs["image_id"].map(ranks)).sort_values("rank")
        return frozenset(ranked.groupby(["object", "modality"]).head(GALLERY_IMAGES)["image_id"])

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
    fold: int | None = None,
    subset: int | None = None,
    subset_seed: int = 0,
) -> Selection:
    """Choose the masks of a run: by what they are, then a subset of these, then the first images of that.

    Args:
        data: a built data set.
        config: a source, a modality or ``all``; several separated by commas.
        split: one split; all by default.
        modality: canonical name or slug, to narrow ``config`` further.
        object_: canonical object or a synonym; several separated by commas.
        masks: ``union`` leaves out single instances, ``instances`` leaves out their unions.
        limit: number of images, the first ones in data set order.
        fold: one of the five folds (0 to 4) over subjects, which fine-tuning goes by where there is no test split.
        subset: at most so many masks of every class, see :mod:`cosmos_datasets.evaluation.subset`.
        subset_seed: of their choice.

    Raises:
        CosmosError: if a word is not known or nothing is left.
    """
    shards = shards_of(data, config, split)
    table = pa.concat_tables(data.index_of(shard) for shard in shards).to_pandas()
    table["k"] = table.groupby(["shard", "row_group", "row"], sort=False).cumcount()
    areas = table["area"].groupby([table["object"], table["modality"], table["instance"] > 0]).mean()
    mean_areas: dict[Class, float] = {(str(o), str(m), bool(i)): float(a) for (o, m, i), a in areas.items()}
    chosen = pd.Series(data=True, index=table.index)
    if modality is not None:
        chosen &= table["modality"].isin(_modalities_called(modality, table["modality"].unique(), data.location))
    if object_ is not None:
        own = table["object"].unique()
        wanted = [one for word in object_.split(",") for one in objects_called(word.strip(), own)]
        chosen &= table["object"].isin(wanted)
    if fold is not None:
        chosen &= table["fold"] == fold
    if masks == "union":
        chosen &= table["instance"] == 0
    elif masks == "instances":
        chosen &= ~_is_union_of_instances(table)
    table, short = table[chosen], {}
    if subset is not None and not table.empty:
        short = {one: count for one, count in _counts(table).items() if count < subset}
        table = table[choose(table, subset, subset_seed)]
    if limit is not None:
        table = table[table["image_id"].isin(table["image_id"].unique()[:limit])]
    if table.empty:
        asked: dict[str, str | int | None] = {"config": config, "split": split, "modality": modality}
        asked |= {"object": object_, "fold": fold, "masks": masks}
        given = ", ".join(f"{name}={value}" for name, value in asked.items() if value is not None)
        raise CosmosError(
            f"no mask in {data.location} answers {given}; what there is: cosmos-datasets stats {data.location}"
        )
    revision = combine(f"{shard.path}:{shard.digest}" for shard in shards)
    return Selection(table.reset_index(drop=True), mean_areas, revision, short)


def shards_of(data: CosmosDataset, config: str, split: str | None) -> list[Sealed]:
    """The shards of one configuration or of several, separated by commas, in data set order.

    Raises:
        CosmosError: if there is no such configuration, or it has no such split.
    """
    found = {shard.path: shard for word in config.split(",") for shard in data.shards(word.strip(), split)}
    return [found[path] for path in sorted(found)]


def _counts(table: pd.DataFrame) -> dict[Class, int]:
    """Masks of every class."""
    # Any, because the stubs of pandas do not know that its keys are tuples.
    counts: Any = table.groupby([table["object"], table["modality"], table["instance"] > 0]).size()
    return {(str(o), str(m), bool(i)): int(count) for (o, m, i), count in counts.items()}


def _modalities_called(word: str, present: Sequence[str], location: str) -> list[str]:
    found = [name for name in present if slug(name) == slug(word)]
    if not found:
        raise CosmosError(f"{location} has no modality {word!r} here; it has {', '.join(sorted(present))}.")
    return found


def _is_union_of_instances(table: pd.DataFrame) -> pd.Series[bool]:
    """Masks of classes that their source also gives as single instances."""
    classes = pd.MultiIndex.from_frame(table[["source", "label"]])
    return (table["instance"] == 0) & classes.isin(classes[table["instance"] > 0])


def _chunk(shard: str, row_group: int, masks: list[tuple[str, int, int, int, str, str, int, int]]) -> Chunk:
    """A chunk of (shard, row group, row, k, image id, label, instance, rater)."""
    rows = [(row, list(members)) for row, members in groupby(masks, key=lambda mask: mask[2])]
    return Chunk(
        shard=shard,
        row_group=row_group,
        rows=tuple(row for row, _ in rows),
        masks=tuple(tuple(mask[3] for mask in members) for _, members in rows),
        image_ids=tuple(members[0][4] for _, members in rows),
        digest=hashlib.sha256("\n".join(str(mask[4:]) for mask in masks).encode()).hexdigest(),
    )
