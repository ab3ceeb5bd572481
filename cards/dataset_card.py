"""The card of a shared data set, filled from its manifest, its index and the declarations of its sources."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml

from cosmos_datasets.build.files import combine
from cosmos_datasets.build.manifest import SourceEntry
from cosmos_datasets.build.readme import config_entries, configs
from cosmos_datasets.cards.licences import hub_licence
from cosmos_datasets.cards.rendering import render
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.registry import get_source
from cosmos_datasets.share.contents import Contents, redistributable
from cosmos_datasets.source import Source
from cosmos_datasets.statistics import Count, Statistics
from cosmos_datasets.vocabulary import slug

_TERMS = (
    "The images and masks come from public data sets with terms of their own, which the card lists. Some are for "
    "those alone who have accepted these terms with the publisher."
)


@dataclass(frozen=True)
class SourcePart:
    """What the card says of one source.

    Attributes:
        id, title, homepage, licence, citation: of the source.
        passing_on: ``yes``, ``gated`` or ``no``.
        count: how much is in the data set.
        left_out: cases that could not be read.
        doubts: what was odd about the raw files, in sentences.
        dropped: what the rules of the data set removed, in words.
        intensity, version, revision: how it was built.
        pitfalls, unverified: what to know before trusting it.
    """

    id: str
    title: str
    homepage: str
    licence: str
    citation: str
    passing_on: str
    count: Count
    left_out: int
    doubts: list[str]
    dropped: str
    intensity: str
    version: str
    revision: str
    pitfalls: tuple[str, ...]
    unverified: tuple[str, ...]


def dataset_card(contents: Contents, repo_id: str, counts: Statistics) -> str:
    """Write the card of a repository.

    Args:
        contents: what it holds.
        repo_id: ``organisation/name``.
        counts: of what it holds, by source, modality and target.

    Returns:
        Markdown with a YAML head.
    """
    manifest = contents.manifest
    parts = [
        _part(name, one, counts.by["source"].get((name,), Count())) for name, one in sorted(manifest.sources.items())
    ]
    found = configs(manifest)
    example = next((name for name in found if name in manifest.sources), next(iter(found)))
    head = yaml.safe_dump(_head(contents, parts, counts), sort_keys=False, allow_unicode=True, width=120)
    return render(
        "dataset.md.jinja",
        head=head,
        repo_id=repo_id,
        parts=parts,
        total=counts.total,
        modalities=counts.table("modality"),
        targets=counts.table("target"),
        index_only=manifest.index_only,
        revision=manifest.revision,
        licence=hub_licence(part.licence for part in parts),
        example=example,
        split=next(iter(found[example])),
        configs=[name for name in found if name not in {"all", "index", *manifest.sources}],
        gated=contents.gated,
        prompts=bool(contents.prompts),
    )


def _head(contents: Contents, parts: list[SourcePart], counts: Statistics) -> dict[str, Any]:
    modalities = [slug(row["modality"]) for row in counts.table("modality")]
    licence = hub_licence(part.licence for part in parts)
    gate = {
        "extra_gated_prompt": _TERMS,
        "extra_gated_fields": {"I accept the terms of every source listed in the card": "checkbox"},
    }
    return {
        "pretty_name": "COSMOS 1050K" + (" (index without pixels)" if contents.manifest.index_only else ""),
        "license": licence,
        **({"license_name": "terms-of-the-sources"} if licence == "other" else {}),
        "task_categories": ["image-segmentation", "mask-generation"],
        "size_categories": [_size_category(_rows(contents, counts))],
        "tags": ["medical", "medical-imaging", "segmentation", "segment-anything", "cosmos-1050k", *modalities],
        **(gate if contents.gated else {}),
        "configs": [*config_entries(contents.manifest), *_prompt_entries(contents)],
    }


def _prompt_entries(contents: Contents) -> list[dict[str, Any]]:
    """The configuration of the prompts, which has the splits of the index."""
    if not contents.prompts:
        return []
    files = [
        {"split": split, "path": f"prompts/*/*/{split}-*.parquet"} for split in configs(contents.manifest)["index"]
    ]
    state = combine(one.sha256 for one in contents.prompts)  # as for the other configurations
    return [{"config_name": "prompts", "description": f"files {state[:16]}", "data_files": files}]


def _rows(contents: Contents, counts: Statistics) -> int:
    masks = counts.total.masks + counts.total.instances
    return masks if contents.manifest.index_only else counts.total.images


def _size_category(rows: int) -> str:
    """The Hub's word for a number of rows: ``1K<n<10K``."""
    if rows < 1000:
        return "n<1K"
    names = ["1K", "10K", "100K", "1M", "10M", "100M"]
    at = min(int(math.log10(rows)) - 3, len(names) - 2)
    return f"{names[at]}<n<{names[at + 1]}"


def _part(source_id: str, entry: SourceEntry, count: Count) -> SourcePart:
    source: Source | None = None
    with suppress(CosmosError):  # built with a package that is not installed here
        source = get_source(source_id)
    dropped: dict[str, int] = {}
    for shard in (*entry.shards, *entry.empty):
        for reason, number in shard.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + number
    return SourcePart(
        id=source_id,
        title=entry.title,
        homepage=source.homepage if source else "",
        licence=entry.licence,
        citation=entry.citation.strip(),
        passing_on=redistributable(source_id, entry),
        count=count,
        left_out=len(entry.broken),
        doubts=entry.doubts,
        dropped="; ".join(f"{number:,} x {reason}" for reason, number in sorted(dropped.items()) if number),
        intensity=entry.intensity,
        version=entry.version,
        revision=entry.revision,
        pitfalls=source.pitfalls if source else (),
        unverified=source.unverified if source else (),
    )
