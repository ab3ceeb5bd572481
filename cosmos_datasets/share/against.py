"""Is a rebuild the data set that somebody shared? By digest, and where that differs by index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cosmos_datasets.load.access import CosmosDataset

if TYPE_CHECKING:
    import pandas as pd

#: What names a mask.
_KEY = ["image_id", "label", "instance", "rater"]
#: What has to agree once it is named; places in shards follow from it.
_FACTS = ["modality", "object", "area", "box", "case_id", "group_id", "split", "fold", "height", "width"]
#: Masks that are named of each kind.
_NAMED = 5


@dataclass
class Comparison:
    """One source, here and there.

    Attributes:
        source: its id.
        verdict: ``identical`` (pixels too), ``same index`` (ids, boxes, areas, splits and folds; other pixels),
            ``different`` or ``missing`` (not here).
        here, there: masks.
        only_here, only_there, changed: masks that the other lacks, and those that say something else.
        examples: some of them.
        reasons: what differs in how they were built.
    """

    source: str
    verdict: str
    here: int = 0
    there: int = 0
    only_here: int = 0
    only_there: int = 0
    changed: int = 0
    examples: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def compare(here: CosmosDataset, there: CosmosDataset) -> list[Comparison]:
    """Compare every source of ``there``, which may be an index without pixels, with the one here."""
    return [_compare(here, there, name) for name in sorted(there.manifest.sources)]


def _compare(here: CosmosDataset, there: CosmosDataset, source: str) -> Comparison:
    entry, other = here.manifest.sources.get(source), there.manifest.sources[source]
    if entry is None:
        return Comparison(source, "missing")
    masks, others = _masks(here, source), _masks(there, source)
    result = Comparison(source, "identical", len(masks), len(others))
    both = masks.index.intersection(others.index)
    changed = both[(masks.loc[both, _FACTS] != others.loc[both, _FACTS]).any(axis=1)]
    alone, absent = masks.index.difference(others.index), others.index.difference(masks.index)
    result.only_here, result.only_there, result.changed = len(alone), len(absent), len(changed)
    for what, keys in (("only here", alone), ("only there", absent), ("differs", changed)):
        result.examples += [f"{what}: {' '.join(map(str, key))}" for key in keys[:_NAMED]]
    if result.examples:
        result.verdict = "different"
    elif entry.revision != other.revision:
        result.verdict = "same index"
    if result.verdict != "identical":
        result.reasons = [
            f"{name}: {getattr(entry, attribute)} here, {getattr(other, attribute)} there"
            for name, attribute in (("intensities", "intensity"), ("cosmos-datasets", "version"))
            if getattr(entry, attribute) != getattr(other, attribute)
        ]
        if entry.raw_fingerprint != other.raw_fingerprint:
            result.reasons.append(f"raw files: {entry.raw_files:,} here, {other.raw_files:,} there, in name or size")
    return result


def _masks(data: CosmosDataset, source: str) -> pd.DataFrame:
    columns = [*_KEY, "bbox", *(name for name in _FACTS if name != "box")]
    table = data.index(source, columns=columns).to_pandas()
    table["box"] = list(_texts(table["bbox"]))
    masks: pd.DataFrame = table.set_index(_KEY).sort_index()
    return masks


def _texts(boxes: pd.Series) -> Iterator[str]:
    """Boxes as text, which compares at once where arrays do not."""
    for box in boxes:
        yield ",".join(map(str, box))
