"""``cosmos-eval grid`` on a drawn data set: against runs of everything mode, resuming, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from runs import finish, start

from cosmos_datasets.evaluation.grid import run as module
from cosmos_datasets.load.access import open_dataset

Args = list[object]
TABLES = ["grid.csv", "grid.json", "grid.md", "grid.pdf", "grid.png"]


@pytest.fixture
def args(small: Path, models: dict[str, Path]) -> Args:
    chosen = ["--config", "acdc", "--subset", 4, "--timed", 2]
    return ["grid", small, *chosen, "--model", models["sam2"], "--threads", "1", "--device", "cpu"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_side_is_a_run_of_everything_mode(args: Args, small: Path, tmp_path: Path, cli: Any) -> None:
    out = tmp_path / "grids"
    rows = pd.DataFrame(json.loads(cli(*args, "--sides", "7,3", "--out", out, "--format", "json").stdout))
    assert names(out) == ["grid-003", "grid-007", *TABLES]
    index = open_dataset(small).index("acdc").to_pandas()
    for side in (3, 7):
        plain = tmp_path / f"plain-{side}"
        cli("run", *args[1:6], *args[8:], "--strategies", "S1", "--no-hd", "--grid", side, "--out", plain)
        for name in ("results.parquet", "summary.json", "table.csv"):
            assert (out / f"grid-{side:03d}" / name).read_bytes() == (plain / name).read_bytes()
        frame = pd.read_parquet(plain / "results.parquet")
        of_side = rows[rows["side"] == side]
        means = frame.groupby("object")["dice_oracle"].mean()
        for _, row in of_side[of_side["over"] == "target"].iterrows():
            assert row["dice"] == pytest.approx(means[row["object"]], abs=1e-12)
            assert row["modality"] in set(index["modality"])
        over = of_side.set_index("over")
        assert over.loc["mean over targets", "dice"] == pytest.approx(means.mean(), abs=1e-12)
        assert over.loc["mean over masks", "dice"] == pytest.approx(frame["dice_oracle"].mean(), abs=1e-12)
        assert (over["low"] <= over["dice"]).all() and (over["dice"] <= over["high"]).all()
        assert (over["blind"] == 0).all()
        assert over.loc["mean over masks", "empty"] == pytest.approx((frame["pred_area_oracle"] == 0).mean())
        assert over.loc["mean over masks", "subjects"] == frame["group_id"].nunique()
    assert rows.groupby("side")["kept"].first().is_monotonic_increasing
    assert (rows["seconds"] > 0).all() and (rows["timed"] == 2).all()
    assert np.allclose(pd.read_csv(out / "grid.csv")["dice"], rows["dice"], atol=1e-6)
    facts = json.loads((out / "grid.json").read_text())
    assert facts["model"]["name"] == "sam2" and facts["sides"]["7"]["run"] == "grid-007"
    assert len(facts["timed"]["images"]) == 2
    assert "mean over targets" in cli("table", out / "grid-007").stdout


def test_a_study_goes_on_and_sides_can_be_added(
    args: Args, tmp_path: Path, cli: Any, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    args += ["--out", tmp_path / "grids"]
    real = module.evaluate

    def stopping(request: Any, *rest: Any, **options: Any) -> Any:
        if request.grid == 4:
            raise KeyboardInterrupt
        return real(request, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module, "evaluate", stopping)
        stopped = cli(*args, "--sides", "2,4", fails=True)
    assert stopped.exit_code == 130 and "give the same command again" in stopped.stderr
    assert "about" in stopped.stderr and "s per image" in stopped.stderr
    assert names(tmp_path / "grids") == ["grid-002"]
    finished = (tmp_path / "grids" / "grid-002" / "results.parquet").read_bytes()

    first = cli(*args, "--sides", "2,4").stdout
    assert (tmp_path / "grids" / "grid-002" / "results.parquet").read_bytes() == finished
    encoded.clear()
    again = cli(*args, "--sides", "2,4")
    assert again.stdout == first and not encoded, "everything was there"
    assert "timed" not in again.stderr
    files = {name: (tmp_path / "grids" / name).read_bytes() for name in TABLES}
    cli(*args, "--sides", "2,4", "--format", "markdown")
    assert {name: (tmp_path / "grids" / name).read_bytes() for name in TABLES} == files
    cli(*args, "--sides", "5")
    assert 0 < sum(encoded) < 40
    assert len(pd.read_csv(tmp_path / "grids" / "grid.csv")["side"].unique()) == 1


def test_the_plan_alone_writes_nothing(args: Args, tmp_path: Path, cli: Any) -> None:
    shown = cli(*args, "--sides", "8,256", "--out", tmp_path / "grids", "--plan").stdout
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0][0] == "side"
    assert lines[2][:2] == ["8", "64"] and lines[3][:2] == ["256", "65,536"]
    assert not (tmp_path / "grids").exists()


def test_nothing_is_found(args: Args, models: dict[str, Path], tmp_path: Path, cli: Any) -> None:
    """A model that is never sure: no mask survives."""
    args[args.index(models["sam2"])] = models["unsure"]
    shown = cli(*args, "--sides", "2,3", "--iou-threshold", 0.99, "--out", tmp_path / "grids").stdout
    row = shown.splitlines()[2].split()
    assert row[:3] == ["2", "x", "2"] and "0.000" in row and "100.0%" in row
    table = pd.read_csv(tmp_path / "grids" / "grid.csv")
    assert (table["dice"] == 0).all() and (table["kept"] == 0).all() and (table["empty"] == 1).all()
    assert (table["nothing_iou"] == table["masks"]).all()
    assert "2 x 2: S1 found nothing for 12 of 12 masks: for 12, no mask of the image had" in shown
    everything = cli(
        *args, "--sides", "2", "--iou-threshold", 0, "--stability-threshold", 0, "--out", tmp_path / "all"
    )
    assert "S1 found nothing" not in everything.stdout
    assert (pd.read_csv(tmp_path / "all" / "grid.csv")["kept"] > 1).all()


@pytest.mark.parametrize("sides", ["", "0", "257", "8,many", "-4", "8.5", "²"])
def test_sides_that_are_none(args: Args, tmp_path: Path, cli: Any, sides: str) -> None:
    result = cli(*args, "--sides", sides, "--out", tmp_path / "grids", fails=True)
    assert result.exit_code == 2 and "whole numbers from 1 to 256" in result.stderr


def test_other_folders_models_and_data(
    args: Args, models: dict[str, Path], tmp_path: Path, cli: Any, encoded: list[int]
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("years of work")
    assert "holds no grids" in cli(*args, "--out", foreign, fails=True).stderr
    assert names(foreign) == ["thesis.tex"]

    out = tmp_path / "grids"
    cli(*args, "--sides", "2", "--out", out)
    encoded.clear()
    other = [models["other"] if one == models["sam2"] else one for one in args]
    assert "is of another model (sam2)" in cli(*other, "--sides", "3", "--out", out, fails=True).stderr
    elsewhere = ["cellseg_neurips22" if one == "acdc" else one for one in args]
    assert "is of other data" in cli(*elsewhere, "--sides", "3", "--out", out, fails=True).stderr
    (out / "grid-002" / "run.json").write_text("{}")
    assert "is damaged" in cli(*args, "--sides", "3", "--out", out, fails=True).stderr
    assert not encoded and not (out / "grid-003").exists()


@pytest.mark.slow
def test_two_processes_give_the_same_results(args: Args, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--sides", "2,5", "--out", tmp_path / "one")
    finish(start(*args, "--sides", "2,5", "--processes", 2, "--out", tmp_path / "two"))
    for side in ("grid-002", "grid-005"):
        ranks = {path.name[:9] for path in (tmp_path / "two" / side / "parts").iterdir()}
        assert ranks == {"rank00000", "rank00001"}
        one, two = (tmp_path / folder / side / "results.parquet" for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    columns = ["side", "over", "object", "dice", "low", "high", "kept"]
    one, two = (pd.read_csv(tmp_path / folder / "grid.csv")[columns] for folder in ("one", "two"))
    assert one.equals(two)
