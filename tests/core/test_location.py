from pathlib import Path

import pytest

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.load.location import is_built, is_hub_id, local_folder


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """An argument, the environment and the working directory, each with a folder."""
    found = {name: tmp_path / name / "cosmos1050k" for name in ("argument", "variable", "here")}
    for folder in found.values():
        folder.mkdir(parents=True)
    monkeypatch.setenv("COSMOS1050K", str(found["variable"]))
    monkeypatch.chdir(tmp_path / "here")
    return found


def test_argument_then_variable_then_working_directory(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert local_folder(places["argument"]) == places["argument"]
    assert local_folder(None) == places["variable"]
    monkeypatch.setenv("COSMOS1050K", "")
    assert local_folder(None) == places["here"]


def test_what_is_named_must_exist_and_nothing_else_is_tried(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CosmosError, match=r"argument/cosmos1050k/absent is not a folder"):
        local_folder(places["argument"] / "absent")
    monkeypatch.setenv("COSMOS1050K", "/absent")
    with pytest.raises(CosmosError, match=r"/absent, which \$COSMOS1050K names, is not a folder"):
        local_folder(None)


def test_nowhere_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSMOS1050K", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CosmosError, match=r"pass data_dir=FOLDER, set \$COSMOS1050K(?s:.*)cosmos-datasets build"):
        local_folder(None)


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_folder("~/data") == tmp_path / "data"


def test_built_is_told_by_the_manifest(raw: Path, built: Path) -> None:
    assert is_built(built)
    assert not is_built(raw)


def test_hub_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_hub_id("org/cosmos1050k")
    assert not is_hub_id("/abs/path")
    assert not is_hub_id("cosmos1050k")
    (tmp_path / "org" / "cosmos1050k").mkdir(parents=True)
    assert not is_hub_id("org/cosmos1050k")
