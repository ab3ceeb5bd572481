"""``load_dataset("cosmos1050k", ...)``: with and without our import, the same rows and never old ones."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
from datasets import load_dataset
from load_rows import digest, load
from raw_trees.phantom import Truth
from trees import copy

from cosmos_datasets.build.run import build
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.load.registration import register
from cosmos_datasets.registry import get_source

_SCRIPT = Path(__file__).parents[1] / "load_rows.py"
_NAME = "cosmos1050k"


def _without_us(folder: Path, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Load in a process that imports nothing of ours, beside the data set."""
    done = subprocess.run(
        [sys.executable, str(_SCRIPT), json.dumps(calls)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_the_internals_of_datasets_are_as_we_know_them() -> None:
    register()
    assert _NAME in datasets.packaged_modules._PACKAGED_DATASETS_MODULES


def test_it_also_registers_when_datasets_comes_later_and_was_looked_for_before() -> None:
    script = (
        "import sys, importlib.util, cosmos_datasets\n"
        "assert 'datasets' not in sys.modules\n"
        "assert importlib.util.find_spec('datasets').origin.endswith('datasets/__init__.py')\n"
        "import datasets\n"
        "import inspect; assert inspect.getsource(datasets)\n"
        "print('cosmos1050k' in datasets.packaged_modules._PACKAGED_DATASETS_MODULES)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr


def test_an_unknown_version_of_datasets_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(datasets.load, "LocalDatasetModuleFactory")
    with pytest.raises(ImportError, match=r"register with datasets \d.*install datasets>="):
        register()


def test_with_and_without_our_import_the_same_rows(
    built: Path, truths: tuple[Path, dict[str, Truth]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A source, a modality, everything, the index; read at once and streamed; from elsewhere too."""
    calls = [
        {"path": _NAME, "name": "drive", "split": "test"},
        {"path": _NAME, "name": "msd", "split": "train"},
        {"path": _NAME, "name": "ct", "split": "train"},
        {"path": _NAME, "name": "all", "split": "validation"},
        {"path": _NAME, "name": "all", "split": "train"},
        {"path": _NAME, "name": "index", "split": "train"},
        {"path": _NAME, "name": "msd", "split": "train", "streaming": True},
        {"path": _NAME, "name": "index", "split": "train", "streaming": True},
    ]
    without = _without_us(built.parent, calls)
    assert without[1] == without[6]
    assert without[5] == without[7]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    assert [load({**call, "data_dir": str(built)}) for call in calls] == without
    monkeypatch.chdir(built.parent)
    assert [load({**call, "path": f"./{_NAME}"}) for call in calls] == without
    assert load(calls[0]) == without[0]
    everything = load_dataset(_NAME, "all")
    drawn = Counter(split for truth in truths[1].values() for split in truth.split.values())
    assert {name: len(rows) for name, rows in everything.items()} == drawn


def test_rows_are_decoded_with_their_features(built: Path) -> None:
    row = load_dataset(_NAME, "drive", split="train", data_dir=str(built))[0]
    assert row["image"].mode == "RGB"
    assert row["objects"][0]["mask"].mode == "1"
    features = load_dataset(_NAME, "drive", split="train", data_dir=str(built)).features
    assert isinstance(features["image"], datasets.Image)
    assert features["spacing"] == datasets.List(datasets.Value("float32"), 2)


def test_raw_and_built_folders_give_the_same_rows(raw: Path, built: Path) -> None:
    for name in ("drive", "msd", "cellseg_neurips22"):
        one, other = (load_dataset(_NAME, name, data_dir=str(folder)) for folder in (raw, built))
        assert {split: digest(rows) for split, rows in one.items()} == {
            split: digest(rows) for split, rows in other.items()
        }


def test_a_raw_folder_with_two_processes_and_streamed(raw: Path, built: Path, tmp_path: Path) -> None:
    expected = load({"path": _NAME, "name": "msd", "split": "train", "data_dir": str(built)})
    call = {"path": _NAME, "name": "msd", "split": "train", "data_dir": str(raw), "cache_dir": str(tmp_path)}
    assert load({**call, "num_proc": 2}) == expected
    assert load({**call, "streaming": True}) == expected


def test_argument_then_variable_then_working_directory(
    raw: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    build(get_source("drive"), raw, here / _NAME, intensity=Intensity("minmax-slice"))
    monkeypatch.chdir(here)
    assert set(load_dataset(_NAME, "all")) == {"train", "test"}
    monkeypatch.setenv("COSMOS1050K", str(built))
    assert set(load_dataset(_NAME, "all")) == {"train", "validation", "test"}
    assert len(load_dataset(_NAME, "msd", split="train", data_dir=str(raw / "msd" / "Task03_Liver"))) == 10


def test_a_rebuilt_data_set_never_gives_old_rows(own: Path, raw: Path) -> None:
    """Both ways of loading share one cache, as a user's would."""
    call = {"path": _NAME, "name": "msd", "split": "train"}

    def both() -> dict[str, Any]:
        (without,) = _without_us(own.parent, [call])
        assert load({**call, "data_dir": str(own)}) == without
        return without

    first = both()
    build(get_source("msd"), raw, own, intensity=Intensity("minmax-slice"))
    second = both()
    assert second["rows"] == first["rows"]
    assert second["digest"] != first["digest"]
    (row,) = load_dataset(_NAME, "msd", split="train[:1]", data_dir=str(own))
    assert row["intensity_range"][1] < 2000  # of this slice, not of its volume
    build(get_source("msd"), raw, own)
    assert both() == first


def test_an_edited_raw_folder_never_gives_old_rows(raw: Path, tmp_path: Path) -> None:
    own_raw = copy(raw / "drive", tmp_path / "drive")
    call = {"path": _NAME, "name": "drive", "split": "train", "data_dir": str(own_raw)}
    first = load(call)
    assert load({**call, "intensity": "minmax-slice"}) == first  # 8-bit pictures are not mapped
    part = own_raw / "DRIVE" / "training"
    (part / "images" / "21_training.tif").write_bytes((part / "images" / "22_training.tif").read_bytes())
    second = load(call)
    assert second["rows"] == first["rows"]
    assert second["digest"] != first["digest"]
    (part / "images" / "22_training.tif").unlink()
    (part / "1st_manual" / "22_manual1.gif").unlink()
    assert load(call)["rows"] == first["rows"] - 1


def test_no_configuration_is_an_error_that_lists_them(raw: Path, built: Path) -> None:
    with pytest.raises(ValueError, match=r"pick one among the available configs.*'all', 'index'.*'msd'"):
        load_dataset(_NAME, data_dir=str(built))
    with pytest.raises(CosmosError, match=r"must be one of the sources: .*drive.*msd"):
        load_dataset(_NAME, data_dir=str(raw))


def test_a_wrong_configuration_is_an_error_that_lists_them(raw: Path, built: Path) -> None:
    with pytest.raises(ValueError, match=r"'mdd' not found. Available: \['all', 'index'.*'msd'"):
        load_dataset(_NAME, "mdd", data_dir=str(built))
    with pytest.raises(CosmosError, match=r"must be one of the sources.*build it|build first: cosmos-datasets build"):
        load_dataset(_NAME, "ct", data_dir=str(raw))
    with pytest.raises(ValueError, match=r"Unknown split \"validation\""):
        load_dataset(_NAME, "msd", split="validation", data_dir=str(built))


def test_nothing_there_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CosmosError, match="no data set found: pass data_dir="):
        load_dataset(_NAME, "msd")
    with pytest.raises(CosmosError, match="not a folder"):
        load_dataset(_NAME, "msd", data_dir="absent")
    with pytest.raises(ValueError, match="takes data_dir=, not data_files="):
        load_dataset(_NAME, "msd", data_files="x.parquet")


def test_a_data_set_without_its_manifest_is_not_guessed_at(own: Path) -> None:
    (own / "manifest.json").unlink()
    with pytest.raises(CosmosError, match=r"is no built data set \(it has no manifest\.json\)"):
        load_dataset(_NAME, "all", data_dir=str(own))


def test_other_packaged_modules_still_work(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert load_dataset("csv", data_files=str(tmp_path / "x.csv"), split="train")[0] == {"a": 1, "b": 2}


def test_a_damaged_shard_is_an_error_that_names_it(own: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = own / "data/msd/ct/train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(pa.ArrowInvalid, match="the file is corrupted"):
        load_dataset(_NAME, "ct", data_dir=str(own), cache_dir=str(own / "cache"))
    assert str(path) in caplog.text
    assert len(load_dataset(_NAME, "mri", data_dir=str(own), cache_dir=str(own / "cache"))["train"]) == 4
