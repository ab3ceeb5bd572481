"""What may be claimed as the licence of a fine-tuned model: it follows from its base and from its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cosmos_datasets.cards.licences import hub_licence

#: Licences that ask for no more than attribution.
_FREE = frozenset(
    {
        *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "pddl", "odc-by", "cdla-permissive-2.0"),
        *("cc-by-2.0", "cc-by-3.0", "cc-by-4.0"),
    }
)
#: Base models whose licence their publisher states: beginning of the Hub id -> licence.
_BASES = {
    "facebook/sam-vit-": "apache-2.0",
    "facebook/sam2-hiera-": "apache-2.0",
    "facebook/sam2.1-hiera-": "apache-2.0",
    "wanglab/medsam-vit-": "apache-2.0",
    "cosmos-sam-tiny": "apache-2.0",
}
UNKNOWN = "unknown"
_BASE = "base model"


@dataclass(frozen=True)
class Part:
    """What a model was made of.

    Attributes:
        name: ``base model`` or the source's title.
        licence: as its publisher states it.
        terms: what it asks for beyond attribution, in words; empty if nothing.
    """

    name: str
    licence: str
    terms: str


@dataclass(frozen=True)
class ModelLicence:
    """The licence of a model.

    Attributes:
        id: what its card may claim: an identifier of the Hub, ``other`` where no single licence follows.
        parts: the base model, then the data.
        reason: why it is this one, a sentence or two.
    """

    id: str
    parts: tuple[Part, ...]
    reason: str

    @property
    def terms(self) -> str:
        """What all parts together ask for beyond attribution, in words; empty if nothing."""
        return "; ".join(dict.fromkeys(one for part in self.parts if part.terms for one in part.terms.split("; ")))


def base_licence(base_model: str, stated: str | None) -> str:
    """The licence of a base model.

    Args:
        base_model: its Hub id or name.
        stated: what the user says it is; goes before what is known here.

    Returns:
        An identifier of the Hub, a statement, or ``unknown``.
    """
    known = next((licence for start, licence in _BASES.items() if base_model.startswith(start)), UNKNOWN)
    return stated or known


def terms(licence: str) -> str:
    """What a licence asks for beyond attribution, in words; empty if nothing."""
    text = licence.lower()
    if text in _FREE:
        return ""
    found = []
    if UNKNOWN in text:
        found.append("nobody states what is allowed")
    if "-nc" in text or "ncgl" in text or "commercial" in text or "research" in text:
        found.append("no commercial use")
    if "-sa" in text or text.startswith("gpl"):
        found.append("what is derived from it keeps its licence")
    if "-nd" in text or "derived from it" in text:
        found.append("nothing derived from it may be shared")
    return "; ".join(found) or "terms of its own"


def model_licence(base: str, sources: Mapping[str, Mapping[str, str]]) -> ModelLicence:
    """Derive the licence of a fine-tuned model, read cautiously: every part's terms hold for what was made of it.

    Args:
        base: licence of the base model.
        sources: id -> facts with ``title`` and ``licence``.
    """
    parts = [Part(_BASE, base, terms(base))]
    parts += [Part(one["title"], one["licence"], terms(one["licence"])) for one in sources.values()]
    binding = [part for part in parts if part.terms]
    if not binding:
        reason = (
            "Base model and data ask for no more than attribution, so the model has the licence of its base model."
        )
        return ModelLicence(base.lower(), tuple(parts), reason)
    names = ", ".join(f"the {part.name}" if part.name == _BASE else part.name for part in binding)
    single = hub_licence(part.licence for part in binding)
    if single != "other" and "-nd" not in single:
        reason = (
            f"The licence of {names} asks for more than attribution, and no other part does: the model has that one."
        )
        return ModelLicence(single, tuple(parts), reason)
    reason = (
        f"No single licence follows: {names} {'has' if len(binding) == 1 else 'have'} terms that no licence sums up. "
        "All of the terms below hold together; whoever uses or passes on the model has to keep each of them."
    )
    return ModelLicence("other", tuple(parts), reason)
