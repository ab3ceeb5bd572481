"""The loopback Hub, one a test, clients in this process, and a small data set to share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub.server import serving_hub
from hub.store import Hub
from raw_trees import drive, msd
from trees import copy

from cosmos_datasets.build.run import build
from cosmos_datasets.registry import get_source


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving_hub() as running:
        yield running


@pytest.fixture
def here(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The Hub, for ``huggingface_hub`` in this process: faster than a process a client, where much is tried.

    What ``datasets`` and ``transformers`` read at their import stays as it is; use :mod:`hub.clients` for them.
    """
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(tmp_path / "stored_tokens"))
    monkeypatch.setenv("HF_TOKEN", hub.token)
    return hub


@pytest.fixture(scope="session")
def shared_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw trees of a source that may be passed on and of one that may not; read only."""
    raw = tmp_path_factory.mktemp("raw")
    msd.write(raw / "msd")
    drive.write(raw / "drive")
    return raw


@pytest.fixture(scope="session")
def shared_built(shared_raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set of both; read only."""
    out = tmp_path_factory.mktemp("built") / "cosmos1050k"
    for name in ("msd", "drive"):
        build(get_source(name), shared_raw, out)
    return out


@pytest.fixture
def own(shared_built: Path, tmp_path: Path) -> Path:
    """A copy of the data set that a test may change."""
    return copy(shared_built, tmp_path / "cosmos1050k")
