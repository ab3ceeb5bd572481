"""``table``, ``compare`` with one run, and ``seen``, through the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from drawn_runs import result, write

from cosmos_datasets.evaluation.statistics.scores import read_runs
from cosmos_datasets.evaluation.statistics.tables import full_table
from cosmos_datasets.evaluation.statistics.tests_between import between_strategies


def test_without_options_it_is_the_table_that_the_run_printed(run: Path, cli: Any) -> None:
    assert cli("table", run, "--format", "markdown").stdout == (run / "table.md").read_text()
    assert cli("table", run, "--format", "csv").stdout == (run / "table.csv").read_text()
    latex = cli("table", run, "--format", "latex").stdout
    assert r"\toprule" in latex
    assert "kidney, CT & " in latex


def test_two_runs_in_one_table(run: Path, other: Path, cli: Any) -> None:
    expected = full_table(read_runs([run, other]), ["source", "target"], "case", "jac", "predicted", 3)
    chosen = ("--by", "source,target", "--per", "case", "--metric", "jac", "--choice", "predicted", "--seed", 3)
    body = json.loads(cli("table", run, other, *chosen, "--format", "json").stdout)
    csv = pd.read_csv(io.StringIO(cli("table", run, other, *chosen, "--format", "csv").stdout), keep_default_na=False)
    assert len(body) == len(csv) == len(expected)
    for written, text, one in zip(body, csv.to_dict("records"), expected.to_dict("records"), strict=True):
        for name, value in one.items():
            if isinstance(value, float) and pd.notna(value):
                assert written[name] == pytest.approx(value, abs=1e-12)
                assert float(text[name]) == pytest.approx(value, abs=1e-6)
            elif pd.isna(value):
                assert (written[name], text[name]) == (None, "")
            else:
                assert written[name] == value
    text = cli("table", run, other, *chosen).stdout
    for word in ("cosmos-sam-tiny", "cell, Histopathology", "(instances)", "mean over targets", "mean over cases",
                 "held out", "unknown", "bootstrap over subjects"):  # fmt: skip
        assert word in text
    assert "nan" not in text.lower()


def test_what_a_reader_has_to_know(run: Path, tmp_path: Path, cli: Any) -> None:
    text = cli("table", run, "--by", "target", "--metric", "hd").stdout
    assert "mean of the defined    undefined  seen" in text
    assert "HD (px): an empty prediction counts as the image's diagonal" in text
    assert "undefined" not in cli("table", run, "--by", "target", "--choice", "predicted").stdout
    assert "3 rows of several sources; --by target,source sets them apart." in text
    assert "3 rows of several raters" in text
    assert "several sources" not in cli("table", run, "--by", "label").stdout
    volumes = cli("table", run, "--per", "volume").stdout
    assert "A volume is made of its evaluated slices" in volumes
    assert "gain" not in volumes
    few = write(tmp_path / "few", [result(f"msd/{n}/0", 0.5) for n in range(3)])
    text = cli("table", few, run, "--by", "target").stdout
    assert "1 row with fewer than 6 subjects" in text
    assert "do not hold the same masks" in text


def test_latex_has_what_is_to_be_known_as_comments(run: Path, other: Path, cli: Any) -> None:
    lines = cli("table", run, other, "--by", "modality", "--format", "latex").stdout.splitlines()
    end = lines.index(r"\end{tabular}")
    assert all(line.startswith("% ") for line in lines[end + 1 :])
    columns = lines[1].removeprefix(r"\begin{tabular}{").removesuffix("}")
    body = [line for line in lines[:end] if line.endswith(r"\\")]
    assert len(body) == 1 + 2 * 3 * (2 + 1) + 2 * 2 * 3 * 2 + 3 * 2
    assert {line.replace(r"\&", "").count("&") + 1 for line in body} == {len(columns)}


def test_questions_without_an_answer(run: Path, tmp_path: Path, cli: Any) -> None:
    for options, says, status in (
        (["--by", "organ"], "organ is no grouping; choose of target,", 2),
        (["--metric", "iou"], "'iou' is not one of", 2),
        (["--metric", "hd_mm"], "sam_b holds no HD (mm): its data have no spacing", 1),
        (["--metric", "hd", "--per", "volume"], "of a volume does not follow from its slices", 1),
    ):
        refused = cli("table", run, *options, fails=True)
        assert refused.exit_code == status
        assert says in refused.stderr
        assert not refused.stdout
    assert "no finished run" in cli("table", run, tmp_path, fails=True).stderr
    assert "given twice" in cli("table", run, run, fails=True).stderr


def test_the_strategies_of_one_run(run: Path, cli: Any) -> None:
    expected = between_strategies(read_runs([run]), ["modality"])
    body = json.loads(cli("compare", run, "--choice", "oracle", "--by", "modality", "--json").stdout)
    assert len(body) == len(expected)
    assert [one["p_value"] for one in body] == pytest.approx(expected["p_value"].tolist())
    text = cli("compare", run, "--choice", "oracle", "--strategies", "S2,S5").stdout
    assert "Holm's correction" in text
    assert " S2   S5 " in text
    assert "S1" not in text
    # S1 has no mask of the model's own choice.
    assert "S1 is left out" in cli("compare", run).stdout
    assert "S1" not in cli("compare", run, "--format", "csv").stdout
    refused = cli("compare", run, "--strategies", "S1,S2", fails=True)
    assert "no two strategies with scores of the same masks" in refused.stderr
    assert "--figure needs two runs" in cli("compare", run, "--figure", "a.png", fails=True).stderr


def test_what_a_model_has_seen(tmp_path: Path, cli: Any) -> None:
    medsam = cli("seen", "flaviagiammarino/medsam-vit-base").stdout
    assert "held out: acdc" in medsam
    assert "supplementary" in medsam
    assert "unknown: all other sources" in cli("seen", "facebook/sam-vit-base").stdout
    assert cli("seen", "somebody/else").stdout.startswith("unknown: all sources")
    tiny = json.loads(cli("seen", "tiny", "--format", "json").stdout)
    assert {row["seen"] for row in tiny if row["source"] != "mni152"} == {"held out"}
    (tmp_path / "finetune.json").write_text(
        json.dumps({"base_model": "cosmos-sam-tiny", "groups": {"train": 1},
                    "dataset": {"sources": {"acdc": {}}, "objects": ["myocardium"], "modalities": ["Cine-MRI"]}})
    )  # fmt: skip
    tuned = cli("seen", tmp_path).stdout
    assert tuned.startswith("seen: acdc (myocardium; Cine-MRI)")
    assert "1 subject" in tuned
    csv = pd.read_csv(io.StringIO(cli("seen", tmp_path, "--format", "csv").stdout), keep_default_na=False)
    assert csv.iloc[0][["source", "objects", "modalities", "seen"]].tolist() == [
        "acdc",
        "myocardium",
        "Cine-MRI",
        "seen",
    ]
