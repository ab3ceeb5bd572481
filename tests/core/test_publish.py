from pathlib import Path
from typing import Any

import pytest
import yaml
from trees import copy, files, temporaries

from cosmos_datasets.build.manifest import Manifest, read_manifest
from cosmos_datasets.build.publish import publish
from cosmos_datasets.build.readme import render_readme
from cosmos_datasets.build.run import build
from cosmos_datasets.build.verify import verify
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.registry import get_source

_MSD = get_source("msd")


def test_other_sources_stay_as_they_are(own: Path, raw: Path) -> None:
    before = files(own)
    build(_MSD, raw, own, intensity=Intensity("minmax-slice"))
    changed = {name for name, digest in files(own).items() if before.get(name) != digest}
    assert {name for name in changed if "msd" not in name} == {"README.md", "manifest.json"}
    assert verify(own).problems == []


def test_files_of_an_older_plan_are_removed(own: Path, raw: Path) -> None:
    old = own / "data" / "msd" / "pet" / "train-00000-of-00001.parquet"
    old.parent.mkdir()
    old.write_bytes(b"old")
    (own / ".manifest.json.0.tmp").write_bytes(b"half")
    build(_MSD, raw, own, intensity=Intensity("minmax-slice"))
    assert not old.parent.exists()
    assert temporaries(own) == []
    assert not (own / ".build").exists()


# README and manifest are rewritten first and last, between them 7 shards and their index move.
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 9, 15, 16, 17])
def test_an_interrupted_publication_shows_no_mixture_and_goes_on(
    own: Path, raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    fresh = copy(own, tmp_path / "fresh")
    build(_MSD, raw, fresh, intensity=Intensity("minmax-slice"))
    original, rename = read_manifest(own).sources["msd"], Path.replace
    left = steps

    def stopping(path: Path, target: Path) -> Path:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        return rename(path, target)

    def interrupted(*args: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "replace", stopping)
            publish(*args)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("cosmos_datasets.build.run.publish", interrupted)
        build(_MSD, raw, own, intensity=Intensity("minmax-slice"))
    shown = read_manifest(own).sources.get("msd")
    assert shown in (None, original, read_manifest(fresh).sources["msd"])
    if shown is not None:
        assert {problem.path for problem in verify(own).problems} <= {"README.md"}
    assert _offered(own) <= {shard.path for entry in read_manifest(own).sources.values() for shard in entry.shards}
    build(_MSD, raw, own, intensity=Intensity("minmax-slice"))
    assert files(own) == files(fresh)


def _offered(folder: Path) -> set[str]:
    """The shards that `datasets` loads by the README."""
    head = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    patterns = [one for config in head["configs"] for files in config["data_files"] for one in files["path"]]
    found = {path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern)}
    return {path for path in found if path.startswith("data/")}


def test_what_was_not_written_by_a_build_is_left_alone(raw: Path, own: Path, tmp_path: Path) -> None:
    readme = own / "README.md"
    text = readme.read_text()
    readme.write_text(text + "\nMy notes.\n")
    with pytest.raises(CosmosError, match=r"README\.md was not written by a build, or was edited"):
        build(_MSD, raw, own, intensity=Intensity("minmax-slice"))
    assert readme.read_text() == text + "\nMy notes.\n"
    readme.write_text(text)
    notes = own / "data" / "msd" / "notes.txt"
    notes.write_text("mine")
    build(_MSD, raw, own, intensity=Intensity("minmax-slice"))
    assert notes.read_text() == "mine"
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    with pytest.raises(CosmosError, match=r"without a manifest\.json"):
        build(_MSD, raw, project)
    assert [path.name for path in project.rglob("*")] == ["data"]


def test_the_raw_folder_is_no_output(raw: Path, tmp_path: Path) -> None:
    own_raw = copy(raw / "msd", tmp_path / "project" / "data" / "msd")
    before = files(own_raw)
    inside = next(path for path in own_raw.rglob("*") if path.is_dir())
    for out in (own_raw, inside, tmp_path / "project"):
        with pytest.raises(CosmosError, match="Choose another --out"):
            build(_MSD, own_raw, out)
    assert files(own_raw) == before


def test_a_kill_between_manifest_and_readme_is_mended_by_the_next_build(raw: Path, own: Path) -> None:
    before = files(own)
    (own / "README.md").write_text(render_readme(Manifest()))
    (own / ".README.md.0.tmp").write_text("half")
    assert build(_MSD, raw, own).up_to_date
    assert files(own) == before


def test_a_shard_without_rows_gets_no_file_but_its_reasons_are_kept(raw: Path, tmp_path: Path) -> None:
    own_raw = copy(raw / "drive", tmp_path / "drive")
    for path in (own_raw / "DRIVE" / "test" / "images").iterdir():
        state = path.stat()
        path.write_bytes(path.read_bytes()[: state.st_size // 2])
    out = tmp_path / "out"
    report = build(get_source("drive"), own_raw, out)
    assert set(report.broken) == {"01_test", "02_test"}
    entry = read_manifest(out).sources["drive"]
    assert [shard.split for shard in entry.shards] == ["train"]
    assert set(entry.broken) == {"01_test", "02_test"}
    assert not list((out / "data").rglob("test-*"))
    assert verify(out).problems == []
