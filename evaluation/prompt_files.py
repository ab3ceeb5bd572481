"""The prompts of every mask of a data set as files of their own, beside its shards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from cosmos_datasets.build.files import atomic
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.evaluation.prompts import PROMPTED, PROTOCOL_VERSION, make_prompt
from cosmos_datasets.evaluation.sample import Target
from cosmos_datasets.load.access import CosmosDataset
from cosmos_datasets.load.rows import as_array
from cosmos_datasets.share.prompts import METADATA, prompt_path

#: What names a mask, as in the index and in results; one row a mask and strategy.
SCHEMA = pa.schema(
    {
        **{name: pa.string() for name in ("image_id", "source", "modality", "object", "label")},
        **{name: pa.int32() for name in ("instance", "rater")},
        **{name: pa.string() for name in ("split", "strategy", "prompt")},
    }
)
_OF_THE_IMAGE = ("image_id", "source", "modality", "split")
_OF_THE_MASK = ("object", "label", "instance", "rater")


def write_prompts(
    data: CosmosDataset,
    out: Path,
    *,
    strategies: Sequence[str] = PROMPTED,
    config: str = "all",
    progress: bool = False,
) -> tuple[int, int]:
    """Write a file a shard, ``out/<source>/<modality>/<split>-....parquet``; what is there already is kept.

    Args:
        data: a built data set.
        out: the folder.
        strategies: of :data:`~cosmos_datasets.evaluation.prompts.PROMPTED`.
        config: a source, a modality or ``all``.
        progress: show a bar on standard error.

    Returns:
        How many files there are now, and how many of them were written.

    Raises:
        CosmosError: if the data set has no such configuration or cannot be read.
    """
    shards = data.shards(config)
    written = 0
    for shard in tqdm(shards, unit="shard", desc="prompts", disable=None if progress else True):
        path = out / prompt_path(shard)
        made_of = {"digest": shard.digest, "protocol": PROTOCOL_VERSION, "strategies": list(strategies)}
        metadata = {METADATA: json.dumps(made_of).encode()}
        if path.is_file() and pq.read_schema(path).metadata == metadata:
            continue
        schema = SCHEMA.with_metadata(metadata)
        with atomic(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for rows in _prompts(data, shard, strategies):
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        written += 1
    return len(shards), written


def _prompts(data: CosmosDataset, shard: Sealed, strategies: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """The rows of one shard, a row group at a time; its images are not read."""
    file = data.open_parquet(shard.path)
    for number in range(file.num_row_groups):
        rows = []
        table = file.read_row_group(number, columns=[*_OF_THE_IMAGE, "height", "width", "objects"])
        for row in table.to_pylist():
            image = {name: row[name] for name in _OF_THE_IMAGE}
            for one in row["objects"]:
                mask = {name: one[name] for name in _OF_THE_MASK}
                target = Target(as_array(one["mask"]), tuple(one["bbox"]), **mask)
                for strategy in strategies:
                    prompt = make_prompt(strategy, target, row["height"], row["width"])
                    rows.append({**image, **mask, "strategy": strategy, "prompt": prompt.to_json()})
        yield rows
