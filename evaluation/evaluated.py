"""The masks that a finished run evaluated, to measure something else of them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.engine import ChunkReader
from cosmos_datasets.evaluation.gallery_rows import KEY
from cosmos_datasets.evaluation.selection import Selection, select
from cosmos_datasets.load.access import CosmosDataset, open_dataset


def evaluated(run: Path, dataset: str) -> tuple[CosmosDataset, Selection]:
    """The masks of a run, in data set order.

    Args:
        run: the run's folder.
        dataset: folder or Hub id of the data set that the run was made from.

    Raises:
        CosmosError: the run is not finished, is damaged, or was made from other data.
    """
    results = run / "results.parquet"
    if not results.is_file():
        raise CosmosError(f"{run} holds no finished run: it has no results.parquet. See: cosmos-eval run --help")
    try:
        facts = json.loads((run / "run.json").read_text(encoding="utf-8"))["data"]
        config, split, revision = (facts[name] for name in ("config", "split", "revision"))
        # Every strategy repeats the keys; as a data frame they would be many times larger.
        keys = pq.read_table(results, columns=KEY).group_by(KEY).aggregate([]).to_pandas()
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise CosmosError(f"{run} is damaged ({error}); give the command of its run again.") from error
    data = open_dataset(dataset)
    everything = select(data, config=config, split=split)
    if everything.data_revision != revision:
        raise CosmosError(
            f"{run} was made from {facts.get('dataset')} of revision {revision[:8]}, {dataset} is of revision "
            f"{everything.data_revision[:8]}; name the data set of the run."
        )
    return data, replace(everything, table=everything.table.merge(keys, on=KEY))


@lru_cache(maxsize=1)
def reader_of(location: str) -> ChunkReader:
    """The reader of this process, which holds the row group that it read last."""
    return ChunkReader(open_dataset(location))
