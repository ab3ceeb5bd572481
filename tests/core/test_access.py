from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from raw_trees.phantom import Truth

from cosmos_datasets import find, full_mask, open_dataset
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.load.access import CosmosDataset


@pytest.fixture
def data(built: Path) -> CosmosDataset:
    return open_dataset(built)


def test_find_counts_what_was_drawn(data: CosmosDataset, truths: tuple[Path, dict[str, Truth]]) -> None:
    masks = [(image, key) for truth in truths[1].values() for image, kept in truth.masks.items() for key in kept]
    unions = Counter(image for image, key in masks if key[1] == 0)
    assert Counter(data.find()["image_id"]) == unions
    assert len(data.find(instances=True)) == len(masks)
    liver = {image for image, key in masks if key[0] == "liver"}
    assert set(data.find(object="liver")["image_id"]) == set(data.find(label="liver")["image_id"]) == liver


def test_words_can_be_synonyms_and_slugs(data: CosmosDataset) -> None:
    assert len(data.find(object="oedema", modality="t2w-mri")) == 10
    assert data.find(object="oedema", modality="T2W MRI").equals(
        data.find(object="brain_tumor_edema", modality="t2w-mri")
    )
    assert set(data.find(source="drive", split="test")["case_id"]) == {"01_test", "02_test"}
    assert data.find(source="drive", modality="CT").empty


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"object": "livre"}, r"no object is called 'livre'\. Did you mean liver"),
        ({"modality": "PET"}, r"has no configuration 'PET' with images; it has all, [^i]"),
        ({"source": "acdc"}, r"has no configuration 'acdc'"),
        ({"source": "msd", "split": "test"}, r"msd has no split 'test'; it has train"),
    ],
)
def test_an_unknown_word_is_a_clear_error(data: CosmosDataset, query: dict[str, str], message: str) -> None:
    with pytest.raises(CosmosError, match=message):
        data.find(**query)  # type: ignore[arg-type]


def test_rows_opens_just_the_images_found(data: CosmosDataset, truths: tuple[Path, dict[str, Truth]]) -> None:
    found = data.find(object="liver_tumor")
    rows = list(data.rows(found))
    assert [row["image_id"] for row in rows] == list(dict.fromkeys(found["image_id"]))
    for row in rows:
        drawn = truths[1]["msd"].masks[row["image_id"]]
        assert len(row["objects"]) == len(drawn)
        for k, one in enumerate(row["objects"]):
            assert np.array_equal(full_mask(row, k), drawn[one["label"], one["instance"], one["rater"]])
    (narrow,) = data.rows(found[:1], columns=["image_id"])
    assert narrow == {"image_id": rows[0]["image_id"]}


def test_one_line_for_scripts(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSMOS1050K", str(built))
    assert find(object="spleen").equals(find(built, object="spleen"))
    assert open_dataset().configs == open_dataset(str(built)).configs


def test_any_fsspec_address(built: Path) -> None:
    remote = open_dataset(f"file://{built}")
    assert remote.find(object="spleen").equals(open_dataset(built).find(object="spleen"))


def test_raw_and_absent_folders_say_what_to_do(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(CosmosError, match=r"is not a built data set(?s:.*)cosmos-datasets build"):
        open_dataset(raw)
    with pytest.raises(CosmosError, match="not a folder"):
        open_dataset(tmp_path / "absent")
    with pytest.raises(CosmosError, match=r"org/absent is no folder here and cannot be reached on the Hub"):
        open_dataset("org/absent")
    with pytest.raises(CosmosError, match=r"neither a folder here nor a data set with a manifest\.json"):
        open_dataset(f"file://{tmp_path}")


@pytest.mark.parametrize("damage", ["missing", "truncated", "page", "index"])
def test_a_damaged_file_is_a_clear_error(own: Path, damage: str) -> None:
    name = "msd/ct/train-00000-of-00001.parquet"
    path = own / ("index" if damage == "index" else "data") / name
    content = path.read_bytes()
    data = open_dataset(own)
    if damage == "missing":
        path.unlink()
    elif damage == "page":
        path.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])
    else:
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CosmosError, match=rf"{name} (is missing in|in .* cannot be read).*run cosmos-datasets verify"):
        list(data.rows(data.find(object="spleen")))
