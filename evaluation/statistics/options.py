"""What can be asked of the tables: metrics, units and groupings. Nothing here imports pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from cosmos_datasets.errors import CosmosError

Choice = Literal["oracle", "predicted"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
#: What a mean is over.
Per = Literal["mask", "image", "case", "volume", "subject"]
PER: tuple[Per, ...] = get_args(Per)

#: Metric -> how it is written, with its unit. ``nsd`` is a share of the surface, the other distances are lengths.
METRICS = {
    "dice": "DICE",
    "jac": "JAC",
    "conformity": "CON",
    "hd": "HD (px)",
    "hd95": "HD95 (px)",
    "asd": "ASD (px)",
    "nsd": "NSD",
    "hd_mm": "HD (mm)",
    "hd95_mm": "HD95 (mm)",
    "asd_mm": "ASD (mm)",
    "nsd_mm": "NSD (tolerance in mm)",
    "nsd_length": "NSD by length",
    "nsd_length_mm": "NSD by length (tolerance in mm)",
}
#: What follows from counts of pixels alone, and so also for a volume as a whole.
OF_COUNTS = ("dice", "jac", "conformity")
#: What the blind baseline has: its masks are not kept, only their DICE.
WITH_BLIND = ("dice", "jac")
#: What ``--by`` names -> columns of the scores. A label is the source's own word, so it is never pooled over sources.
UNITS: dict[str, tuple[str, ...]] = {
    "target": ("target",),
    "modality": ("modality",),
    "source": ("source",),
    "object": ("object",),
    "label": ("source", "modality", "label"),
    "rater": ("rater",),
    "model": (),
}


def columns_of(by: Sequence[str]) -> list[str]:
    """The columns of the scores that a grouping is by; of ``model`` none, because models are always apart.

    Raises:
        CosmosError: if there is no such grouping.
    """
    if unknown := [one for one in by if one not in UNITS]:
        raise CosmosError(f"no table by {', '.join(map(repr, unknown))}; choose of {', '.join(UNITS)}")
    return list(dict.fromkeys(column for one in by for column in UNITS[one]))
