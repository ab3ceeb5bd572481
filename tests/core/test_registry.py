"""Sources are found through entry points."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from cosmos_datasets import registry
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.source import Source


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    entries: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry for entry in entries if entry.group == group])
    registry.source_ids.cache_clear()
    registry.get_source.cache_clear()
    yield entries
    registry.source_ids.cache_clear()
    registry.get_source.cache_clear()


def test_every_registered_source_loads_under_its_own_id() -> None:
    assert [registry.get_source(one).id for one in registry.source_ids()] == list(registry.source_ids())
    assert "acdc" in registry.source_ids()
    assert list(registry.source_ids()) == sorted(registry.source_ids())


def test_misspelt_source_gets_a_proposal() -> None:
    with pytest.raises(CosmosError, match="Did you mean promise12"):
        registry.get_source("promise_12")
    with pytest.raises(CosmosError, match="cosmos-datasets list"):
        registry.get_source("zzz")


def test_source_of_another_package_is_found(offered: list[EntryPoint]) -> None:
    offered.append(EntryPoint("drive", "cosmos_datasets.loaders.drive:SOURCE", registry.GROUP))
    offered.append(EntryPoint("other", "cosmos_datasets.loaders.drive:SOURCE", "another.group"))
    assert registry.source_ids() == ("drive",)
    assert isinstance(registry.get_source("drive"), Source)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_package_here:SOURCE", "cannot be imported"),
        ("cosmos_datasets.loaders.drive:SOURCE", "is not a Source of that id"),
        ("cosmos_datasets.loaders.drive:find_cases", "is not a Source of that id"),
        ("cosmos_datasets.loaders.drive:NOTHING", "cannot be imported"),
    ],
)
def test_broken_entry_point_is_one_clear_error(offered: list[EntryPoint], value: str, message: str) -> None:
    offered.append(EntryPoint("mine", value, registry.GROUP))
    with pytest.raises(CosmosError, match=message) as error:
        registry.get_source("mine")
    assert value in str(error.value)


def test_listing_ids_imports_nothing(offered: list[EntryPoint]) -> None:
    offered.append(EntryPoint("mine", "no_such_package_here:SOURCE", registry.GROUP))
    assert registry.source_ids() == ("mine",)
