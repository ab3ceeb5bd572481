"""The small data set with scores that are made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from factor_runs import write_run


@pytest.fixture
def run(small: Path, tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", small)
