"""The images that are timed: a few, spread evenly over those that were chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cosmos_datasets.evaluation.engine import ChunkReader
from cosmos_datasets.evaluation.run import Request
from cosmos_datasets.evaluation.sample import Sample


def spread_images(request: Request, number: int) -> list[Sample]:
    """Read some of the chosen images, always the same ones, the first and the last among them.

    Args:
        request: data set and choice of masks.
        number: how many, 1 or more; all where there are fewer.

    Raises:
        CosmosError: if nothing is chosen, or the data cannot be read.
    """
    data, selection = request.selected
    ids = selection.table["image_id"].unique()
    places = np.linspace(0, len(ids) - 1, min(number, len(ids))).round().astype(int)
    few = replace(selection, table=selection.table[selection.table["image_id"].isin(ids[places])])
    reader = ChunkReader(data)
    return [sample for chunk in few.chunks for sample in reader.read(chunk)]
