"""Parts and the file they are merged into."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from trees import temporaries

from cosmos_datasets.encoding import decode_mask
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.kept_masks import MaskKeeper
from cosmos_datasets.evaluation.parts import PartWriter, Wanted, missing, stored_chunks
from cosmos_datasets.evaluation.results import SCHEMA, merge
from cosmos_datasets.evaluation.scoring import Predicted
from cosmos_datasets.evaluation.selection import Chunk

Row = dict[str, Any]
STRATEGIES = ("S1", "S5")
IMAGES = 4


def chunk(n: int) -> Chunk:
    ids = tuple(f"image{n}.{row}" for row in range(IMAGES))
    return Chunk("data/shard.parquet", n, tuple(range(IMAGES)), ((0, 1),) * IMAGES, ids, digest=f"digest{n}")


CHUNKS = [chunk(n) for n in range(6)]
GALLERY = frozenset({"image0.1", "image3.2"})


def rows_of(one: Chunk, strategies: tuple[str, ...], always: frozenset[str]) -> list[Row]:
    """What the engine makes of a chunk: seeded by the row's key alone, with ties."""
    keeper = MaskKeeper(always)
    rows = []
    for image_id in one.image_ids:
        for strategy in strategies:
            for label in ("liver", "spleen"):
                rng = random.Random(f"{image_id} {strategy} {label}")
                mask = np.ones((3, rng.randint(2, 9)), np.bool_)
                predicted = Predicted(mask, (5, 6, 4 + mask.shape[1], 8), 3, mask.size, 1, 0.5)
                row = {
                    **dict.fromkeys(SCHEMA.names),
                    **{"image_id": image_id, "object": label, "label": label, "modality": "CT", "instance": 0},
                    **{"strategy": strategy, "dice_oracle": round(rng.random(), 1)},
                    **{"mask_oracle": predicted, "mask_predicted": None if strategy == "S1" else predicted},
                }
                keeper.take(row)
                rows.append(row)
    keeper.finish()
    return rows


def write(
    run: Path,
    order: list[int],
    *,
    rank: int = 0,
    strategies: tuple[str, ...] = STRATEGIES,
    always: frozenset[str] = GALLERY,
    flush_every: int = 2,
    key: str = "key",
) -> None:
    writer = PartWriter(run / "parts", rank, key, SCHEMA)
    for n, place in enumerate(order, start=1):
        writer.add(CHUNKS[place], strategies, always, rows_of(CHUNKS[place], strategies, always))
        if n % flush_every == 0:
            writer.flush()
    writer.flush()


WANTED = Wanted(CHUNKS, STRATEGIES, GALLERY)


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """The merged file of one process that was never interrupted."""
    write(tmp_path / "whole", [0, 1, 2, 3, 4, 5], flush_every=99)
    return merge(tmp_path / "whole", "key", WANTED).read_bytes()


def test_merged_bytes_do_not_depend_on_ranks_order_or_repeats(tmp_path: Path, whole: bytes) -> None:
    write(tmp_path / "run", [4, 0, 2], rank=1)
    write(tmp_path / "run", [1, 3], rank=0, flush_every=1)
    write(tmp_path / "run", [3, 5], rank=0)
    assert merge(tmp_path / "run", "key", WANTED).read_bytes() == whole
    assert not temporaries(tmp_path)


def test_merged_bytes_do_not_depend_on_when_a_strategy_was_added(tmp_path: Path, whole: bytes) -> None:
    write(tmp_path / "run", [0, 1, 2, 3, 4, 5], strategies=("S5",))
    stored = stored_chunks(tmp_path / "run" / "parts", "key")
    assert [strategies for _, strategies in missing(stored, WANTED)] == [("S1",)] * 6
    write(tmp_path / "run", [5, 4, 3, 2, 1, 0], strategies=("S1",))
    assert merge(tmp_path / "run", "key", WANTED).read_bytes() == whole


def test_rows_come_image_by_image_and_strategy_by_strategy(tmp_path: Path, whole: bytes) -> None:
    rows = pq.read_table(tmp_path / "whole" / "results.parquet").to_pylist()
    expected = [(i, s, o) for one in CHUNKS for i in one.image_ids for s in STRATEGIES for o in ("liver", "spleen")]
    assert [(row["image_id"], row["strategy"], row["object"]) for row in rows] == expected


def test_only_masks_of_the_gallery_and_of_the_best_and_worst_of_the_run_are_kept(tmp_path: Path, whole: bytes) -> None:
    merged = pq.read_table(tmp_path / "whole" / "results.parquet").to_pylist()
    ends = set()
    for strategy in STRATEGIES:
        for label in ("liver", "spleen"):
            places = [n for n, row in enumerate(merged) if (row["strategy"], row["object"]) == (strategy, label)]
            ends |= {max(places, key=lambda n: (merged[n]["dice_oracle"], -n))}
            ends |= {min(places, key=lambda n: (merged[n]["dice_oracle"], n))}
    for n, row in enumerate(merged):
        kept = n in ends or row["image_id"] in GALLERY
        assert (row["mask_oracle"] is not None) == kept
        assert (row["mask_predicted"] is not None) == (kept and row["strategy"] != "S1")
    stored = merged[min(ends)]["mask_oracle"]
    x0, y0, x1, y1 = stored["bbox"]
    assert decode_mask(stored["png"]).shape == (y1 - y0 + 1, x1 - x0 + 1)
    in_parts = [row for path in (tmp_path / "whole" / "parts").glob("*") for row in pq.read_table(path).to_pylist()]
    assert sum(row["mask_oracle"] is not None for row in in_parts) > sum(bool(row["mask_oracle"]) for row in merged)


def test_a_larger_selection_reuses_whole_chunks_and_gives_the_same_file(tmp_path: Path, whole: bytes) -> None:
    # A smaller selection has a larger gallery.
    write(tmp_path / "run", [0, 1], always=GALLERY | {"image0.0"})
    stored = stored_chunks(tmp_path / "run" / "parts", "key")
    assert [one.row_group for one, _ in missing(stored, WANTED)] == [2, 3, 4, 5]
    write(tmp_path / "run", [2, 3, 4, 5])
    assert merge(tmp_path / "run", "key", WANTED).read_bytes() == whole


def test_chunks_without_the_masks_that_are_wanted_are_made_again(tmp_path: Path, whole: bytes) -> None:
    every = frozenset(image_id for one in CHUNKS for image_id in one.image_ids)
    stored = stored_chunks(tmp_path / "whole" / "parts", "key")
    all_masks = Wanted(CHUNKS, STRATEGIES, every)
    assert len(missing(stored, all_masks)) == 6
    write(tmp_path / "whole", [0, 1, 2, 3, 4, 5], always=every)
    rows = pq.read_table(merge(tmp_path / "whole", "key", all_masks)).to_pylist()
    assert all(row["mask_oracle"] for row in rows)


def test_other_masks_of_the_same_rows_are_another_question(tmp_path: Path) -> None:
    write(tmp_path, [0])
    other = Chunk("data/shard.parquet", 0, (0,), ((1,),), ("image0.0",), digest="other")
    assert missing(stored_chunks(tmp_path / "parts", "key"), Wanted([other], ("S5",), frozenset()))


def test_merging_too_early(tmp_path: Path) -> None:
    write(tmp_path, [0, 1, 2])
    with pytest.raises(CosmosError, match="3 of 6 chunks have no result yet"):
        merge(tmp_path, "key", WANTED)
    assert not (tmp_path / "results.parquet").exists()


def test_parts_of_another_run_and_damaged_ones(tmp_path: Path) -> None:
    write(tmp_path, [0])
    with pytest.raises(CosmosError, match="another model, data set or setting"):
        stored_chunks(tmp_path / "parts", "other key")
    part = next((tmp_path / "parts").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(CosmosError, match="is damaged; delete it"):
        stored_chunks(tmp_path / "parts", "key")


def test_two_writers_of_one_rank_never_overwrite_each_other(tmp_path: Path) -> None:
    write(tmp_path, [0, 1], flush_every=1)
    write(tmp_path, [0, 1], flush_every=1)
    assert len(list((tmp_path / "parts").glob("rank00000-*.parquet"))) == 4
