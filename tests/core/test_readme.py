from pathlib import Path
from typing import Any

import yaml

from cosmos_datasets.build.manifest import Manifest, read_manifest
from cosmos_datasets.build.readme import configs, render_readme


def _head(text: str) -> dict[str, Any]:
    _, head, _ = text.split("---\n", 2)
    return dict(yaml.safe_load(head))


def test_every_source_and_modality_is_a_configuration(built: Path) -> None:
    names = set(configs(read_manifest(built)))
    assert {"all", "index", "cellseg_neurips22", "drive", "msd", "fundus", "histopathology", "ct", "t2w-mri"} <= names


def test_only_splits_that_exist_are_listed(built: Path) -> None:
    found = configs(read_manifest(built))
    assert list(found["msd"]) == list(found["ct"]) == ["train"]
    assert list(found["drive"]) == ["train", "test"]
    assert list(found["all"]) == list(found["index"]) == ["train", "validation", "test"]


def test_every_pattern_finds_exactly_its_files(built: Path) -> None:
    manifest = read_manifest(built)
    shards = [shard for entry in manifest.sources.values() for shard in entry.shards]
    found = configs(manifest)
    for split, pattern in found["t1w-mri"].items():
        paths = {path.relative_to(built).as_posix() for path in built.glob(pattern)}
        assert paths == {one.path for one in shards if one.modality == "T1W MRI" and one.split == split}
    for split, pattern in found["all"].items():
        assert len(list(built.glob(pattern))) == sum(one.split == split for one in shards)


def test_the_head_is_what_the_manifest_says(built: Path) -> None:
    manifest = read_manifest(built)
    text = (built / "README.md").read_text()
    assert text == render_readme(manifest)
    head = _head(text)
    listed = {
        one["config_name"]: {part["split"]: part["path"] for part in one["data_files"]} for one in head["configs"]
    }
    assert listed == configs(manifest)
    assert "| drive | Fundus | 6 | 6 | 0 | unknown |" in text


def test_the_readme_of_nothing_lists_nothing() -> None:
    assert _head(render_readme(Manifest()))["configs"] == []
