"""Targets: which object is labelled in which modality, and by which sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from cosmos_datasets.source import Source

#: What the paper counts (its abstract); it does not publish the lists.
PAPER = {"modalities": 18, "objects": 84, "targets": 125}


@dataclass(frozen=True)
class Target:
    """An object in a modality: the unit in which results are reported.

    Attributes:
        object, modality: canonical names.
        sources: ids of the sources that label it, sorted.
        extra: only neighbouring data sets or later releases have it; it does not count among those of the 53.
    """

    object: str
    modality: str
    sources: tuple[str, ...]
    extra: bool


def targets(sources: Iterable[Source]) -> list[Target]:
    """The targets that sources declare, sorted by object and modality.

    They are declared, not counted in files: a download may hold no mask of one. ``cosmos-datasets stats`` counts.
    """
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    of_the_paper = set()
    for source in sources:
        for label in source.labels:
            for modality in label.modalities or source.modalities:
                if label.object is None:
                    continue
                found[label.object, modality].add(source.id)
                if not source.extra and label.release in {"", source.paper_release}:
                    of_the_paper.add((label.object, modality))
    return [Target(*key, tuple(sorted(ids)), key not in of_the_paper) for key, ids in sorted(found.items())]


def counts(found: Iterable[Target]) -> dict[str, int]:
    """How many modalities, objects and targets there are, by the names of :data:`PAPER`."""
    listed = list(found)
    return {
        "modalities": len({target.modality for target in listed}),
        "objects": len({target.object for target in listed}),
        "targets": len(listed),
    }
