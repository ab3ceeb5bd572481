"""The worked example of a plug-in, and the demo that goes the whole way with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import nibabel
import numpy as np
import pytest

from cosmos_datasets.build.run import build
from cosmos_datasets.errors import CosmosError, LayoutError
from cosmos_datasets.load.access import open_dataset
from cosmos_datasets.load.rows import as_array, full_mask
from cosmos_datasets.registry import get_source, source_ids
from cosmos_datasets.source import Source
from cosmos_datasets.vocabulary import MODALITIES, OBJECTS

EXAMPLE = Path(__file__).parents[2] / "examples" / "mni152"
SLICES = 3

needs_nilearn = pytest.mark.skipif(
    find_spec("nilearn") is None,
    reason="nilearn, which brings the volumes, is not installed: pip install -e '.[demo]'",
)
needs_plugin = pytest.mark.skipif(
    "mni152" not in source_ids(), reason="the plug-in is not installed: pip install -e examples/mni152"
)


@pytest.fixture(scope="module")
def example() -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of the example as a script beside it does."""
    sys.path.insert(0, str(EXAMPLE))
    yield import_module
    sys.path.remove(str(EXAMPLE))


@pytest.fixture(scope="module")
def raw(example: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = example("write_raw").write_raw(tmp_path_factory.mktemp("mni152") / "raw", SLICES)
    return folder


@pytest.fixture(scope="module")
def source(example: Callable[[str], ModuleType]) -> Source:
    found: Source = example("mni152_source").SOURCE
    return found


@needs_plugin
def test_the_plugin_is_found_by_its_id(source: Source) -> None:
    assert get_source("mni152") == source


def test_the_plugin_speaks_the_vocabulary(source: Source) -> None:
    assert set(source.modalities) <= set(MODALITIES)
    assert source.objects == ("brain", "gray_matter", "white_matter")
    assert set(source.objects) <= set(OBJECTS)


@needs_nilearn
def test_the_raw_tree_is_real_and_thin(raw: Path, source: Source) -> None:
    (case,) = source.cases(raw)
    assert source.cases(raw.parent) == [case]
    image = nibabel.load(case.image.files[0])
    assert image.shape == (197, 233, SLICES)
    assert nibabel.aff2axcodes(image.affine) == ("R", "A", "S")
    for path in case.files:
        assert np.array_equal(nibabel.load(path).affine, image.affine)
    assert image.header.get_zooms()[:2] == (1, 1)


@needs_nilearn
def test_built_masks_lie_where_tissue_is(raw: Path, source: Source, tmp_path: Path) -> None:
    report = build(source, raw, tmp_path)
    assert (report.images, report.masks) == (SLICES, 3 * SLICES)
    data = open_dataset(tmp_path)
    rows = list(data.rows(data.find(source="mni152")))
    assert [row["image_id"] for row in rows] == [f"mni152/sub-mni152/a{k:03d}" for k in range(SLICES)]
    for row in rows:
        image = as_array(row["image"]).astype(float)
        masks = {one["object"]: full_mask(row, k) for k, one in enumerate(row["objects"])}
        for tissue in ("gray_matter", "white_matter"):
            assert (masks[tissue] & ~masks["brain"]).sum() < 0.02 * masks[tissue].sum()
        assert not (masks["gray_matter"] & masks["white_matter"]).any()
        # T1-weighted: white matter is brighter than grey, and grey brighter than what surrounds the brain.
        bright, middle = image[masks["white_matter"]].mean(), image[masks["gray_matter"]].mean()
        assert bright > middle > image[~masks["brain"]].mean()


@needs_nilearn
def test_a_missing_map_is_named(raw: Path, source: Source, tmp_path: Path) -> None:
    shutil.copytree(raw, tmp_path / "raw")
    (gone,) = (tmp_path / "raw").rglob("*GM_probseg*")
    gone.unlink()
    with pytest.raises(LayoutError, match=gone.name):
        source.cases(tmp_path / "raw")


def test_without_nilearn_the_remedy_is_named(
    example: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = example("write_raw")
    monkeypatch.setitem(sys.modules, "nilearn", None)
    with pytest.raises(module.NilearnMissingError, match=r"pip install 'cosmos-datasets\[demo\]'"):
        module.write_raw(tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_without_the_plugin_the_remedy_is_named(
    example: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = example("demo")
    monkeypatch.setattr(module, "source_ids", lambda: ("acdc",))
    with pytest.raises(CosmosError, match=r"pip install .*mni152"):
        module.demo(tmp_path)


@pytest.mark.slow
@needs_nilearn
@needs_plugin
def test_the_demo_goes_the_whole_way_and_resumes(
    example: Callable[[str], ModuleType], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    demo: Any = example("demo")
    page = demo.demo(tmp_path / "out", slices=2)
    said = capfd.readouterr().out
    for command in ("cosmos-datasets build mni152", 'load_dataset("cosmos1050k", "mni152"', "cosmos-eval run"):
        assert command in said
    assert "trained on slices of this very template" in " ".join(said.split())
    assert "white_matter, T1W MRI" in said
    assert page == tmp_path / "out" / "index.html"
    html = page.read_text(encoding="utf-8")
    assert "trained on slices of this very template" in html
    assert html.count('class="picture"') >= 3 * 7

    results = tmp_path / "out" / "runs" / "tiny" / "results.parquet"
    parts = sorted(results.parent.glob("parts/*"))
    before = results.read_bytes()
    demo.demo(tmp_path / "out", slices=2)
    assert results.read_bytes() == before
    assert sorted(results.parent.glob("parts/*")) == parts


@needs_nilearn
@needs_plugin
def test_a_failing_command_ends_the_demo(
    example: Callable[[str], ModuleType], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        example("demo").demo(tmp_path, str(tmp_path / "no-such-model"), 2)
    assert "error: " in capfd.readouterr().err
    assert not (tmp_path / "index.html").exists()
