"""A small built data set, small models, and ways to run ``cosmos-eval``."""

from __future__ import annotations

from concurrent.futures import Executor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from eval_fixtures import cli, one_thread  # noqa: F401
from runs import SHARED, sure
from tiny_models import save, tiny_sam, tiny_sam2

from cosmos_datasets.build.run import build
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.registry import get_source


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, pool: Executor) -> Path:
    """ACDC (40 slices, 3 structures) and CellSeg (14 pictures, some in colour, 154 instances), built."""
    folder = tmp_path_factory.mktemp("small")
    for source in ("acdc", "cellseg_neurips22"):
        import_module(f"raw_trees.{source}").write(folder / "raw" / source)
        build(get_source(source), folder / "raw" / source, folder / "data", executor=pool)
    return folder / "data"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    made = {"sam": sure(tiny_sam(6)), "sam2": sure(tiny_sam2(6)), "other": sure(tiny_sam2(2)), "unsure": tiny_sam2(6)}
    return {name: save(model, folder / name) for name, model in made.items()}


@pytest.fixture(scope="session")
def weights() -> Path:
    """SAM 2 Hiera-Tiny, where it is present."""
    folder = SHARED / "weights" / "sam2-hiera-tiny"
    if not folder.is_dir():
        pytest.skip(f"the real weights are not there: {folder}")
    return folder


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each call of an encoder takes, as they come."""
    counts: list[int] = []
    encode = Adapter.encode

    def counting(self: Adapter, images: Any, names: Any = None) -> Any:
        counts.append(len(images))
        return encode(self, images, names)

    monkeypatch.setattr(Adapter, "encode", counting)
    return counts
