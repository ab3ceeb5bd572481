"""The index: one row a mask, with the place of its image and without pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cosmos_datasets.schema import INDEX_SCHEMA


def index_rows(row: dict[str, Any], shard: str, row_group: int, number: int) -> Iterator[dict[str, Any]]:
    """The rows of the index for one row of a shard.

    Args:
        row: as in the shard; its images and masks are not looked at.
        shard: path of the shard, relative to the data set's folder.
        row_group: in which of its row groups the row lies, from 0.
        number: the row's place in that group, from 0.
    """
    for mask in row["objects"]:
        fields = {**row, **mask, "shard": shard, "row_group": row_group, "row": number}
        yield {name: fields[name] for name in INDEX_SCHEMA.names}
