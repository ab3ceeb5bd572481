"""Size of a mask."""

from __future__ import annotations

from cosmos_datasets.evaluation.sample import Target


def size(target: Target) -> int:
    """Pixels of the mask, all of its components together; 1 or more."""
    return target.area
