from collections import Counter
from pathlib import Path

import pytest
from raw_trees.phantom import Truth

from cosmos_datasets.build.manifest import Manifest
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.load.access import CosmosDataset, open_dataset
from cosmos_datasets.registry import get_source
from cosmos_datasets.statistics import GROUPINGS, Statistics, count


@pytest.fixture(scope="module")
def found(built: Path) -> Statistics:
    return count(open_dataset(built))


def test_totals_are_what_was_drawn(found: Statistics, truths: tuple[Path, dict[str, Truth]]) -> None:
    images = [masks for truth in truths[1].values() for masks in truth.masks.values()]
    assert found.total.images == len(images)
    assert found.total.masks == sum(instance == 0 for masks in images for _, instance, _ in masks)
    assert found.total.instances == sum(instance > 0 for masks in images for _, instance, _ in masks) > 0


def test_by_source_modality_and_split(found: Statistics, truths: tuple[Path, dict[str, Truth]]) -> None:
    by_source = {values[0]: one.images for values, one in found.by["source"].items()}
    assert by_source == {name: len(truth.masks) for name, truth in truths[1].items()}
    for grouping, field in (("modality", "modality"), ("split", "split")):
        drawn = Counter(word for truth in truths[1].values() for word in getattr(truth, field).values())
        assert {values[0]: one.images for values, one in found.by[grouping].items()} == drawn


def test_by_object_and_target(found: Statistics, truths: tuple[Path, dict[str, Truth]]) -> None:
    masks: Counter[tuple[str, ...]] = Counter()
    images: dict[tuple[str, ...], set[str]] = {}
    for name, truth in truths[1].items():
        for image, kept in truth.masks.items():
            for label, instance, _ in kept:
                target = (str(get_source(name).label(label).object), truth.modality[image])
                masks[target] += instance == 0
                images.setdefault(target, set()).add(image)
    assert {target: one.masks for target, one in found.by["target"].items()} == masks
    assert {target: one.images for target, one in found.by["target"].items()} == {
        target: len(members) for target, members in images.items()
    }
    assert found.by["object"]["prostate",].masks == sum(n for (name, _), n in masks.items() if name == "prostate")


def test_instances_stand_beside_their_unions(found: Statistics) -> None:
    (cells,) = (one for values, one in found.by["source"].items() if values == ("cellseg_neurips22",))
    assert cells.masks == cells.images
    assert cells.instances > cells.images


def test_tables_name_their_columns(found: Statistics) -> None:
    assert found.table("target")[0].keys() == {"object", "modality", "cases", "images", "masks", "instances"}
    assert list(found.by) == list(GROUPINGS)
    assert list(found.by["source"]) == sorted(found.by["source"])


def test_one_grouping_and_nothing(built: Path) -> None:
    assert list(count(open_dataset(built), ["split"]).by) == ["split"]
    empty = CosmosDataset("x", "x", None, Manifest())
    assert count(empty).total.images == 0


def test_only_the_index_is_read(own: Path, found: Statistics) -> None:
    for path in (own / "data").rglob("*.parquet"):
        path.unlink()
    assert count(open_dataset(own)) == found
    next((own / "index").rglob("*.parquet")).unlink()
    with pytest.raises(CosmosError, match="is missing"):
        count(open_dataset(own))
