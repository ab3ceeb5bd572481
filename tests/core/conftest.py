"""Raw trees of three sources, and the data set built from them, once for all tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from raw_trees import cellseg_neurips22, drive, msd
from raw_trees.phantom import Truth
from trees import copy

from cosmos_datasets.build.run import build
from cosmos_datasets.registry import get_source

_WRITERS: dict[str, Callable[[Path], Truth]] = {
    "cellseg_neurips22": cellseg_neurips22.write,
    "drive": drive.write,
    "msd": msd.write,
}


@pytest.fixture(scope="session")
def truths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Truth]]:
    """The folder of the raw trees, one a source named by its id, and what they hold."""
    raw = tmp_path_factory.mktemp("raw")
    return raw, {name: write(raw / name) for name, write in _WRITERS.items()}


@pytest.fixture(scope="session")
def raw(truths: tuple[Path, dict[str, Truth]]) -> Path:
    """The raw trees; read only."""
    return truths[0]


@pytest.fixture(scope="session")
def built(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set of all three sources; read only."""
    out = tmp_path_factory.mktemp("built") / "cosmos1050k"
    for name in _WRITERS:
        build(get_source(name), raw, out)
    return out


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Path:
    """A copy of the data set that a test may change."""
    return copy(built, tmp_path / "cosmos1050k")
