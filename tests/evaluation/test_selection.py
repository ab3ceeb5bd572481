"""Which masks a run evaluates, and the chunks they are cut into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.selection import CHUNK_ROWS, Selection, select
from cosmos_datasets.load.access import open_dataset


@pytest.fixture(scope="module")
def index(small: Path) -> Any:
    return open_dataset(small).index().to_pandas()


def chosen(small: Path, **query: Any) -> Selection:
    return select(open_dataset(small), **query)


def test_everything_is_chosen_by_default(small: Path, index: Any) -> None:
    selection = chosen(small)
    assert len(selection.table) == len(index)
    assert selection.images == index["image_id"].nunique()


def test_chunks_hold_every_mask_once_and_never_more_rows_than_stated(small: Path, index: Any) -> None:
    selection = chosen(small)
    found = [
        (chunk.shard, chunk.row_group, row, k)
        for chunk in selection.chunks
        for row, masks in zip(chunk.rows, chunk.masks, strict=True)
        for k in masks
    ]
    assert len(found) == len(set(found)) == len(index)
    assert all(len({row // CHUNK_ROWS for row in chunk.rows}) == 1 for chunk in selection.chunks)
    assert [one for chunk in selection.chunks for one in chunk.image_ids] == list(index["image_id"].unique())
    assert len({chunk.name for chunk in selection.chunks}) == len(selection.chunks)


def test_positions_are_those_of_the_masks_in_their_row(small: Path) -> None:
    data = open_dataset(small)
    selection = chosen(small, config="cellseg_neurips22", masks="instances", limit=2)
    for image_id, masks in selection.table.groupby("image_id"):
        row = next(data.rows(masks))
        assert row["image_id"] == image_id
        for one in masks.itertuples():
            stored = row["objects"][one.k]
            assert (stored["label"], stored["instance"], stored["area"]) == (one.label, one.instance, one.area)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"config": "acdc"}, "source == 'acdc'"),
        ({"config": "histopathology"}, "modality == 'Histopathology'"),
        ({"split": "test"}, "split == 'test'"),
        ({"modality": "cine mri"}, "modality == 'Cine-MRI'"),
        ({"object_": "left ventricle"}, "object == 'left_ventricle'"),
        ({"object_": "LV"}, "object == 'left_ventricle'"),
        ({"object_": "LV, cell"}, "object == 'left_ventricle' or object == 'cell'"),
        ({"fold": 1}, "fold == 1"),
        ({"masks": "union"}, "instance == 0"),
        ({"masks": "instances"}, "instance > 0 or source == 'acdc'"),
        ({"config": "acdc", "split": "train", "object_": "left ventricular myocardium"},
         "source == 'acdc' and split == 'train' and object == 'left_ventricular_myocardium'"),
    ],
)  # fmt: skip
def test_narrowing(small: Path, index: Any, query: dict[str, Any], where: str) -> None:
    expected = index.query(where)
    assert len(expected) > 0
    table = chosen(small, **query).table
    key = ["image_id", "label", "instance", "rater"]
    assert table[key].to_numpy().tolist() == expected[key].to_numpy().tolist()


def test_limit_takes_the_first_images_with_all_their_masks(small: Path) -> None:
    whole, few = chosen(small).table, chosen(small, limit=5).table
    assert few["image_id"].nunique() == 5
    assert few.equals(whole[whole["image_id"].isin(whole["image_id"].unique()[:5])].reset_index(drop=True))


def test_mean_areas_and_revision_do_not_depend_on_what_is_chosen(small: Path, index: Any) -> None:
    whole, few = chosen(small), chosen(small, limit=1, masks="union")
    assert few.mean_areas == whole.mean_areas
    assert few.data_revision == whole.data_revision
    cells = index.query("object == 'cell' and instance > 0")
    assert whole.mean_areas["cell", "Histopathology", True] == pytest.approx(cells["area"].mean())
    assert chosen(small, config="acdc").data_revision != whole.data_revision


def test_whole_chunks_of_a_smaller_selection_are_those_of_the_larger(small: Path) -> None:
    whole, few = chosen(small).chunks, chosen(small, limit=2 * CHUNK_ROWS + 1).chunks
    digests = {chunk.name: chunk.digest for chunk in whole}
    assert all(chunk.name in digests for chunk in few)
    assert sum(chunk.digest == digests[chunk.name] for chunk in few) >= len(few) - 1


def test_the_gallery_of_a_selection_holds_that_of_a_larger_one(small: Path) -> None:
    whole, few = chosen(small), chosen(small, limit=20)
    assert whole.gallery
    assert whole.gallery & set(few.table["image_id"]) <= few.gallery


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"config": "acdcc"}, "no configuration 'acdcc'"),
        ({"split": "validation", "config": "acdc"}, "no split"),
        ({"modality": "PET"}, "no modality 'PET' here; it has Cine-MRI, Histopathology"),
        ({"object_": "lver"}, "Did you mean liver?"),
        ({"object_": "liver"}, "no mask in .* answers .*object=liver"),
        ({"config": "acdc", "modality": "histopathology"}, "no modality 'histopathology' here; it has Cine-MRI"),
    ],
)
def test_words_that_nothing_answers(small: Path, query: dict[str, Any], says: str) -> None:
    with pytest.raises(CosmosError, match=says):
        chosen(small, **query)
