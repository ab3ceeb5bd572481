"""The plots: which files there are, and that they show what they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cosmos_datasets.evaluation.factors.figures import draw
from cosmos_datasets.evaluation.factors.measure import measure
from cosmos_datasets.evaluation.factors.tables import join

NAMES = {
    *(f"{name}_scatter" for name in ("size", "aspect_ratio", "intensity_difference", "boundary_complexity")),
    *(f"{name}_boxes" for name in ("size", "aspect_ratio", "intensity_difference", "boundary_complexity", "modality")),
}


@pytest.fixture
def joined(run: Path, small: Path) -> pd.DataFrame:
    return join(run / "results.parquet", measure(run, str(small), progress=False), "oracle")


def test_scatter_and_box_plots_of_every_factor(joined: pd.DataFrame, tmp_path: Path) -> None:
    few = joined[(joined["strategy"] == "S1") | (joined["variant"] != "")]
    paths = draw(few, tmp_path / "figures")
    assert {path.stem for path in paths} == NAMES | {f"{name}_instances" for name in NAMES}
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("L"))
        assert min(pixels.shape) > 300
        assert pixels.std() > 5


def test_a_single_mask_can_be_drawn_and_twice_the_same(joined: pd.DataFrame, tmp_path: Path) -> None:
    first = {path.stem: path.read_bytes() for path in draw(joined[:1], tmp_path)}
    assert set(first) == NAMES
    assert {path.stem: path.read_bytes() for path in draw(joined[:1], tmp_path)} == first
