"""Reports of runs that were drawn, and of one that was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from drawn_runs import FACTS, Row, write
from eval_fixtures import cli, one_thread  # noqa: F401
from html_page import Page
from runs import SHARED

from cosmos_datasets.build.run import build
from cosmos_datasets.registry import get_source

Cli = Callable[..., Result]

DATA: Row = {
    **{"dataset": "drawn", "revision": "a" * 64, "config": "all", "split": None, "modality": None, "object": None},
    **{"masks": "all", "limit": None, "fold": None, "subset": None, "subset_seed": 0},
    **{"images": 20, "masks_selected": 40},
}
VERSIONS = {"cosmos-datasets": "0.1.0", "python": "3.11", "torch": "2.8"}


@pytest.fixture
def drawn_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run of given rows, with all the facts that a run notes."""

    def make(name: str, rows: Sequence[Row], **facts: Any) -> Path:
        model = {"name": facts.pop("model", name), "digest": f"{name}{'0' * 60}", "family": "SamAdapter"}
        inference = {**FACTS["inference"], "batch_size": 1, "threads": 1}
        everything = {"data": DATA, "versions": VERSIONS, "model": model, "inference": inference, **facts}
        return write(tmp_path / "runs" / name, rows, **everything)

    return make


@pytest.fixture
def page(cli: Cli, tmp_path: Path) -> Callable[..., Page]:  # noqa: F811
    """Write a report through the command, and read its page."""

    def make(*arguments: object, out: str = "report") -> Page:
        cli("report", *arguments, "--out", tmp_path / out)
        return Page((tmp_path / out / "index.html").read_text(encoding="utf-8"))

    return make


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty real MR images of the hippocampus, built."""
    raw = SHARED / "real" / "msd"
    if not raw.is_dir():
        pytest.skip(f"the real data are not there: {raw}")
    data = tmp_path_factory.mktemp("real") / "hippocampi"
    build(get_source("msd"), raw, data)
    return data


@pytest.fixture(scope="session")
def real_run(real_data: Path, cli: Cli) -> Path:  # noqa: F811
    """The small model of the package on some of them, its prompts unmoved and moved."""
    run = real_data.parent / "run"
    options = ("--subset", 8, "--strategies", "S1,S2,S5", "--grid", 4, "--jitter", "0-10,10-20", "--repeats", 2)
    cli("run", real_data, "--model", "tiny", *options, "--threads", 1, "--out", run)
    return run


@pytest.fixture(scope="session")
def real_report(real_run: Path, real_data: Path, cli: Cli) -> Path:  # noqa: F811
    """Its report, with factors and pictures."""
    cli("factors", real_run, real_data, "--format", "csv")
    cli("report", real_run, "--data", real_data, "--out", real_run.parent / "report")
    return real_run.parent / "report"
