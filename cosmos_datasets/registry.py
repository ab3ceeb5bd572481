"""Finds sources through the entry-point group, so that anybody can publish another as a package of their own."""

from __future__ import annotations

import difflib
import sys
from collections import defaultdict
from contextlib import redirect_stdout
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from cosmos_datasets.declaration import faults
from cosmos_datasets.errors import CosmosError, in_a_line
from cosmos_datasets.source import Source

GROUP = "cosmos_datasets.sources"


def source_ids() -> tuple[str, ...]:
    """Ids of all installed sources, sorted; nothing is imported."""
    return tuple(sorted(_offers()))


@cache
def get_source(source_id: str) -> Source:
    """Import one source.

    Raises:
        CosmosError: if no installed package offers that id, several do, or what it offers cannot be used: the error
            names the package, whatever its import raises.
    """
    offers = _offers()
    if source_id not in offers:
        close = difflib.get_close_matches(source_id, offers, n=3)
        hint = f" Did you mean {', '.join(close)}?" if close else ""
        raise CosmosError(f"no source is called {source_id!r}.{hint} See: cosmos-datasets list")
    if len(offers[source_id]) > 1:
        packages = ", ".join(map(_package, offers[source_id]))
        raise CosmosError(f"source {source_id} is offered by several packages: {packages}. Uninstall all but one.")
    (entry,) = offers[source_id]
    source = _imported(entry)
    if not isinstance(source, Source) or source.id != source_id:
        raise _unusable(entry, "it is not a Source of that id")
    for fault in faults(source):
        raise _unusable(entry, fault)
    return source


@cache
def _offers() -> dict[str, list[EntryPoint]]:
    """Id -> the entry points of that name; more than one if packages disagree."""
    found: dict[str, dict[str, EntryPoint]] = defaultdict(dict)
    for entry in entry_points(group=GROUP):
        found[entry.name].setdefault(entry.value, entry)
    return {name: list(values.values()) for name, values in found.items()}


def _imported(entry: EntryPoint) -> object:
    try:
        with redirect_stdout(sys.stderr):  # standard output is the command's
            return entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a package can raise anything, and even try to end the process
        own = entry.value.partition(":")[0].partition(".")[0]
        missing = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
        if missing and missing != own:
            raise _unusable(entry, f"it needs the Python package {missing}: pip install {missing}") from error
        raise _unusable(entry, f"it cannot be imported: {type(error).__name__}: {in_a_line(error)}") from error


def _unusable(entry: EntryPoint, reason: str) -> CosmosError:
    remedy = "Install another version of the package, or uninstall it"
    return CosmosError(f"source {entry.name} of {_package(entry)} cannot be used: {reason}. {remedy}.")


def _package(entry: EntryPoint) -> str:
    name = entry.dist.name if entry.dist else "an unknown package"
    return f"{name} ({entry.value})"
