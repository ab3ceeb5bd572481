"""What every source declares: its facts, licence, citation and labels."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from importlib.metadata import entry_points
from pathlib import Path

from checked import CHECKED

from cosmos_datasets import neutral
from cosmos_datasets.registry import GROUP
from cosmos_datasets.source import Source
from cosmos_datasets.vocabulary import EXTRA_MODALITIES, MODALITIES, OBJECTS

# Where sharing is open to anybody; another licence must not be declared redistributable without a look here.
_SHAREABLE = re.compile(r"CC0-1\.0|CC-BY(-NC)?(-SA)?-[234]\.[05]|Apache-2\.0|MIT|BSD-3-Clause|ODbL-1\.0|PDDL-1\.0")


def test_source_is_documented(source: Source) -> None:
    assert len(source.title) > len(source.id)
    assert source.homepage.startswith(("https://", "http://"))
    assert len(source.obtain) > 40, "the steps, as a person would follow them"
    assert len(source.layout.strip().splitlines()) >= 3
    assert source.pitfalls
    assert all(text.strip() == text and text[-1] in ".?" for text in (*source.pitfalls, *source.unverified))
    assert source.expected.get("cases", 0) > 0 or neutral.OURS in source.pitfalls
    assert source.markers
    assert all(re.fullmatch(r"[a-z0-9_]+", other) and other != source.id for other in source.related)


def test_downloads_are_links_with_checksums_where_given(source: Source) -> None:
    for download in source.downloads:
        assert download.url.startswith("https://"), download.url
        assert download.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", download.sha256)
        assert download.size is None or download.size > 0


def test_citation_is_bibtex(source: Source) -> None:
    entries = [entry for entry in re.split(r"(?m)^(?=@)", source.citation.strip()) if entry]
    assert entries
    keys = set()
    for entry in entries:
        head = re.match(r"@(\w+)\{([\w:-]+),\n", entry)
        assert head, entry
        assert entry.count("{") == entry.count("}")
        assert entry.rstrip().endswith("}")
        fields = dict(re.findall(r"(\w+)\s*=\s*\{((?:[^{}]|\{[^{}]*\})*)\}", entry))
        assert {"title", "author", "year"} <= {name.lower() for name in fields}, entry
        assert re.fullmatch(r"(19|20)\d\d", fields["year"])
        keys.add(head[2])
    assert len(keys) == len(entries)


def test_licence_is_stated_and_agrees_with_redistribution(source: Source) -> None:
    assert source.licence.strip()
    if source.redistributable == "yes":
        assert _SHAREABLE.fullmatch(source.licence), f"{source.licence} does not permit sharing, or is not SPDX"
        assert source.access != "request"
    if "unknown" in source.licence.lower() or "-ND" in source.licence:
        assert source.redistributable == "no"


def test_labels_and_modalities_are_of_the_vocabulary(source: Source) -> None:
    assert source.modalities
    assert set(source.modalities) <= {*MODALITIES, *EXTRA_MODALITIES}
    assert len(set(source.modalities)) == len(source.modalities)
    assert source.labels
    for label in source.labels:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", label.name), label
        assert label.object in OBJECTS or (label.object is None and label.excluded), label


def test_every_label_value_is_declared_once(source: Source) -> None:
    values: dict[str, set[int]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for label in source.labels:
        if label.value is None:
            assert label.name not in names[label.table], f"{label.name} is declared twice"
        else:
            low, high = label.value if isinstance(label.value, tuple) else (label.value, label.value)
            here = set(range(low, high + 1))
            assert here, label
            assert low > 0, f"{label.name}: zero is background"
            assert not here & values[label.table], f"{label.name}: its value is another label's"
            values[label.table] |= here
        names[label.table].add(label.name)
    objects: dict[str, set[str | None]] = defaultdict(set)
    for label in source.labels:
        objects[label.name].add(label.object)
    assert all(len(found) == 1 for found in objects.values()), "one name, one object"


def test_every_source_of_this_project_is_installed_and_has_a_raw_tree() -> None:
    """An installation that is older than pyproject.toml would leave sources out of all these tests."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    declared = project["project"]["entry-points"][GROUP]
    installed = {entry.name: entry.value for entry in entry_points(group=GROUP)}
    assert declared.items() <= installed.items(), "run make install"
    assert set(declared) <= set(CHECKED)
