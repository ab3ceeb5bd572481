"""``cosmos-eval interactive`` on a drawn data set: results, resuming, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from runs import finish, start

from cosmos_datasets.evaluation.interactive import run as interactive_run
from cosmos_datasets.load.access import open_dataset

Args = list[object]


@pytest.fixture
def args(small: Path, models: dict[str, Path]) -> Args:
    return ["interactive", small, "--config", "acdc", "--model", models["sam2"], "--threads", "1", "--clicks", 3]


def clicks(run: Path) -> bytes:
    return (run / "clicks.parquet").read_bytes()


def test_a_row_a_mask_and_click_and_one_encoding_an_image(
    args: Args, small: Path, tmp_path: Path, cli: Any, encoded: list[int]
) -> None:
    shown = cli(*args, "--limit", 9, "--out", tmp_path / "run", "--format", "json")
    assert sum(encoded) == 9
    table: pd.DataFrame = pq.read_table(tmp_path / "run" / "clicks.parquet").to_pandas()
    index = open_dataset(small).index("acdc").to_pandas()
    index = index[index["image_id"].isin(index["image_id"].unique()[:9])]
    key = ["image_id", "label", "instance", "rater", "area"]
    assert table[table["click"] == 1][key].to_numpy().tolist() == index[key].to_numpy().tolist()
    assert table["click"].tolist() == [1, 2, 3] * len(index)
    assert (table["dice_oracle"] >= table["dice_predicted"]).all()
    rows = {(row["object"], row["choice"]): row for row in json.loads(shown.stdout)}
    masks = table[(table["object"] == "left_ventricle") & (table["click"] == 2)]
    assert rows["left_ventricle", "predicted"]["dice_2"] == pytest.approx(masks["dice_predicted"].mean())


def test_a_run_that_was_stopped_goes_on_and_gives_the_same_bytes(
    args: Args, tmp_path: Path, cli: Any, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli(*args, "--limit", 20, "--out", tmp_path / "at once")
    real = interactive_run._rows
    calls: list[int] = []

    def stopping(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(interactive_run, "_rows", stopping)
        assert cli(*args, "--limit", 20, "--out", tmp_path / "later", fails=True).exit_code == 130
    assert not (tmp_path / "later" / "clicks.parquet").exists()
    encoded.clear()
    cli(*args, "--limit", 20, "--out", tmp_path / "later")
    assert 0 < sum(encoded) < 20
    for name in ("clicks.parquet", "table.csv", "summary.json", "curves.png"):
        assert (tmp_path / "later" / name).read_bytes() == (tmp_path / "at once" / name).read_bytes()
    encoded.clear()
    cli(*args, "--limit", 20, "--out", tmp_path / "later")
    assert not encoded


def test_other_settings_are_not_mixed_in(args: Args, small: Path, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--limit", 1, "--out", tmp_path / "run")
    kept = clicks(tmp_path / "run")
    others = {
        ("--clicks", 4): "clicks 3 there, 4 here",
        ("--seed", 1): "seed 0 there, 1 here",
        ("--rule", "largest-region"): "rule ritm there, largest-region here",
        ("--no-previous-mask",): "previous_mask True there, False here",
    }
    for options, difference in others.items():
        result = cli(*args, "--limit", 1, *options, "--out", tmp_path / "run", fails=True)
        assert result.exit_code == 1
        assert f"another run ({difference})" in result.stderr
    plain = ["run", *args[1:-2], "--strategies", "S5", "--no-hd", "--limit", 1]
    refused = cli(*plain, "--out", tmp_path / "run", fails=True)
    assert refused.exit_code == 1 and "holds results of another run" in refused.stderr
    cli(*plain, "--out", tmp_path / "plain")
    refused = cli(*args, "--limit", 1, "--out", tmp_path / "plain", fails=True)
    assert refused.exit_code == 1 and "holds results of another run" in refused.stderr
    assert clicks(tmp_path / "run") == kept


def test_the_protocol_is_noted_and_named(args: Args, tmp_path: Path, cli: Any) -> None:
    options = ("--rule", "largest-region", "--no-previous-mask")
    text = cli(*args, "--limit", 2, *options, "--noc", "dice", "--out", tmp_path / "run").stdout
    assert "NoC@90 DICE" in text and "IoU" not in text
    assert "Clicks by the rule of the largest region, without the previous mask as input." in text
    noted = json.loads((tmp_path / "run" / "run.json").read_text())
    assert noted["settings"] == {"clicks": 3, "rule": "largest-region", "previous_mask": False, "seed": 0}
    # What tables show is no part of the results: the run is finished, and its tables are made anew.
    text = cli(*args, "--limit", 2, *options, "--out", tmp_path / "run").stdout
    assert "NoC@90 IoU" in text and "NoC@90 IoU" in (tmp_path / "run" / "table.md").read_text()
    cli(*args, "--limit", 2, "--out", tmp_path / "ritm")
    assert clicks(tmp_path / "ritm") != clicks(tmp_path / "run")


def test_two_processes_give_the_same_bytes(args: Args, tmp_path: Path, cli: Any) -> None:
    cli(*args, "--limit", 20, "--device", "cpu", "--out", tmp_path / "one")
    finish(start(*args, "--limit", 20, "--device", "cpu", "--processes", 2, "--out", tmp_path / "two"))
    ranks = {path.name[:9] for path in (tmp_path / "two" / "parts").iterdir()}
    assert ranks == {"rank00000", "rank00001"}
    assert clicks(tmp_path / "two") == clicks(tmp_path / "one")


def test_the_packaged_model_gets_better_with_clicks(small: Path, tmp_path: Path, cli: Any) -> None:
    args = ["interactive", small, "--config", "acdc", "--model", "tiny", "--threads", "1", "--limit", 4]
    text = cli(*args, "--clicks", 6, "--out", tmp_path / "run").stdout
    assert "NoC@90 IoU" in text and "RITM's rule, with the previous mask" in text and "mean over targets" in text
    mean = json.loads((tmp_path / "run" / "summary.json").read_text())["targets"][-4]
    assert mean["choice"] == "predicted"
    assert mean["dice_6"] > mean["dice_1"]
