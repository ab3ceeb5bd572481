"""The licence of a model follows from its base and its data, and nothing is claimed that does not follow."""

from __future__ import annotations

import pytest

from cosmos_datasets.cards.model_licence import base_licence, model_licence, terms
from cosmos_datasets.registry import get_source, source_ids

APACHE, MIT, BY, SA, NC, NCSA, ND = (
    *("apache-2.0", "MIT", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0"),
)


def sources(*licences: str) -> dict[str, dict[str, str]]:
    return {f"s{n}": {"title": f"Source {n}", "licence": licence} for n, licence in enumerate(licences)}


@pytest.mark.parametrize(
    ("base", "data", "expected"),
    [
        (APACHE, [BY], "apache-2.0"),
        (MIT, [BY, "CC0-1.0"], "mit"),
        (APACHE, [SA], "cc-by-sa-4.0"),
        (APACHE, [SA, BY, SA], "cc-by-sa-4.0"),
        (APACHE, [NC], "cc-by-nc-4.0"),
        # Two sets of terms, no one licence.
        (APACHE, [SA, NC], "other"),
        (APACHE, [NC, NCSA], "other"),
        # What may not be derived from has no licence for what is.
        (APACHE, [ND], "other"),
        (APACHE, ["unknown"], "other"),
        (APACHE, ["unknown (images: CC-BY-SA-3.0)"], "other"),
        (APACHE, ["competition rules: any use by those who accepted them, no redistribution"], "other"),
        ("unknown", [BY], "other"),
        ("unknown", [SA], "other"),
        ("cc-by-nc-4.0", [BY], "cc-by-nc-4.0"),
    ],
)
def test_what_follows(base: str, data: list[str], expected: str) -> None:
    found = model_licence(base, sources(*data))
    assert found.id == expected
    assert [part.licence for part in found.parts] == [base, *data]


def test_the_reason_names_who_asks_for_more() -> None:
    found = model_licence(APACHE, sources(BY, SA, "unknown"))
    assert "Source 1, Source 2 have terms" in found.reason
    assert "Source 0" not in found.reason
    assert "Source 0 asks" in model_licence(APACHE, sources(SA)).reason.replace("The licence of ", "")


def test_terms_in_words() -> None:
    assert terms(BY) == terms(APACHE) == ""
    assert terms(NCSA) == "no commercial use; what is derived from it keeps its licence"
    assert terms(ND) == "no commercial use; nothing derived from it may be shared"
    assert terms("NCGL-UK-2.0") == "no commercial use"
    assert terms("unknown; terms of the challenge") == "nobody states what is allowed"


@pytest.mark.parametrize("source_id", source_ids())
def test_no_source_is_taken_for_freer_than_it_is(source_id: str) -> None:
    """Only statements that are a free licence, word for word, ask for nothing."""
    licence = get_source(source_id).licence
    said = terms(licence)
    assert (said == "") == (licence in {"CC-BY-4.0", "CC0-1.0", "MIT", "Apache-2.0"})
    assert ("unknown" not in licence.lower()) or "nobody states" in said
    assert ("-NC" not in licence) or "no commercial use" in said or licence.startswith("unknown")
    assert ("-SA" not in licence) or "keeps its licence" in said or licence.startswith("unknown")
    assert ("-ND" not in licence) or "nothing derived" in said


def test_base_models() -> None:
    assert base_licence("facebook/sam-vit-base", None) == "apache-2.0"
    assert base_licence("facebook/sam2-hiera-tiny", None) == "apache-2.0"
    assert base_licence("facebook/sam3", None) == "unknown"
    assert base_licence("someone/else", None) == "unknown"
    assert base_licence("someone/else", "mit") == "mit"
    # Who has agreed to other terms knows better.
    assert base_licence("facebook/sam-vit-base", "cc-by-nc-4.0") == "cc-by-nc-4.0"
