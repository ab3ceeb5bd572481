"""A small built data set with and without an official test split, small models, and ways to run ``cosmos-eval``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from eval_fixtures import Cli, cli, one_thread  # noqa: F401
from runs import sure
from tiny_models import save, tiny_sam, tiny_sam2

from cosmos_datasets.build.run import build
from cosmos_datasets.registry import get_source


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, pool: Executor) -> Path:
    """ACDC with its official test split, and the ten tasks of MSD, which have none."""
    folder = tmp_path_factory.mktemp("data")
    for source in ("acdc", "msd"):
        import_module(f"raw_trees.{source}").write(folder / "raw" / source)
        build(get_source(source), folder / "raw" / source, folder / "built", executor=pool)
    return folder / "built"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    made = {"sam": sure(tiny_sam(6)), "sam2": sure(tiny_sam2(6))}
    return {name: save(model, folder / name) for name, model in made.items()}


#: A fast fine-tuning, on ACDC with its official test split.
FAST = ["--config", "acdc", "--device", "cpu", "--threads", "1", "--epochs", "2", "--batch-size", "4"]


@pytest.fixture
def args(data: Path, models: dict[str, Path]) -> list[Any]:
    return ["finetune", data, *FAST, "--model", models["sam2"]]


@pytest.fixture(scope="session")
def tuned(
    data: Path,
    models: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    cli: Cli,  # noqa: F811
) -> Callable[[str, str], Path]:
    """The folder of a finished fine-tuning of a family by a method; each is made once."""
    folder = tmp_path_factory.mktemp("tuned")

    def make(family: str, method: str) -> Path:
        out = folder / f"{family}-{method}"
        if not out.exists():
            cli("finetune", data, *FAST, "--model", models[family], "--method", method, "--out", out)
        return out

    return make
