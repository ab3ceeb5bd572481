"""``cosmos-eval paper`` with real commands, in processes of their own, on real scans."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import time
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from runs import SHARED, start
from trees import temporaries

from cosmos_datasets.build.run import build
from cosmos_datasets.evaluation.models.checkpoint import find_checkpoint
from cosmos_datasets.registry import get_source

#: Numbers as small as they can be.
SMALL = (
    "--subset",
    2,
    "--grid",
    2,
    "--sides",
    "1,2",
    "--clicks",
    1,
    "--jitter",
    "0-10",
    "--repeats",
    1,
    "--threads",
    1,
)


def ended(study: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    """What a study printed; a dozen processes take their time."""
    printed, said = study.communicate(timeout=1200)
    assert study.returncode == status, said
    assert "Traceback" not in said
    return printed, said


@pytest.fixture(scope="module")
def brains(tmp_path_factory: pytest.TempPathFactory, pool: Executor) -> Path:
    """Six cases of the decathlon's hippocampus."""
    task = SHARED / "real" / "msd" / "Task04_Hippocampus"
    if not task.is_dir():
        pytest.skip(f"the real scans are not there: {task}")
    folder = tmp_path_factory.mktemp("brains")
    raw = folder / "raw" / "Task04_Hippocampus"
    cases = sorted(path.name for path in (task / "labelsTr").glob("*.nii.gz"))[:6]
    for part in ("imagesTr", "labelsTr"):
        (raw / part).mkdir(parents=True)
        for case in cases:
            shutil.copy(task / part / case, raw / part)
    description = json.loads((task / "dataset.json").read_text())
    pairs = [{"image": f"./imagesTr/{case}", "label": f"./labelsTr/{case}"} for case in cases]
    (raw / "dataset.json").write_text(json.dumps({**description, "training": pairs, "numTraining": len(pairs)}))
    build(get_source("msd"), folder / "raw", folder / "data", executor=pool)
    return folder / "data"


@pytest.mark.slow
def test_a_study_from_beginning_to_end(brains: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    arguments: tuple[Any, ...] = ("paper", brains, "--model", "tiny", *SMALL, "--out", out)
    printed, said = ended(start(*arguments, "--plan"))
    assert "tiny/zero-shot" in printed
    assert "$ cosmos-eval" not in said
    assert not out.exists()
    _, said = ended(start(*arguments), status=1)  # nobody is asked
    assert "give --yes" in said

    printed, said = ended(start(*arguments, "--yes"))
    assert printed.splitlines()[-1] == str(out / "report" / "index.html")
    assert f"$ cosmos-eval run {brains} --model tiny --save-masks --grid 2 --subset 2 --threads 1 --out " in said
    home = out / "tiny"
    for path in ("zero-shot/annotation.json", "interactive/curves.png", "grid/grid.png", "efficiency/efficiency.json"):
        assert (home / path).is_file()
    results = pq.read_table(home / "zero-shot" / "results.parquet").to_pandas()
    assert set(results.groupby("strategy").size()) == {2}
    assert results["mask_oracle"].notna().sum() == (results["pred_area_oracle"] > 0).sum()
    drops = list(csv.DictReader((home / "drop" / "overall.csv").read_text().splitlines()))
    assert {row["strategy"] for row in drops} == {"S2", "S3", "S4", "S5", "S6"}
    page = (out / "report" / "index.html").read_text()
    assert "A subset: 2 masks of each target." in page
    assert not temporaries(out)

    written = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    _, said = ended(start(*arguments, "--yes"))
    assert "$ cosmos-eval" not in said
    assert "All of it is done" in said
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == written

    # A second model, of which only one step is asked for, and the comparison.
    other = shutil.copytree(find_checkpoint("tiny").folder, tmp_path / "other")
    more = (*arguments[:2], "--model", "tiny", "--model", other, *arguments[4:], "--yes", "--skip",
            "randomness,drop,factors,interactive,annotation,grid,efficiency")  # fmt: skip
    _, said = ended(start(*more))
    assert said.count("$ cosmos-eval run") == 1
    rows = list(csv.DictReader((out / "compare" / "tiny--other" / "oracle.csv").read_text().splitlines()))
    assert {row["strategy"] for row in rows} >= {"S2", "S5"}

    # A step that cannot succeed: its run is of another revision of the data.
    shutil.rmtree(home / "interactive")
    (home / "interactive").mkdir()
    (home / "interactive" / "run.json").write_text("{}")
    (home / "grid" / "grid.csv").unlink()
    _, said = ended(start(*arguments, "--yes"), status=1)
    assert "error: tiny/interactive failed, exit status 1: cosmos-eval interactive" in said
    assert (home / "grid" / "grid.csv").is_file()


@pytest.mark.slow
def test_an_interrupted_study_goes_on(brains: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    others = ("randomness", "drop", "factors", "interactive", "annotation", "grid", "efficiency", "report")
    arguments: tuple[Any, ...] = (
        "paper",
        brains,
        "--model",
        "tiny",
        *SMALL,
        "--out",
        out,
        "--yes",
        "--skip",
        ",".join(others),
    )
    study = start(*arguments)
    deadline = time.monotonic() + 200
    while not (out / "tiny" / "zero-shot" / "run.json").is_file():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    study.send_signal(signal.SIGTERM)
    _, said = ended(study, status=130)
    assert "interrupted; give the same command again to go on" in said
    assert not temporaries(out)
    assert json.loads((out / "study.json").read_text())["steps"] == {}
    _, said = ended(start(*arguments))
    assert said.count("$ cosmos-eval run") == 1
    assert "1 step done, 1 of them now." in said
