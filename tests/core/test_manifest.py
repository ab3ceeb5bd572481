import json
from pathlib import Path
from typing import Any

import pytest
from raw_trees.phantom import Truth

from cosmos_datasets.build.manifest import Manifest, SourceEntry, read_manifest, write_manifest
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.registry import get_source


def _entry(**fields: object) -> SourceEntry:
    words = ("title", "licence", "redistributable", "citation", "intensity", "version", "code")
    body = {**dict.fromkeys(words, "x"), "raw_files": 1, "raw_bytes": 2, "raw_fingerprint": "a", "raw_state": "b"}
    return SourceEntry(**{**body, **fields})  # type: ignore[arg-type]


def _shard(split: str, **fields: Any) -> Sealed:
    places = (f"{base}/x/ct/{split}-00000-of-00001.parquet" for base in ("data", "index"))
    return Sealed(*places, "CT", split, **fields)


def test_what_was_built_stands_in_the_manifest(built: Path, raw: Path, truths: tuple[Path, dict[str, Truth]]) -> None:
    manifest = read_manifest(built)
    assert sorted(manifest.sources) == ["cellseg_neurips22", "drive", "msd"]
    for name, truth in truths[1].items():
        entry, source = manifest.sources[name], get_source(name)
        assert sum(shard.rows for shard in entry.shards) == len(truth.masks)
        assert (entry.licence, entry.redistributable) == (source.licence, source.redistributable)
        files = {path for case in source.cases(raw / name) for path in case.files}
        assert (entry.raw_files, entry.raw_bytes) == (len(files), sum(path.stat().st_size for path in files))
        assert entry.intensity == "minmax-volume"


def test_it_reads_what_it_writes(tmp_path: Path) -> None:
    shards = [_shard("train", rows=3, dropped={"small": 1}, broken={"c1": "why"})]
    manifest = Manifest({"x": _entry(shards=shards, empty=[_shard("test", broken={"c2": "why"})])})
    write_manifest(tmp_path, manifest)
    again = read_manifest(tmp_path)
    assert again == manifest
    assert again.sources["x"].broken == {"c1": "why", "c2": "why"}
    body = json.loads((tmp_path / "manifest.json").read_text())
    assert body["revision"] == manifest.revision
    assert body["sources"]["x"]["revision"] == manifest.sources["x"].revision


def test_no_manifest_is_an_empty_one(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == Manifest()


def test_revision_follows_the_content_and_fingerprint_the_bytes() -> None:
    def made(digest: str, sha256: str) -> Manifest:
        return Manifest({"x": _entry(shards=[Sealed("a", "b", "CT", "train", digest=digest, sha256=sha256)])})

    assert made("1", "1").revision == made("1", "2").revision != made("2", "1").revision
    assert made("1", "1").fingerprint == made("2", "1").fingerprint != made("1", "2").fingerprint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 1, "sources": []}',
        '{"format": 1, "sources": {"x": {}}}',
        "[" * 100_000,
    ],
)
def test_damage_is_one_clear_error(text: str) -> None:
    with pytest.raises(CosmosError, match=r"here/manifest\.json: cannot be read"):
        Manifest.loads(text, "here/manifest.json")


def test_a_format_of_the_future_is_refused() -> None:
    with pytest.raises(CosmosError, match=r"has format 99, this version reads 1"):
        Manifest.loads('{"format": 99, "sources": {}}', "here")


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "data/x/ct/../../../../etc/passwd"},
        {"path": "/etc/train-00000-of-00001.parquet"},
        {"index": "index/y/ct/train-00000-of-00001.parquet"},
        {"split": "evil", "path": "data/x/ct/evil-00000-of-00001.parquet"},
        {"modality": "MRI"},
        {"rows": "many"},
        {"broken": []},
    ],
)
def test_a_manifest_names_only_what_a_build_makes(changes: dict[str, Any]) -> None:
    shard = _shard("train")
    assert Manifest.loads(text := Manifest({"x": _entry(shards=[shard])}).dumps(), "here").dumps() == text
    for name, value in changes.items():
        setattr(shard, name, value)
    with pytest.raises(CosmosError, match=r"here: cannot be read \(.+\); build or fetch it again\.$"):
        Manifest.loads(Manifest({"x": _entry(shards=[shard])}).dumps(), "here")
