"""Files of prompts that ``cosmos-eval prompts`` has made of a data set, as they are shared beside its index."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.build.files import file_sha256
from cosmos_datasets.build.manifest import Manifest
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.share.contents import SharedFile

#: Where such a file says what it was made of.
METADATA = b"cosmos_prompts"


def prompt_path(shard: Sealed) -> str:
    """Where the prompts of a shard lie, relative to their folder: ``msd/ct/train-00000-of-00001.parquet``."""
    return shard.path.removeprefix("data/")


def read_prompts(folder: Path, manifest: Manifest) -> tuple[SharedFile, ...]:
    """The files of prompts that belong to a data set.

    Raises:
        CosmosError: if one is missing, or was made of other masks.
    """
    found = []
    for shard in (one for entry in manifest.sources.values() for one in entry.shards):
        path = folder / prompt_path(shard)
        if not path.is_file():
            raise CosmosError(f"{path} is missing. Make the prompts first: cosmos-eval prompts OUT --out {folder}")
        try:
            made_of = json.loads((pq.read_schema(path).metadata or {}).get(METADATA, b"{}"))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise CosmosError(f"{path} cannot be read; remove it and run cosmos-eval prompts again.") from error
        if made_of.get("digest") != shard.digest:
            raise CosmosError(
                f"{path} was made of another {shard.path}; give cosmos-eval prompts again, it makes what is old anew."
            )
        found.append(SharedFile(f"prompts/{prompt_path(shard)}", path, path.stat().st_size, file_sha256(path)))
    return tuple(found)
