"""The data set card: what it claims of licences, what it counts, and that its head is what the Hub takes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hub.card_rules import card_errors
from huggingface_hub import DatasetCard

from cosmos_datasets.build.readme import configs
from cosmos_datasets.cards.dataset_card import _size_category, dataset_card
from cosmos_datasets.cards.licences import hub_licence
from cosmos_datasets.load.access import open_dataset
from cosmos_datasets.registry import get_source
from cosmos_datasets.share.contents import Contents, choose
from cosmos_datasets.statistics import count


def _card(contents: Contents) -> DatasetCard:
    counts = count(replace(open_dataset(contents.folder), manifest=contents.manifest))
    text = dataset_card(contents, "org/name", counts)
    assert card_errors(text, "dataset") == []
    return DatasetCard(text)


def _with(contents: Contents, source: str, **facts: Any) -> Contents:
    """The contents with other facts of one source."""
    sources = dict(contents.manifest.sources)
    sources[source] = replace(sources[source], **facts)
    return replace(contents, manifest=replace(contents.manifest, sources=sources))


@pytest.fixture
def index(shared_built: Path) -> Contents:
    return choose(shared_built, [], index_only=True)


def test_one_licence_is_claimed_and_a_mixture_is_not(index: Contents) -> None:
    mixture = _card(index)
    assert (mixture.data.license, mixture.data.to_dict()["license_name"]) == ("other", "terms-of-the-sources")
    assert "There is no one licence: **each source keeps its own**" in mixture.text
    same = _card(_with(index, "drive", licence="CC-BY-SA-4.0"))
    assert same.data.license == "cc-by-sa-4.0" and "license_name" not in same.data.to_dict()
    assert "under one licence, the publishers' own: `cc-by-sa-4.0`" in same.text


@pytest.mark.parametrize(
    ("licences", "claimed"),
    [
        (["CC-BY-4.0"], "cc-by-4.0"),
        (["CC-BY-4.0", "cc-by-4.0"], "cc-by-4.0"),
        (["CC-BY-4.0", "CC-BY-SA-4.0"], "other"),  # no order: one does not include the other
        (["unknown"], "other"),
        (["GPL-3.0, restricted by its README to open academic research"], "other"),
        ([], "other"),
    ],
)
def test_nothing_is_derived_for_a_mixture(licences: list[str], claimed: str) -> None:
    assert hub_licence(licences) == claimed


def test_what_was_odd_about_the_raw_files_is_said(index: Contents) -> None:
    found = {"warning": {"meta.csv not found: the splits are unknown": ["a | b"]}, "note": {"fine": ["c"]}}
    text = _card(_with(index, "drive", findings=found)).text
    assert "\n- `drive`: meta.csv not found: the splits are unknown.\n" in text
    assert "a | b" not in text
    assert "fine" not in text


def test_every_source_is_named_with_licence_counts_pitfalls_and_citation(index: Contents) -> None:
    text = _card(index).text
    data = open_dataset(index.folder)
    for name, entry in index.manifest.sources.items():
        source = get_source(name)
        assert entry.citation.strip() in text
        assert all(f"- {' '.join(one.split())}" in text for one in source.pitfalls)
        assert all(f"- Not verified against the release: {one}" in text for one in source.unverified)
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{name}` | ["))
        masks = data.find(source=name)
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[2:4] == [entry.licence, source.redistributable]
        assert cells[4:7] == [str(masks[key].nunique()) for key in ("case_id", "image_id")] + [str(len(masks))]
        assert f"`{entry.revision[:12]}`" in text
    livers = data.find(object="liver")
    assert (
        f"| liver | CT | {livers['case_id'].nunique()} | {livers['image_id'].nunique()} | {len(livers)} | 0 |" in text
    )


def test_the_head_offers_what_there_is(shared_built: Path, index: Contents) -> None:
    contents = choose(shared_built, ["msd"])
    head = _card(contents).data.to_dict()
    assert {one["config_name"] for one in head["configs"]} == set(configs(contents.manifest))
    assert "drive" not in str(head["configs"])
    assert [one["config_name"] for one in _card(index).data.to_dict()["configs"]] == ["index"]
    assert {"medical", "ct", "t2w-mri"} <= set(head["tags"]) and "fundus" not in head["tags"]


def test_what_was_left_out_is_said(index: Contents) -> None:
    shards = index.manifest.sources["drive"].shards
    broken = [replace(shards[0], broken={"21": "21: damaged"}, dropped={"mask | odd": 1200})]
    text = _card(_with(index, "drive", shards=broken)).text
    assert r"| 1 that could not be read | 1,200 x mask \| odd |" in text


def test_a_source_of_a_package_that_is_not_installed(index: Contents) -> None:
    sources = {"elsewhere": index.manifest.sources["drive"]}
    card = _card(replace(index, manifest=replace(index.manifest, sources=sources)))
    assert "| `elsewhere` | DRIVE" in card.text and "None are known." in card.text


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (99_999, "10K<n<100K"),
        (1_050_311, "1M<n<10M"),
        (10**9, "10M<n<100M"),
    ],
)
def test_size_categories(rows: int, word: str) -> None:
    assert _size_category(rows) == word
