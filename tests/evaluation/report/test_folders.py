"""What a report takes, what it refuses, and that it writes all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawn_runs import drawn

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.report.folder import check_out, replacing
from cosmos_datasets.evaluation.report.folders import read_folders
from cosmos_datasets.evaluation.statistics.scores import read_runs

Make = Callable[..., Path]
NOTED = json.dumps({name: {} for name in ("data", "model", "models", "settings", "inference", "sides", "rows")})


def test_kinds_are_told_by_what_a_folder_holds(drawn_run: Make, tmp_path: Path) -> None:
    run = drawn_run("run", drawn(1))
    others = {"interactive": "clicks.parquet", "grid": "grid.json", "efficiency": "efficiency.json"}
    for kind, file in others.items():
        (tmp_path / kind).mkdir()
        (tmp_path / kind / file).write_text(NOTED)
    (tmp_path / "interactive" / "summary.json").write_text(NOTED)
    folders = read_folders([run, *(tmp_path / kind for kind in others)])
    assert [(folder.kind, folder.name) for folder in folders] == [("run", "run"), *((kind, kind) for kind in others)]


def test_folders_of_one_name_are_told_apart_as_in_the_tables(drawn_run: Make, tmp_path: Path) -> None:
    runs = [drawn_run(f"{model}/zero-shot", drawn(n)) for n, model in enumerate(("a", "b"))]
    assert [folder.name for folder in read_folders(runs)] == ["a/zero-shot", "b/zero-shot"]
    assert list(read_runs(runs)["run"].unique()) == ["a/zero-shot", "b/zero-shot"]
    with pytest.raises(CosmosError, match="given twice"):
        read_folders([runs[0], runs[0]])


def test_anything_else_is_refused(drawn_run: Make, tmp_path: Path) -> None:
    with pytest.raises(CosmosError, match=r"holds none of results\.parquet"):
        read_folders([tmp_path])
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(CosmosError, match="no finished run"):
        read_folders([tmp_path])
    tuned = tmp_path / "tuned"
    tuned.mkdir()
    (tuned / "finetune.json").write_text("{}")
    with pytest.raises(CosmosError, match="evaluation/before"):
        read_folders([tuned])
    run = drawn_run("run", drawn(1))
    (run / "summary.json").write_text("{}")
    with pytest.raises(CosmosError, match="lacks data"):
        read_folders([run])
    (run / "summary.json").write_text("[")
    with pytest.raises(CosmosError, match=r"summary\.json cannot be read"):
        read_folders([run])


@pytest.mark.parametrize("content", ["{}", "[1]", "nonsense"])
def test_damaged_folders_are_one_clear_error(content: str, tmp_path: Path, cli: Any) -> None:
    for kind, file in (("grid", "grid.json"), ("efficiency", "efficiency.json")):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / file).write_text(content)
        refused = cli("report", tmp_path / kind, "--out", tmp_path / "out", fails=True)
        assert refused.exit_code == 1
        assert file in refused.output
        assert not (tmp_path / "out").exists()


def test_a_damaged_annotation_is_named(drawn_run: Make, tmp_path: Path, cli: Any) -> None:
    run = drawn_run("run", drawn(1))
    (run / "annotation.json").write_text(json.dumps({"annotation": []}))
    refused = cli("report", run, "--out", tmp_path / "out", fails=True)
    assert refused.exit_code == 1
    assert "annotation.json" in refused.output
    assert not (tmp_path / "out").exists()


def test_foreign_folders_stay_as_they_are(drawn_run: Make, tmp_path: Path, cli: Any) -> None:
    run = drawn_run("run", drawn(1))
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work")
    refused = cli("report", run, "--out", foreign, fails=True)
    assert refused.exit_code == 1
    assert "thesis.txt" in refused.output
    assert [path.name for path in foreign.iterdir()] == ["thesis.txt"]
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<html>mine</html>")
    with pytest.raises(CosmosError, match="not a report"):
        check_out(tmp_path / "page")
    (tmp_path / "file").write_text("")
    with pytest.raises(CosmosError, match="is a file"):
        check_out(tmp_path / "file")


def test_an_interruption_leaves_the_earlier_report(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "report"
    page = '<meta name="generator" content="cosmos-eval report">'
    with replacing(out) as folder:
        (folder / "index.html").write_text(page)
    with pytest.raises(KeyboardInterrupt), replacing(out) as folder:
        (folder / "index.html").write_text("half")
        raise KeyboardInterrupt
    assert (out / "index.html").read_text() == page
    with replacing(out) as folder:
        (folder / "index.html").write_text(page + "new")
    assert (out / "index.html").read_text() == page + "new"
    assert [path.name for path in out.parent.iterdir()] == ["report"]
