"""Finds sources through the entry-point group, so that anybody can publish another as a package of their own."""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import entry_points

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.source import Source

GROUP = "cosmos_datasets.sources"


@cache
def source_ids() -> tuple[str, ...]:
    """Ids of all installed sources, sorted; nothing is imported."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


@cache
def get_source(source_id: str) -> Source:
    """Import one source.

    Raises:
        CosmosError: if no installed package offers that id, or what it offers cannot be used.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if source_id not in found:
        close = difflib.get_close_matches(source_id, found, n=3)
        hint = f" Did you mean {', '.join(close)}?" if close else ""
        raise CosmosError(f"no source is called {source_id!r}.{hint} See: cosmos-datasets list")
    try:
        source = found[source_id].load()
    except (ImportError, AttributeError) as error:
        raise CosmosError(f"source {source_id} ({found[source_id].value}) cannot be imported: {error}") from error
    if not isinstance(source, Source) or source.id != source_id:
        raise CosmosError(f"entry point {source_id} ({found[source_id].value}) is not a Source of that id.")
    return source
