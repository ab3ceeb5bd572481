"""What a study is going to take, before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cosmos_datasets.evaluation.efficiency.tables import seconds_text
from cosmos_datasets.evaluation.statistics.formats import to_text


@dataclass(frozen=True)
class Step:
    """The work of one side.

    Attributes:
        side: points a side.
        images: that are left to evaluate.
        timed: images on which it is timed afterwards.
    """

    side: int
    images: int
    timed: int


def describe(steps: Sequence[Step], encoding: float, point: float, *, measured: int, processes: int = 1) -> str:
    """The plan as text, with estimates.

    Args:
        steps: the sides.
        encoding: seconds of encoding an image.
        point: seconds of everything mode for each of its points: time grows with their number.
        measured: side of the grid that these were measured with.
        processes: that share the images; one alone does the timing.
    """
    rows, total = [], 0.0
    for step in steps:
        one = point * step.side**2
        # What is timed is done twice, for the warm-up; that of everything mode is one batch and hardly counts.
        seconds = (encoding + one) * step.images / processes + (2 * encoding + one) * step.timed
        total += seconds
        rows.append((str(step.side), f"{step.side**2:,}", seconds_text(one), f"{step.images:,}", duration(seconds)))
    table = pd.DataFrame(rows, columns=["side", "points", "s per image", "images left", "takes about"])
    return (
        f"{to_text(table)}About {duration(total)} in all, estimated from {measured} x {measured} points on one image, "
        f"with {seconds_text(encoding)} s of encoding an image again for each side. Fewer --sides take less."
    )


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``, ``15 h``, ``5 days``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 600:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"
