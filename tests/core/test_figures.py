"""The pictures of ``stats --figures``."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from PIL import Image
from trees import files

from cosmos_datasets.cli import main

_NAMES = ("sources", "modalities", "objects", "targets", "image_sizes", "mask_areas")


def test_figures_are_drawn_and_show_something(built: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["stats", str(built), "--by", "split", "--figures", str(tmp_path / "figures")])
    assert done.exit_code == 0, done.output
    assert "target" not in done.stdout.split("split", 1)[0]
    paths = sorted((tmp_path / "figures").iterdir())
    assert {path.stem for path in paths} == set(_NAMES)
    for path in paths:
        assert f"drawn: {path}" in done.stderr
        with Image.open(path) as picture:
            grey = np.asarray(picture.convert("L"))
        assert min(grey.shape) > 150
        assert 0.005 < np.mean(grey < 128) < 0.6


def test_the_same_data_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        CliRunner().invoke(main, ["stats", str(built), "--figures", str(tmp_path / name)])
    assert files(tmp_path / "first") == files(tmp_path / "second")
