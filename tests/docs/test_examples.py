"""The Python that the documentation shows runs, as it is written there, beside a small built data set."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from raw_trees import msd
from raw_trees.phantom import anatomy, paint, store, write_nifti
from tiny_models import save, tiny_sam

from cosmos_datasets.build.run import build
from cosmos_datasets.cli import main
from cosmos_datasets.registry import get_source, source_ids
from cosmos_datasets.source import Source
from cosmos_datasets.targets import PAPER, counts, targets

CHECKOUT = Path(__file__).parents[2]


def blocks(page: str) -> list[str]:
    """The Python blocks of a page, in order."""
    found = re.findall(r"^```python\n(.*?)^```$", (CHECKOUT / page).read_text(), flags=re.DOTALL | re.MULTILINE)
    assert found, f"{page} shows no Python"
    return found


def run(page: str, names: dict[str, Any], **replaced: str) -> dict[str, Any]:
    """Run the blocks of a page one after the other, like cells of a notebook."""
    for number, block in enumerate(blocks(page)):
        code = block
        for old, new in replaced.items():
            code = re.sub(rf'(?m)^{old} = ".*?"', f"{old} = {new!r}", code)
        exec(compile(code, f"{page}, block {number}", "exec"), names)
    return names


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, pool: Executor) -> Path:
    """A folder that holds a built data set, ``cosmos1050k``."""
    folder = tmp_path_factory.mktemp("docs")
    raw = folder / "downloads" / "msd"
    msd.write(raw)
    for task in raw.iterdir():
        if task.name not in {"Task02_Heart", "Task03_Liver"}:  # a training loop over all of them takes long
            shutil.rmtree(task)
    build(get_source("msd"), raw, folder / "cosmos1050k", executor=pool)
    return folder


@pytest.fixture(autouse=True)
def beside(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(home)
    monkeypatch.delenv("COSMOS1050K", raising=False)
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", cache)
    monkeypatch.setattr("evaluate.config.HF_METRICS_CACHE", str(cache))
    monkeypatch.setattr("evaluate.config.HF_EVALUATE_OFFLINE", True)


def test_readme(home: Path) -> None:
    names = run("README.md", {})
    row = names["rows"][0]
    assert names["mask"].shape == (row["height"], row["width"])
    assert names["mask"].sum() == row["objects"][0]["area"]
    assert len(names["index"]) > len(names["rows"]) > len(names["ct"]) > 0
    assert names["masks"]


def _own_sources() -> list[Source]:
    sources = map(get_source, source_ids())
    return [one for one in sources if one.find_cases.__module__.startswith("cosmos_datasets.")]


def test_the_list_of_sources_is_what_the_command_prints() -> None:
    page = (CHECKOUT / "docs" / "sources.md").read_text().splitlines()
    printed = CliRunner().invoke(main, ["list", "--markdown"]).stdout.splitlines()
    own = {source.id for source in _own_sources()}
    assert [line for line in page if line.startswith("|")] == [
        line for line in printed if line.startswith("|---") or line.split(" | ")[0].removeprefix("| ") in {*own, "id"}
    ]
    assert len(own) == 57


def test_the_counts_that_are_told_are_those_of_the_declarations() -> None:
    ours = counts(target for target in targets(_own_sources()) if not target.extra)
    told = "{modalities} modalities (names reconstructed), {objects} objects and {targets} targets".format(**ours)
    assert told in " ".join((CHECKOUT / "README.md").read_text().split())
    rows = re.findall(r"(?m)^\| (modalities|objects|targets) \| (\d+) \| (\d+) \|$", _page("vocabulary"))
    assert {name: (int(here), int(paper)) for name, here, paper in rows} == {
        name: (ours[name], PAPER[name]) for name in PAPER
    }


def _page(name: str) -> str:
    return (CHECKOUT / "docs" / f"{name}.md").read_text()


def test_training_loop(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("docs/training-loop.md", {}, MODEL=str(save(tiny_sam(), tmp_path / "sam")))
    assert re.search(r"epoch 0: DICE 0\.\d{3} on fold 0", capsys.readouterr().out)
    assert set(names["batch"]["source"]) == {"msd"}
    assert set(names["livers"]["object"]) == {"liver"}


def test_source_of_the_checklist(home: Path, tmp_path: Path) -> None:
    module = tmp_path / "knee_clinic.py"
    module.write_text(blocks("docs/adding-a-source.md")[0])
    names: dict[str, Any] = {"__name__": "knee_clinic"}
    exec(compile(module.read_text(), str(module), "exec"), names)
    rng = np.random.default_rng(0)
    labels = anatomy(rng, (6, 40, 33), (1, 2))
    for knee in ("knee_001", "knee_002"):
        for folder, drawn in (("images", paint(rng, labels)), ("labels", labels)):
            stored = store(drawn, "sagittal", "RAS", (3.0, 0.8, 0.8))
            write_nifti(tmp_path / "knee" / folder / f"{knee}.nii.gz", stored.array, stored.affine)
    report = build(names["SOURCE"], tmp_path, tmp_path / "out")
    assert (report.cases, report.images, report.masks) == (2, 8, 14)
    (tmp_path / "knee" / "images" / "knee_002.nii.gz").unlink()
    report = build(names["SOURCE"], tmp_path, tmp_path / "out")
    assert (report.cases, report.images, report.masks) == (1, 4, 7)
    assert "images/knee_002.nii.gz: no such file" in report.broken["knee_002"]
