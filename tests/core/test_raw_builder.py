"""What only raw folders have: left-out cases, options, and a cache that follows the files."""

import logging
from pathlib import Path

import datasets
import pytest
from datasets import load_dataset, load_dataset_builder
from trees import copy

from cosmos_datasets.errors import CaseError, CosmosError, LayoutError

_NAME = "cosmos1050k"


@pytest.fixture
def broken(raw: Path, tmp_path: Path) -> Path:
    folder = copy(raw / "drive", tmp_path / "drive")
    path = folder / "DRIVE" / "training" / "1st_manual" / "21_manual1.gif"
    path.write_bytes(path.read_bytes()[:20])
    return folder


def _cache(folder: Path, **options: object) -> str:
    return str(load_dataset_builder(_NAME, "drive", data_dir=str(folder), **options).cache_dir)


def test_a_broken_case_is_left_out_with_a_warning(broken: Path, caplog: pytest.LogCaptureFixture) -> None:
    datasets.utils.logging.enable_propagation()
    try:
        with caplog.at_level(logging.WARNING):
            found = load_dataset(_NAME, "drive", split="train", data_dir=str(broken))
    finally:
        datasets.utils.logging.disable_propagation()
    assert [row["case_id"] for row in found.select_columns("case_id")] == ["22_training", "23_training", "25_training"]
    assert "left out: drive/21_training" in caplog.text


def test_strict_makes_it_fatal(broken: Path) -> None:
    with pytest.raises(datasets.exceptions.DatasetGenerationError) as raised:
        load_dataset(_NAME, "drive", data_dir=str(broken), strict=True)
    assert isinstance(raised.value.__cause__, CaseError)


def test_intensity_is_an_option_and_part_of_the_cache(raw: Path) -> None:
    row = load_dataset(_NAME, "msd", split="train[:1]", data_dir=str(raw), intensity="window=100,200")[0]
    assert row["intensity_range"] == [0.0, 200.0]
    assert load_dataset(_NAME, "msd", split="train[:1]", data_dir=str(raw))[0]["intensity_range"] != [0.0, 200.0]
    with pytest.raises(CosmosError, match="intensity 'bright' is not known"):
        load_dataset(_NAME, "msd", data_dir=str(raw), intensity="bright")


def test_the_cache_follows_files_and_options(raw: Path, tmp_path: Path) -> None:
    folder = copy(raw / "drive", tmp_path / "drive")
    first = _cache(folder)
    assert _cache(folder) == first
    assert _cache(folder, intensity="minmax-slice") != first
    assert _cache(folder, strict=True) != first
    (folder / "DRIVE" / "training" / "images" / "21_training.tif").touch()
    assert _cache(folder) != first


def test_facts_of_the_source_are_in_the_info(raw: Path) -> None:
    info = load_dataset_builder(_NAME, "drive", data_dir=str(raw)).info
    assert info.homepage == "https://drive.grand-challenge.org/"
    assert "staal2004ridge" in info.citation


def test_a_folder_of_another_source_shows_the_layout(raw: Path) -> None:
    with pytest.raises(LayoutError, match=r"does not look like DRIVE(?s:.*)Expected:(?s:.*)1st_manual"):
        load_dataset(_NAME, "drive", data_dir=str(raw / "msd"))
