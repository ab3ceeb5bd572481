"""The command line of ``cosmos-eval``: every option does what it says, every mistake is one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from runs import COMMON, finish, measure, start
from trees import copy, files

from cosmos_datasets.evaluation.results import CHOICES, DISTANCES, DISTANCES_MM

Args = list[object]


def results(run: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(run / "results.parquet").to_pandas()
    return frame


@pytest.fixture
def args(small: Path, models: dict[str, Path], tmp_path: Path) -> Args:
    return ["run", small, "--model", models["sam2"], *COMMON, "--out", tmp_path / "run"]


def test_help_starts_at_once_and_without_torch() -> None:
    program = """
import sys, time
began = time.process_time()
import cosmos_datasets.evaluation.cli
from click.testing import CliRunner
CliRunner().invoke(cosmos_datasets.evaluation.cli.main, ["run", "--help"])
print(time.process_time() - began, *{"torch", "transformers", "datasets", "pandas", "pyarrow"} & set(sys.modules))
"""
    seconds, *loaded = measure(program).split()
    assert not loaded
    assert float(seconds) < 0.5


def test_a_run_from_a_process_of_its_own(small: Path, tmp_path: Path) -> None:
    args = ["run", small, "--model", "tiny", *COMMON, "--out", tmp_path / "run"]
    out, err = finish(start(*args, "--config", "acdc", "--limit", 1, "--strategies", "S5"))
    assert ", Cine-MRI" in out
    assert "cosmos-sam-tiny on cpu (float32, 1 process): S5 for" in err
    assert "nan" not in out
    found = results(tmp_path / "run")
    assert (found["dice_oracle"] > found["dice_blind"]).all()
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        *("parts", "results.parquet", "run.json", "summary.json", "table.csv", "table.md"),
    }


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (["--modality", "cine-mri"], lambda row: row["modality"] == "Cine-MRI"),
        (["--object", "lv", "--split", "test"],
         lambda row: row["object"] == "left_ventricle" and row["split"] == "test"),
        (["--config", "cellseg_neurips22", "--masks", "union", "--limit", 3], lambda row: row["instance"] == 0),
        (["--config", "cellseg_neurips22", "--masks", "instances", "--limit", 1], lambda row: row["instance"] > 0),
        (["--limit", 2], lambda row: True),
    ],
)  # fmt: skip
def test_options_that_choose(options: Args, where: Any, args: Args, small: Path, tmp_path: Path, cli: Any) -> None:
    from cosmos_datasets.load.access import open_dataset

    cli(*args, "--strategies", "S5", "--no-hd", *options)
    index = open_dataset(small).index().to_pandas()
    config = options[options.index("--config") + 1] if "--config" in options else None
    expected = index[[bool(where(row)) and config in {None, row["source"]} for row in index.to_dict("records")]]
    if "--limit" in options:
        first = expected["image_id"].unique()[: options[options.index("--limit") + 1]]  # type: ignore[misc]
        expected = expected[expected["image_id"].isin(first)]
    key = ["image_id", "label", "instance", "rater", "area", "split"]
    assert len(expected) > 0
    assert results(tmp_path / "run")[key].to_numpy().tolist() == expected[key].to_numpy().tolist()


def test_strategies_in_any_order_and_case(args: Args, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--limit", 1, "--strategies", "s6, S2,S6")
    assert list(results(tmp_path / "run")["strategy"].unique()) == ["S2", "S6"]


def test_grid(args: Args, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--limit", 1, "--strategies", "S1", "--grid", 3)
    assert set(results(tmp_path / "run")["prompt"]) == {'{"grid":3}'}


def test_lower_precision(args: Args, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--limit", 2, "--strategies", "S5")
    exact = results(tmp_path / "run")["dice_oracle"]
    cli(*args, "--limit", 2, "--strategies", "S5", "--dtype", "bfloat16", "--out", tmp_path / "low")
    low = results(tmp_path / "low")["dice_oracle"]
    assert not exact.equals(low)
    assert np.abs(exact - low).mean() < 0.1


def test_without_distances(args: Args, tmp_path: Path, cli: Any) -> None:
    shown = cli(*args, "--limit", 2, "--strategies", "S5", "--no-hd").stdout
    found = results(tmp_path / "run")
    assert (
        found[[f"{name}_{choice}" for name in (*DISTANCES, *DISTANCES_MM) for choice in CHOICES]].isna().all(axis=None)
    )
    assert found[["dice_oracle", "jac_predicted"]].notna().all(axis=None)
    assert "nan" not in shown


def test_tolerances(args: Args, tmp_path: Path, cli: Any) -> None:
    chosen = ["--config", "acdc", "--limit", 2, "--strategies", "S5"]
    cli(*args, *chosen)
    cli(*args, *chosen, "--tolerance", 1000, "--tolerance-mm", 0, "--out", tmp_path / "other")
    usual, other = results(tmp_path / "run"), results(tmp_path / "other")
    others = [name for name in usual if not name.startswith(("mask_", "nsd"))]
    assert usual[others].equals(other[others])
    assert (other["nsd_oracle"] == (other["pred_area_oracle"] > 0)).all()
    assert (other["nsd_mm_oracle"] <= usual["nsd_mm_oracle"]).all()
    assert (other["nsd_mm_oracle"] < usual["nsd_mm_oracle"]).any()


def test_convention_of_empty_predictions(args: Args, models: dict[str, Path], tmp_path: Path, cli: Any) -> None:
    # Nothing that this model finds is stable.
    chosen = ["--model", models["unsure"], "--config", "cellseg_neurips22", "--limit", 2, "--strategies", "S1"]
    for convention in ("standard", "released"):
        cli(*args, *chosen, "--convention", convention, "--out", tmp_path / convention)
    standard, released = results(tmp_path / "standard"), results(tmp_path / "released")
    empty = standard["pred_area_oracle"] == 0
    assert empty.any()
    assert standard.loc[empty, "hd_oracle"].isna().all()
    assert (released.loc[empty, "hd_oracle"] == 0).all()
    assert standard.loc[empty, ["hd95_oracle", "asd_oracle"]].isna().all(axis=None)
    assert (released.loc[empty, ["hd95_oracle", "asd_oracle"]] == 0).all(axis=None)
    for one in (standard, released):
        assert (one.loc[empty, "nsd_oracle"] == 0).all()
        # These pictures do not tell the size of a pixel.
        assert one[[f"{name}_oracle" for name in DISTANCES_MM]].isna().all(axis=None)
    assert (standard.loc[empty, ["dice_oracle", "jac_oracle"]] == 0).all(axis=None)
    nothing = standard["choice_oracle"].isna()
    assert (standard.loc[nothing, "pred_area_oracle"] == 0).all()


def test_saved_masks(args: Args, tmp_path: Path, cli: Any) -> None:
    chosen = ["--config", "cellseg_neurips22", "--limit", 5, "--strategies", "S5"]
    cli(*args, *chosen)
    few = results(tmp_path / "run")
    # The same folder: what was thrown away is made again.
    cli(*args, *chosen, "--save-masks")
    every = results(tmp_path / "run")
    assert 0 < few["mask_oracle"].notna().sum() < len(few)
    assert every["mask_oracle"].notna().equals(every["pred_area_oracle"] > 0)
    assert every["mask_predicted"].notna().equals(every["pred_area_predicted"] > 0)
    assert few.drop(columns=["mask_oracle", "mask_predicted"]).equals(
        every.drop(columns=["mask_oracle", "mask_predicted"])
    )


def test_json_is_all_that_standard_output_holds(args: Args, tmp_path: Path, cli: Any) -> None:
    result = cli(*args, "--limit", 1, "--strategies", "S1,S5", "--json")
    shown = json.loads(result.stdout)
    assert shown == json.loads((tmp_path / "run" / "summary.json").read_text())["targets"]
    assert {row["strategy"] for row in shown} == {"S1", "S5"}
    assert all(row["dice_predicted"] is None for row in shown if row["strategy"] == "S1")


def test_the_table_of_a_finished_run(args: Args, tmp_path: Path, cli: Any) -> None:
    shown = cli(*args, "--limit", 3, "--strategies", "S1,S5").stdout
    run = tmp_path / "run"
    assert cli("table", run).stdout == shown
    assert cli("table", run, "--format", "markdown").stdout == (run / "table.md").read_text()
    assert cli("table", run, "--format", "csv").stdout == (run / "table.csv").read_text()
    records = json.loads(cli("table", run, "--format", "json").stdout)
    assert records == json.loads((run / "summary.json").read_text())["targets"]


def test_a_hint_where_more_processes_would_help(args: Args, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(12)), raising=False)
    said = cli(*args, "--limit", 1, "--strategies", "S5", "--threads", 4).stderr
    assert "--processes 3 would use all 12 cores" in said
    assert (
        "--processes"
        not in cli(*args[:-1], f"{args[-1]}2", "--limit", 1, "--strategies", "S5", "--threads", 12).stderr
    )


# Mistakes.


def mistake(cli: Any, *arguments: object, status: int = 1) -> str:
    result = cli(*arguments, fails=True)
    assert result.exit_code == status, result.output
    assert not result.stdout
    last: str = result.stderr.splitlines()[-1]
    if status == 1:
        assert result.stderr == f"{last}\n", "one line"
        assert last.startswith("error: ")
    return last


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--object", "lver"], "no object is called 'lver'. Did you mean liver?"),
        (["--object", "liver"], "no mask in"),
        (["--modality", "PET"], "no modality 'PET'"),
        (["--config", "acdcc"], "no configuration 'acdcc'"),
        (["--config", "acdc", "--split", "validation"], "no split 'validation'"),
        (["--device", "cuda:7", "--limit", 1], "device cuda:7 cannot be used"),
        (["--preprocess", "medsam", "--limit", 1], "medsam is for SAM"),
    ],
)
def test_words_that_nothing_answers(options: Args, says: str, args: Args, tmp_path: Path, cli: Any) -> None:
    assert says in mistake(cli, *args, *options)
    assert not (tmp_path / "run").exists()


def test_wrong_command_lines(args: Args, tmp_path: Path, cli: Any) -> None:
    assert "S7 is no strategy; choose of S1,S2" in mistake(cli, *args, "--strategies", "S5,S7", status=2)
    assert "--masks" in mistake(cli, *args, "--masks", "some", status=2)
    assert "--limit" in mistake(cli, *args, "--limit", "0", status=2)
    for option, value in (("--tolerance", "-1"), ("--tolerance", "nan"), ("--tolerance-mm", "inf")):
        assert option in mistake(cli, *args, option, value, status=2)
    assert "does not exist" in mistake(cli, "table", tmp_path / "nothing", status=2)
    assert not (tmp_path / "run").exists()


def test_data_sets_that_are_none(args: Args, small: Path, tmp_path: Path, cli: Any) -> None:
    (tmp_path / "file").write_text("")
    for data, says in {
        tmp_path / "nothing": "is not a folder. Name a built data set",
        tmp_path / "file": "is not a folder. Name a built data set",
        small.parent / "raw" / "acdc": "cosmos-datasets build SOURCE --raw",
        "some/where": "cannot be reached",
    }.items():
        said = mistake(cli, "run", data, *args[2:])
        assert says in said
        assert "data_dir" not in said
    assert not (tmp_path / "run").exists()


def test_models_that_are_none(args: Args, tmp_path: Path, cli: Any) -> None:
    for model, says in {
        tmp_path: "has no config.json",
        tmp_path / "nothing": "no folder",
        "nobody/no-model": "the Hub's cache does not hold the model",
    }.items():
        assert says in mistake(cli, *args[:3], model, *args[4:])
    assert not (tmp_path / "run").exists()


def test_folders_that_hold_something_else(args: Args, tmp_path: Path, cli: Any) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("mine")
    before = files(tmp_path)
    for out in ("file", "folder"):
        assert "is not the folder of a run; give --out a new folder" in mistake(cli, *args, "--out", tmp_path / out)
    assert "no finished run" in mistake(cli, "table", tmp_path / "folder")
    assert files(tmp_path) == before


def test_a_run_whose_notes_are_damaged(args: Args, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--limit", 1, "--strategies", "S5")
    (tmp_path / "run" / "run.json").write_text("{")
    assert "run.json is damaged" in mistake(cli, *args, "--limit", 1, "--strategies", "S5")


def test_a_moved_data_set_is_the_same(args: Args, small: Path, tmp_path: Path, cli: Any, encoded: list[int]) -> None:
    cli(*args, "--limit", 8, "--strategies", "S5")
    encoded.clear()
    cli("run", copy(small, tmp_path / "moved"), *args[2:], "--limit", 8, "--strategies", "S5")
    assert not encoded
