"""Which models were trained on which data: a score on what a model has seen says nothing of how it generalises.

``seen.csv`` holds what is known of published models, each row with where it is known from; a model that
``cosmos-eval finetune`` made says in its folder what it learnt from. Whatever neither names is ``unknown``.

A model is told by its name alone: the Hub id, or the name of its folder, in small letters and with hyphens for
underscores, must fit a pattern of ``seen.csv`` as a whole. A name that several models bear fits none.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast

import pandas as pd

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.models.checkpoint import read_learnt
from cosmos_datasets.registry import get_source, source_ids

Seen = Literal["seen", "held out", "unknown"]
#: Stands for whatever source no other fact names.
ANY = "*"


@dataclass(frozen=True)
class Fact:
    """What is known of a model and a source.

    Attributes:
        source: its id, or :data:`ANY`.
        objects: of these objects alone; of all if empty.
        modalities: of these modalities alone; of all if empty.
        seen: ``seen``: there were masks of it in the training, of whichever subjects; ``held out``: there were none.
        provenance: where this is known from.
    """

    source: str
    objects: frozenset[str]
    modalities: frozenset[str]
    seen: Seen
    provenance: str

    def fits(self, source: str, object_: str, modality: str) -> bool:
        """Whether it is about such masks."""
        return (
            self.source in {source, ANY}
            and (not self.objects or object_ in self.objects)
            and (not self.modalities or modality in self.modalities)
        )


def seen_by(model: str, learnt: Mapping[str, Any] | None = None) -> Callable[[str, str, str], Seen]:
    """What to ask of a model: ``(source, object, modality)`` becomes ``seen``, ``held out`` or ``unknown``.

    Args:
        model: its name, as a run notes it.
        learnt: of a fine-tuned one what it was trained on, as a run notes it too.
    """
    facts = facts_of_finetuned(learnt) if learnt else facts_of(model)

    def seen(source: str, object_: str, modality: str) -> Seen:
        return next((fact.seen for fact in facts if fact.fits(source, object_, modality)), "unknown")

    return seen


def facts_of(model: str) -> tuple[Fact, ...]:
    """What is known of a model by its name; the first fact that fits is the one that holds."""
    name = model.lower().replace("_", "-")
    known = [fact for patterns, fact in _published() if any(fnmatchcase(name, one) for one in patterns)]
    return tuple(sorted(known, key=lambda fact: (fact.source == ANY, not fact.objects)))


def facts_of_folder(folder: Path) -> tuple[Fact, ...]:
    """What is known of the model in a folder.

    Raises:
        CosmosError: if what its fine-tuning left is damaged.
    """
    learnt = read_learnt(folder)
    return facts_of_finetuned(learnt) if learnt else facts_of(folder.resolve().name)


def facts_of_finetuned(learnt: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What is known of a fine-tuned model, and of the one that it began with.

    Args:
        learnt: see :func:`cosmos_datasets.evaluation.models.checkpoint.read_learnt`.
    """
    own, base = _learnt(learnt), facts_of(learnt["base_model"])
    # What either has seen is seen; what the fine-tuning may have touched was not held out.
    return (*_that(("seen",), own), *_that(("seen",), base), *own, *base)


def _that(seen: Sequence[Seen], facts: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.seen in seen]


def _learnt(learnt: Mapping[str, Any]) -> list[Fact]:
    sources = learnt["sources"]
    how_much = f"{plural(learnt['subjects'], 'subject')} of {plural(len(sources), 'source')}"
    objects, modalities = frozenset(learnt["objects"]), frozenset(learnt["modalities"])
    facts, others = [], []
    for source in sources:
        why = f"fine-tuned on it ({how_much}); what evaluation/ in its folder holds is of other subjects"
        facts.append(Fact(source, objects, modalities, "seen", why))
        others.append(Fact(source, frozenset(), frozenset(), "unknown", "fine-tuned on other masks of this source"))
        if source in source_ids():
            shares = f"shares scans with {source}, which the model was fine-tuned on"
            related = set(get_source(source).related) - set(sources)
            others += [Fact(one, frozenset(), frozenset(), "unknown", shares) for one in sorted(related)]
    return [*facts, *others]


@cache
def _published() -> tuple[tuple[tuple[str, ...], Fact], ...]:
    """The rows of ``seen.csv``: patterns of names, and what is known of the models that bear them."""
    with (files(__package__) / "seen.csv").open(encoding="utf-8") as file:
        return tuple((tuple(row["models"].split("|")), _fact(row)) for row in csv.DictReader(file))


def _fact(row: dict[str, str]) -> Fact:
    objects = frozenset(filter(None, row["objects"].split("|")))
    return Fact(row["source"], objects, frozenset(), cast(Seen, row["seen"]), row["provenance"])


def facts_table(facts: Sequence[Fact]) -> pd.DataFrame:
    """The facts as a table: ``source``, ``objects`` and ``modalities`` (empty for all), ``seen``, ``provenance``."""
    columns = ("source", "objects", "modalities", "seen", "provenance")
    rows = [
        (fact.source, "|".join(sorted(fact.objects)), "|".join(sorted(fact.modalities)), fact.seen, fact.provenance)
        for fact in facts
    ]
    return pd.DataFrame(list(dict.fromkeys(rows)), columns=list(columns))


def in_words(facts: Sequence[Fact]) -> list[tuple[str, str]]:
    """The facts for people: what has been seen (or not) of which sources, and where that is known from."""
    alike: dict[tuple[str, str], list[str]] = {}
    for fact in dict.fromkeys(facts):
        parts = [", ".join(sorted(some)).replace("_", " ") for some in (fact.objects, fact.modalities) if some]
        name = "all other sources" if fact.source == ANY else fact.source
        alike.setdefault((fact.seen, fact.provenance), []).append(f"{name} ({'; '.join(parts)})" if parts else name)
    found = [(f"{seen}: {', '.join(names)}", why) for (seen, why), names in alike.items()]
    if not any(fact.source == ANY for fact in facts):
        found.append((f"unknown: all {'other ' if found else ''}sources", "nothing is listed"))
    return found
