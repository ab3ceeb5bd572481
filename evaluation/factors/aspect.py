"""Aspect ratio of a mask."""

from __future__ import annotations

from cosmos_datasets.evaluation.sample import Target


def aspect_ratio(target: Target) -> float:
    """Short side over long side of the mask's tight box, in pixels: above 0, and 1 for a square."""
    short, long = sorted(map(int, target.mask.shape))
    return short / long
