import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from PIL import Image
from raw_trees.phantom import Truth

from cosmos_datasets import collate_fn, full_mask
from cosmos_datasets.load.rows import as_array


def test_full_mask_is_what_was_drawn_however_the_row_came(built: Path, truths: tuple[Path, dict[str, Truth]]) -> None:
    for name, truth in truths[1].items():
        (path, *_) = sorted((built / "data" / name).rglob("*.parquet"))
        stored = pq.read_table(path).to_pylist()[0]
        loaded = next(
            row
            for rows in load_dataset("cosmos1050k", name, data_dir=str(built)).values()
            for row in rows
            if row["image_id"] == stored["image_id"]
        )
        for row in (stored, loaded):
            drawn = truth.masks[row["image_id"]]
            for k, one in enumerate(row["objects"]):
                assert np.array_equal(full_mask(row, k), drawn[one["label"], one["instance"], one["rater"]])


def test_as_array_takes_structs_and_pictures() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for image in (Image.fromarray(pixels), Image.fromarray(pixels > 5)):
        stream = io.BytesIO()
        image.save(stream, "PNG")
        expected = np.asarray(image)
        for media in (image, {"bytes": stream.getvalue(), "path": None}):
            assert np.array_equal(as_array(media), expected)
            assert as_array(media).dtype == expected.dtype


def test_collate_keeps_every_size_and_number(built: Path) -> None:
    train = load_dataset("cosmos1050k", "all", split="train", data_dir=str(built))
    rows = [train[at] for at in (0, 20, 60)]
    batch = collate_fn(rows)
    assert [image.shape[:2] for image in batch["images"]] == [(row["height"], row["width"]) for row in rows]
    for row, masks, boxes, labels in zip(rows, batch["masks"], batch["boxes"], batch["labels"], strict=True):
        assert len(masks) == len(boxes) == len(labels) == len(row["objects"])
        for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
            assert mask.dtype == np.bool_
            assert mask.shape == (y1 - y0 + 1, x1 - x0 + 1)
    assert batch["image_id"] == [row["image_id"] for row in rows]
    assert "image" not in batch


def test_a_torch_loader_takes_it(built: Path) -> None:
    data = pytest.importorskip("torch.utils.data")
    train = load_dataset("cosmos1050k", "drive", split="train", data_dir=str(built))
    sizes = [len(batch["images"]) for batch in data.DataLoader(train, batch_size=3, collate_fn=collate_fn)]
    assert sizes == [3, 1]
