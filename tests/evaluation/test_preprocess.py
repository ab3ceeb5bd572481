"""Preprocessing against Pillow and against the formulas of the papers' code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direct_families import three_channels, triangles
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from cosmos_datasets.evaluation.models.preprocess import (
    Normalisation,
    clip_percentiles,
    longest_side,
    pad_to_square,
    resize,
    resize_unrounded,
    scale_to_unit,
)

IMAGES = st.one_of(
    arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20))),
    arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3))),
)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(512, 512, (1024, 1024)), (512, 440, (1024, 880)), (181, 217, (854, 1024)), (3000, 1, (1024, 1))],
)
def test_longest_side(height: int, width: int, expected: tuple[int, int]) -> None:
    assert longest_side(height, width, 1024) == expected


@given(IMAGES, st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=50)
def test_resize_is_pillows(image: np.ndarray, height: int, width: int) -> None:
    colour = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    expected = np.array(Image.fromarray(colour).resize((width, height), Image.Resampling.BILINEAR))
    assert np.array_equal(resize(image, height, width).permute(1, 2, 0).numpy(), expected)


# PyTorch 2.13 repeats the first row of a picture of one column, which no picture for a model is.
@given(IMAGES.filter(lambda image: min(image.shape[:2]) > 1), st.integers(2, 30), st.integers(2, 30))
@settings(max_examples=50)
def test_unrounded_is_the_sum_of_weighted_pixels(image: np.ndarray, height: int, width: int) -> None:
    rows, columns = triangles(image.shape[0], height), triangles(image.shape[1], width)
    expected = np.einsum("ih,hwc,jw->cij", rows, three_channels(image), columns)
    found = resize_unrounded(image, height, width)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-3)
    # Pillow rounds after each of the two directions.
    np.testing.assert_allclose(found.numpy(), resize(image, height, width).numpy(), atol=1.01)


def test_a_small_image_enlarged_is_told_apart_from_its_rounded_copy() -> None:
    """35 to 122 pixels become 1024: between two grey levels lie ten and more pixels."""
    image = np.arange(35, dtype=np.uint8)[None].repeat(35, axis=0)
    found = resize_unrounded(image, 1024, 1024)
    assert len(found.unique()) > 20 * len(resize(image, 1024, 1024).unique())


def test_resize_accepts_views() -> None:
    image = np.arange(60, dtype=np.uint8).reshape(6, 10)
    flipped = resize_unrounded(image[:, ::-1], 6, 10)
    assert torch.equal(flipped, resize(image[:, ::-1], 6, 10).float())
    assert torch.equal(resize(image[:, ::-1], 6, 10)[0], torch.arange(60).reshape(6, 10).flip(1).to(torch.uint8))
    image.flags.writeable = False
    assert resize(image, 6, 10).shape == (3, 6, 10)


def test_padding_is_right_and_below() -> None:
    padded = pad_to_square(torch.ones(3, 2, 4), 4)
    assert padded.shape == (3, 4, 4)
    assert padded[:, :2].all()
    assert not padded[:, 2:].any()


def test_normalisation() -> None:
    pixels = torch.tensor([0, 128, 255], dtype=torch.uint8).view(1, 1, 3).expand(3, 1, 3)
    expected = (pixels.double() / 255 - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor(
        [0.229, 0.224, 0.225]
    )[:, None, None]
    torch.testing.assert_close(Normalisation()(pixels), expected.float(), rtol=1e-5, atol=1e-6)


def test_normalisation_follows_the_processor() -> None:
    assert Normalisation.from_processor({}) == Normalisation()
    assert Normalisation.from_processor({"image_mean": [0, 0, 0], "image_std": [1, 1, 2]}) == Normalisation(
        (0.0, 0.0, 0.0), (1.0, 1.0, 2.0)
    )
    only_rescaled = Normalisation.from_processor({"do_normalize": False, "image_mean": [9, 9, 9]})
    torch.testing.assert_close(only_rescaled(torch.full((3, 1, 1), 255)), torch.ones(3, 1, 1))
    as_is = Normalisation.from_processor({"do_normalize": False, "do_rescale": False})
    torch.testing.assert_close(as_is(torch.full((3, 1, 1), 255)), torch.full((3, 1, 1), 255.0))
    with pytest.raises(ValueError, match="each of R, G, B"):
        Normalisation.from_processor({"image_mean": [0.5]})


def test_what_the_processor_leaves_open_is_the_familys() -> None:
    half = Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert Normalisation.from_processor({}, half) == half
    assert Normalisation.from_processor({"image_std": [1, 1, 2]}, half) == Normalisation(half.mean, (1.0, 1.0, 2.0))
    assert Normalisation.from_processor({"do_normalize": False}, half).mean == (0.0, 0.0, 0.0)
    torch.testing.assert_close(
        half(torch.tensor([0, 255])[:, None, None, None].expand(2, 3, 1, 1)).amax(1)[:, 0, 0],
        torch.tensor([-1.0, 1.0]),
    )


@given(IMAGES)
@settings(max_examples=50)
def test_unit_scale_spans_0_to_1(image: np.ndarray) -> None:
    unit = scale_to_unit(torch.from_numpy(image))
    assert unit.min() == 0
    assert unit.max() == (1 if image.min() < image.max() else 0)


@given(IMAGES)
@settings(max_examples=100)
def test_percentile_clip_follows_the_released_rule(image: np.ndarray) -> None:
    colour = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    low, high = np.percentile(colour, 0.95), np.percentile(colour, 99.5)
    expected = np.clip(colour, low, high)
    if expected.min() == expected.max():
        expected = np.zeros_like(colour)
    else:
        expected = (expected - expected.min()) / (expected.max() - expected.min()) * 255.0
    expected[colour == 0] = 0
    expected = np.uint8(expected)
    actual = clip_percentiles(image)
    assert actual.dtype == np.uint8
    assert np.array_equal(actual, expected if image.ndim == 3 else expected[..., 0])
