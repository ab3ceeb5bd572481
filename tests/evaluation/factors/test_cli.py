"""``cosmos-eval factors`` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from runs import COMMON

Cli = Callable[..., Result]


def test_a_run_of_a_model(small: Path, models: dict[str, Path], cli: Cli, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ("--config", "acdc", "--strategies", "S2,S5", "--no-hd", "--out", run)
    cli("run", small, "--model", models["sam2"], *COMMON, *options)
    out = cli("factors", run, small, "--figures", tmp_path / "figures").stdout
    heading = "strategy masks groups size aspect ratio signed intensity difference boundary complexity modality"
    assert " ".join(out.splitlines()[0].split()) == heading
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["S2", "S5"]
    assert (run / "factors.parquet").is_file()
    assert len(list((tmp_path / "figures").glob("*.png"))) == 9


def test_every_format_holds_the_same(run: Path, small: Path, cli: Cli) -> None:
    found = json.loads(cli("factors", run, small, "--by", "target", "--format", "json").stdout)
    assert {name: found[name] for name in ("choice", "intensity_difference", "by")} == {
        **{"choice": "oracle", "intensity_difference": "signed", "by": "target"}
    }
    table = list(csv.DictReader(io.StringIO(cli("factors", run, small, "--by", "target", "--format", "csv").stdout)))
    assert len(table) == len(found["correlations"])
    for line, one in zip(table, found["correlations"], strict=True):
        assert line["object"] == one["object"]
        assert (float(line["rho"]) if line["rho"] else None) == (
            one["rho"] if one["rho"] is None else pytest.approx(one["rho"], rel=1e-5)
        )
    markdown = cli("factors", run, small, "--format", "markdown").stdout
    assert markdown.startswith("| strategy")
    assert "**" in markdown


def test_the_absolute_difference_goes_by_its_own_name(run: Path, small: Path, cli: Cli, tmp_path: Path) -> None:
    found = cli("factors", run, small, "--intensity-difference", "absolute", "--figures", tmp_path)
    assert "absolute intensity difference" in found.stdout and "signed" not in found.stdout
    assert sorted(path.stem for path in tmp_path.glob("*intensity*")) == [
        f"absolute_intensity_difference_{kind}"
        for kind in ("boxes", "boxes_instances", "scatter", "scatter_instances")
    ]


def test_mistakes_are_one_sentence(run: Path, small: Path, cli: Cli, tmp_path: Path) -> None:
    failed = cli("factors", tmp_path, small, fails=True)
    assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
    assert "no finished run" in failed.stderr
    failed = cli("factors", run, tmp_path / "nothing", fails=True)
    assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
