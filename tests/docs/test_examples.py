"""The Python that the documentation shows runs, as it is written there, beside a small built data set."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from raw_trees import msd
from raw_trees.phantom import anatomy, paint, store, write_nifti
from tiny_models import save, tiny_sam

from cosmos_datasets.build.run import build
from cosmos_datasets.registry import get_source, source_ids

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


def test_readme_lists_the_sources_as_they_are_declared() -> None:
    rows = re.findall(
        r"(?m)^\| `(\w+)` \|.*\| ([\d,]+) \| ([\d,]+) \|.*\| ([^|]+) \|$", (CHECKOUT / "README.md").read_text()
    )
    listed = {name: (int(objects), int(cases.replace(",", "")), licence) for name, objects, cases, licence in rows}
    own = [
        source
        for source in map(get_source, source_ids())
        if source.find_cases.__module__.startswith("cosmos_datasets.")
    ]
    assert listed == {
        source.id: (len(source.objects), source.expected["cases"], source.licence.split(" (")[0]) for source in own
    }


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
    for folder, drawn in (("images", paint(rng, labels)), ("labels", labels)):
        stored = store(drawn, "sagittal", "RAS", (3.0, 0.8, 0.8))
        write_nifti(tmp_path / "knee" / folder / "knee_001.nii.gz", stored.array, stored.affine)
    report = build(names["SOURCE"], tmp_path, tmp_path / "out")
    assert (report.cases, report.images, report.masks) == (1, 4, 7)
