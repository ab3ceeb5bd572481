"""The packaged model: a plain transformers checkpoint that has learnt to find outlines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import transformers
from PIL import Image
from runs import COMMON

from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.models.checkpoint import find_checkpoint
from cosmos_datasets.evaluation.sample import Sample
from cosmos_datasets.evaluation.scoring import Settings, score_sample

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from cosmos_sam_tiny.prompting import target_of
from cosmos_sam_tiny.shapes import make_picture

#: Seeds that training never reaches.
HELD_OUT = range(20_000_000, 20_000_006)
#: DICE that a disc of 1,500 pixels must reach.
SLACK = 0.93


@pytest.fixture(scope="module")
def tiny() -> Adapter:
    return load_model("tiny", device="cpu")


@pytest.fixture(scope="module")
def rows(tiny: Adapter) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for seed in HELD_OUT:
        picture = make_picture(seed)
        targets = tuple(target_of(mask) for mask in picture.masks[:2])
        names = ("source", "modality", "case_id", "group_id", "split")
        sample = Sample(picture.image, targets, {"image_id": str(seed), "fold": 0, **dict.fromkeys(names, "drawn")})
        (embedding,) = tiny.encode([picture.image])
        settings = Settings(("S2", "S5"), distances=False)
        found += score_sample(tiny, embedding, sample, settings, [target.area for target in targets])
    return found


def mean(rows: list[dict[str, Any]], strategy: str, column: str) -> float:
    return float(np.mean([row[column] for row in rows if row["strategy"] == strategy]))


def test_it_is_small_and_in_half_precision() -> None:
    checkpoint = find_checkpoint("tiny")
    assert sum(path.stat().st_size for path in checkpoint.folder.iterdir()) <= 18_000_000
    assert checkpoint.config["model_type"] == "sam"
    assert (checkpoint.folder / "README.md").is_file()


def test_transformers_loads_it_whole_with_nothing_of_ours() -> None:
    folder = find_checkpoint("tiny").folder
    model, report = transformers.SamModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())


def test_the_processor_of_transformers_sees_the_same_pixels(tiny: Adapter) -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    processor = transformers.SamProcessor.from_pretrained(find_checkpoint("tiny").folder)
    theirs = processor(
        Image.fromarray(image), input_boxes=[[[9.0, 6.0, 45.0, 30.0]]], return_tensors="pt"
    )  # one image, one box
    assert theirs["pixel_values"].shape == (1, 3, 512, 512)
    ours = tiny._pixels(image)
    assert float((theirs["pixel_values"][0] - ours).abs().max()) < 1e-4
    scale = torch.tensor(tiny._scale(60, 90)).repeat(2)
    assert torch.allclose(theirs["input_boxes"][0, 0].float(), torch.tensor([9.0, 6.0, 45.0, 30.0]) * scale)


def test_a_box_beats_the_ellipse_by_far_on_pictures_it_never_saw(rows: list[dict[str, Any]]) -> None:
    assert mean(rows, "S5", "dice_oracle") > mean(rows, "S5", "dice_blind") + 0.03


def test_a_run_from_files_to_scores_means_something(small: Path, tmp_path: Path, cli: Any) -> None:
    """Images that no recipe of the training drew, through all of the engine."""
    options = ["--config", "acdc", "--limit", 6, "--strategies", "S2,S3,S5", "--no-hd", *COMMON]
    cli("run", small, "--model", "tiny", *options, "--out", tmp_path / "run")
    results = pq.read_table(tmp_path / "run" / "results.parquet").to_pandas()
    mean = results.groupby("strategy")[["dice_oracle", "dice_predicted", "dice_blind"]].mean()
    assert (mean["dice_oracle"] > mean["dice_blind"] + 0.1).all()
    assert (mean["dice_predicted"] > mean["dice_blind"] + 0.05).all()
    assert mean.loc["S5", "dice_oracle"] > 0.95
    assert mean.loc["S5", "dice_oracle"] >= mean.loc["S2", "dice_oracle"]


def test_a_box_tells_more_than_a_point(rows: list[dict[str, Any]]) -> None:
    assert mean(rows, "S5", "dice_oracle") > mean(rows, "S2", "dice_oracle")


def test_it_knows_its_good_masks(rows: list[dict[str, Any]]) -> None:
    estimated = np.array([row["predicted_iou"] for row in rows])
    true = np.array([row["jac_predicted"] for row in rows])
    ranks = [values.argsort().argsort() for values in (estimated, true)]
    assert np.corrcoef(ranks[0], ranks[1])[0, 1] > 0.4


@pytest.mark.parametrize("inverted", [False, True])
def test_a_plain_disc_is_found_from_its_box(tiny: Adapter, inverted: bool) -> None:
    y, x = np.ogrid[:100, :120]
    disc = (x - 55) ** 2 + (y - 48) ** 2 <= 22**2
    image = np.where(disc != inverted, 200, 60).astype(np.uint8)
    (embedding,) = tiny.encode([image])
    logits, _ = tiny.decode(embedding, boxes=torch.tensor([[33.0, 26.0, 77.0, 70.0]]))
    masks = (tiny.upsample(logits[0], embedding) > tiny.mask_threshold).numpy()
    assert max(2 * (mask & disc).sum() / (mask.sum() + disc.sum()) for mask in masks) > SLACK
