from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from datasets import load_dataset
from trees import copy

from cosmos_datasets.build.manifest import Manifest, read_manifest
from cosmos_datasets.build.readme import configs, is_ours, render_readme


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
    for split, patterns in found["t1w-mri"].items():
        paths = {path.relative_to(built).as_posix() for pattern in patterns for path in built.glob(pattern)}
        assert paths == {one.path for one in shards if one.modality == "T1W MRI" and one.split == split}
    for split, patterns in found["all"].items():
        paths = [path for pattern in patterns for path in built.glob(pattern)]
        assert len(paths) == len(set(paths)) == sum(one.split == split for one in shards)


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


def test_the_readme_of_nothing_offers_nothing_even_beside_shards(built: Path, tmp_path: Path) -> None:
    folder = copy(built, tmp_path / "killed")
    (folder / "README.md").write_text(render_readme(Manifest()))
    with pytest.raises(FileNotFoundError):
        load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


def test_what_was_odd_is_said_without_the_names_of_files(built: Path) -> None:
    manifest = read_manifest(built)
    assert "What was odd" in render_readme(manifest), "these trees are small"
    found = {"warning": {"meta.csv not found": [""], "odd": ["my/a.nii", "my/b.nii"]}, "note": {"fine": ["c"]}}
    entry = replace(manifest.sources["drive"], findings=found)
    text = render_readme(replace(manifest, sources={"drive": entry}))
    assert "- `drive`: meta.csv not found.\n- `drive`: odd (2 times).\n" in text
    assert "my/" not in text
    assert "fine" not in text
    quiet = replace(entry, findings={"note": {"fine": ["c"]}})
    assert "What was odd" not in render_readme(replace(manifest, sources={"drive": quiet}))


def test_an_edited_readme_is_no_longer_ours(built: Path) -> None:
    text = (built / "README.md").read_text()
    assert is_ours(text)
    assert not any(is_ours(other) for other in ("", "# mine\n", text + "more\n", text.replace("COSMOS", "Cosmos")))
