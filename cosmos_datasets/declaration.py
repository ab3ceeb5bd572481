"""Whether a source that somebody's package declares can be used: nothing of it may surprise a later command."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from cosmos_datasets.noted import misfits
from cosmos_datasets.source import Source
from cosmos_datasets.vocabulary import EXTRA_MODALITIES, MODALITIES, slug

#: Names of configurations that a data set always has.
_TAKEN = frozenset({"all", "index"})
#: Words become columns, cells, names of folders and of configurations.
_OBJECT = re.compile(r"[a-z][a-z0-9_]*")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_MODALITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9 +/.-]*")
_KNOWN = {slug(name): name for name in (*MODALITIES, *EXTRA_MODALITIES)}


def faults(source: Source) -> Iterator[str]:
    """Say what makes a declaration unusable. Words outside of the vocabulary are none, as long as they are words.

    Yields:
        What is wrong, a clause each; nothing if the source can be used.
    """
    # The types of cases and findings are imported for the type checker alone.
    hints = get_type_hints(Source, localns={"Case": Any, "Finding": Any})
    found = [one for name, hint in hints.items() for one in misfits(getattr(source, name), hint, name)]
    yield from found or (*_of_words(source), *_of_modalities(source), *_of_downloads(source))


def _of_words(source: Source) -> Iterator[str]:
    for label in source.labels:
        if not _LABEL.fullmatch(label.name):
            yield f"label {label.name!r} is not written in letters, digits and _"
        if label.object is not None and not _OBJECT.fullmatch(label.object):
            yield f"object {label.object!r} is not written in small letters, digits and _"
        if others := sorted({*label.modalities} - {*source.modalities}):
            yield f"label {label.name} names the modality {others[0]!r}, which the source has not"
    for name, given in (("labels", source.labels), ("modalities", source.modalities), ("markers", source.markers)):
        if not given:
            yield f"it declares no {name}"


def _of_modalities(source: Source) -> Iterator[str]:
    for name in source.modalities:
        if not _MODALITY.fullmatch(name):
            yield f"modality {name!r} is not written in letters, digits, blanks and + / . -"
        elif _KNOWN.get(slug(name), name) != name:
            yield f"modality {name!r} is written {_KNOWN[slug(name)]!r} here"
    slugs = Counter(map(slug, source.modalities))
    if max(slugs.values(), default=1) > 1:
        yield f"two modalities have the short name {slugs.most_common(1)[0][0]!r}"
    if source.id in {*_TAKEN, *_KNOWN, *slugs}:
        yield f"{source.id!r} is the name of another configuration, so no source can have it"


def _of_downloads(source: Source) -> Iterator[str]:
    for file in source.downloads:
        into = PurePosixPath(file.into)
        if urlsplit(file.url).scheme not in {"http", "https"}:
            yield f"{file.url!r} is no address on the web"
        if into.is_absolute() or ".." in into.parts or "/" in file.name or file.name in {".", ".."}:
            yield f"{file.url} would be stored outside of the folder"
