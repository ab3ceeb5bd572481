"""The procedural pictures: the same for a seed, with masks that are exactly the painted pixels."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from cosmos_sam_tiny.canvas import Canvas, blob
from cosmos_sam_tiny.micrographs import LOOKS, make_micrograph
from cosmos_sam_tiny.prompting import STRATEGIES, target_of, training_prompt
from cosmos_sam_tiny.shapes import KINDS, LEAST_PIXELS, make_picture

from cosmos_datasets.evaluation.prompts import make_prompt


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_seed_always_gives_the_same_picture(kind):
    first, again, other = make_picture(5, kind), make_picture(5, kind), make_picture(6, kind)
    assert np.array_equal(first.image, again.image)
    assert len(first.masks) == len(again.masks)
    assert all(np.array_equal(a, b) for a, b in zip(first.masks, again.masks, strict=True))
    assert first.image.shape != other.image.shape or not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_images_show_something_and_masks_are_objects_on_their_canvas(kind, seed):
    picture = make_picture(seed, kind)
    assert picture.image.dtype == np.uint8
    assert picture.image.ndim == 2 or picture.image.shape[2] == 3
    assert len(np.unique(picture.image)) > 8
    assert picture.masks
    for mask in picture.masks:
        assert mask.dtype == np.bool_
        assert mask.shape == picture.image.shape[:2]
        assert LEAST_PIXELS < mask.sum() < mask.size


def test_micrographs_are_the_same_for_a_seed_and_have_every_look():
    pictures = [make_micrograph(seed) for seed in range(12)]
    assert {picture.kind for picture in pictures} == set(LOOKS)
    for seed, picture in enumerate(pictures[:4]):
        again = make_micrograph(seed)
        assert np.array_equal(picture.image, again.image)
        assert all(np.array_equal(a, b) for a, b in zip(picture.masks, again.masks, strict=True))
    for picture in pictures:
        assert picture.image.dtype == np.uint8
        assert len(np.unique(picture.image)) > 8
        assert all(mask.shape == picture.image.shape[:2] and mask.sum() > LEAST_PIXELS for mask in picture.masks)


def test_cells_lie_side_by_side_and_nuclei_in_them():
    for seed in range(12):
        masks = make_micrograph(seed).masks
        for k, mask in enumerate(masks):
            shared = [int((mask & other).sum()) for other in masks[:k]]
            assert all(count in (0, mask.sum()) for count in shared)


def test_masks_are_the_pixels_that_were_painted():
    canvas = Canvas(np.zeros((40, 40), dtype=np.float32))
    first, second, part = (np.zeros((40, 40), dtype=np.bool_) for _ in range(3))
    first[5:20, 5:20], second[15:30, 15:30], part[6:9, 6:9] = True, True, True
    canvas.paint(first, 1.0)
    canvas.paint(second, 2.0)
    canvas.paint(part, 3.0, over=False)
    assert np.array_equal(canvas.masks[0], first & ~second)
    assert np.array_equal(canvas.masks[1], canvas.grey == 2.0)
    assert np.array_equal(canvas.masks[0], np.isin(canvas.grey, (1.0, 3.0)))
    assert np.array_equal(canvas.masks[2], canvas.grey == 3.0)


def test_a_smooth_blob_without_stretch_is_a_disc():
    depth = blob(np.random.default_rng(0), (101, 101), (50, 50), 30.0, rough=0, stretch=1.0)
    y, x = np.ogrid[:101, :101]
    assert np.array_equal(depth > 0, np.hypot(x - 50, y - 50) < 30)


@pytest.mark.parametrize("own", [0.0, 0.5])
@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_training_prompts_lie_where_their_labels_say(strategy, own):
    picture = make_picture(11, "organs")
    mask = picture.masks[0]
    rng = np.random.default_rng(0)
    for _ in range(20):
        prompt = training_prompt(rng, strategy, mask, own)
        for (x, y), label in zip(prompt.points.astype(int), prompt.labels, strict=True):
            assert label == -10 or mask[y, x] == bool(label)
        assert (prompt.box is not None) == (strategy in ("S5", "S6"))


def test_a_prompt_may_always_be_the_experiments_own():
    mask = make_picture(11, "organs").masks[0]
    target = target_of(mask)
    for strategy in STRATEGIES:
        expected = make_prompt(strategy, target, *mask.shape)
        prompt = training_prompt(np.random.default_rng(0), strategy, mask, 1.0)
        assert np.array_equal(prompt.points, expected.points)
        assert np.array_equal(prompt.box, expected.box) if prompt.box is not None else expected.box is None
