"""The field's words."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.vocabulary import EXTRA_MODALITIES, EXTRA_OBJECTS, MODALITIES, OBJECTS, matching_objects, slug

_TABLE = Path(__file__).parents[2].parent / "shared" / "reference" / "vocabulary.csv"


def test_modalities_count_to_18_and_their_slugs_differ() -> None:
    assert len(MODALITIES) == 18
    slugs = [slug(name) for name in (*MODALITIES, *EXTRA_MODALITIES)]
    assert len(set(slugs)) == len(slugs)
    assert slug("T2W MRI") == "t2w-mri"
    assert all(s.isascii() and s.replace("-", "").isalnum() for s in slugs)


def test_objects_are_sorted_snake_case() -> None:
    assert list(OBJECTS) == sorted(OBJECTS)
    assert all(name.isidentifier() and name == name.lower() for name in OBJECTS)
    assert set(OBJECTS) > EXTRA_OBJECTS
    assert (len(OBJECTS) - len(EXTRA_OBJECTS), len(EXTRA_OBJECTS)) == (107, 17)


def test_configuration_names_do_not_collide_with_sources() -> None:
    from cosmos_datasets.registry import source_ids

    assert not {slug(name) for name in MODALITIES} & {"all", "index", *source_ids()}


@given(st.sampled_from(sorted(OBJECTS)), st.sampled_from(["_", " ", "  ", "-"]), st.booleans())
def test_an_object_is_found_by_its_own_name_in_any_spelling(name: str, space: str, upper: bool) -> None:
    word = name.replace("_", space)
    assert matching_objects(word.upper() if upper else word) == [name]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("hepatic", ["liver"]),
        ("hard exudate", ["exudate"]),
        ("cyst", ["intraretinal_fluid", "kidney_cyst"]),
        ("salivary gland", ["parotid_gland", "submandibular_gland"]),
        ("gland", ["gland"]),  # a name goes before synonyms
        ("nonsense", []),
        ("", []),
    ],
)
def test_synonyms(word: str, found: list[str]) -> None:
    assert matching_objects(word) == found


def test_objects_are_those_of_the_reference_table() -> None:
    if not _TABLE.is_file():
        pytest.skip(f"no reference at {_TABLE}")
    with _TABLE.open() as file:
        named = {row["object"] for row in csv.DictReader(file) if row["include"] == "yes" and row["object"]}
    assert named == set(OBJECTS)
