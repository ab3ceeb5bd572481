"""Size, aspect ratio, intensity difference and modality, against the same on whole images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from cosmos_datasets.evaluation.factors.aspect import aspect_ratio
from cosmos_datasets.evaluation.factors.intensity import intensity_difference
from cosmos_datasets.evaluation.factors.modality import modality_number
from cosmos_datasets.evaluation.factors.size import size
from cosmos_datasets.evaluation.sample import Mask, Target
from cosmos_datasets.vocabulary import EXTRA_MODALITIES, MODALITIES


def target(full: Mask) -> Target:
    rows, columns = np.nonzero(full)
    y0, y1, x0, x1 = (int(one) for one in (rows.min(), rows.max(), columns.min(), columns.max()))
    return Target(full[y0 : y1 + 1, x0 : x1 + 1], (x0, y0, x1, y1), "liver", "liver")


@st.composite
def pictures(draw: st.DrawFn) -> tuple[NDArray[np.uint8], Mask]:
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    image = rng.integers(0, 256, (height, width), dtype=np.uint8)
    full = np.zeros((height, width), dtype=np.bool_)
    y, x = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    part = full[y : y + draw(st.integers(1, 35)), x : x + draw(st.integers(1, 35))]
    part[:] = rng.random(part.shape) < 0.8
    part[0, 0] = True
    return image, full


@given(pictures())
def test_size_and_aspect_ratio(picture: tuple[NDArray[np.uint8], Mask]) -> None:
    _, full = picture
    one = target(full)
    assert size(one) == full.sum()
    sides = sorted(1 + np.ptp(np.nonzero(full), axis=1))
    assert aspect_ratio(one) == sides[0] / sides[1]
    assert 0 < aspect_ratio(one) <= 1


@given(pictures())
def test_intensity_difference_of_grey_images(picture: tuple[NDArray[np.uint8], Mask]) -> None:
    image, full = picture
    found = intensity_difference(image, target(full))
    rows, columns = np.nonzero(full)
    near = np.zeros_like(full)
    dy, dx = (math.ceil((np.ptp(one) + 1) / 10) for one in (rows, columns))
    near[max(rows.min() - dy, 0) : rows.max() + dy + 1, max(columns.min() - dx, 0) : columns.max() + dx + 1] = True
    around = image[near & ~full].astype(float)
    if around.size == 0:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(image[full].astype(float).mean() - around.mean())
        assert intensity_difference(255 - image, target(full)) == pytest.approx(-found)


@given(pictures())
def test_colours_count_by_their_brightness(picture: tuple[NDArray[np.uint8], Mask]) -> None:
    image, full = picture
    same = intensity_difference(np.repeat(image[..., None], 3, axis=-1), target(full))
    assert same == pytest.approx(intensity_difference(image, target(full)), nan_ok=True)
    coloured = np.stack([image, image[::-1], image[:, ::-1]], axis=-1)
    grey = np.asarray(Image.fromarray(coloured).convert("L"))
    # Pillow rounds to whole grey levels.
    expected = intensity_difference(grey, target(full))
    assert intensity_difference(coloured, target(full)) == pytest.approx(expected, abs=1.5, nan_ok=True)


def test_a_bright_square_on_dark_ground() -> None:
    image = np.full((30, 30), 20, dtype=np.uint8)
    image[10:20, 10:20] = 120
    full = image > 100
    assert intensity_difference(image, target(full)) == 100
    image[0:9] = 255  # more than a tenth of the side away
    assert intensity_difference(image, target(full)) == 100
    assert math.isnan(intensity_difference(image, target(np.ones_like(full))))


def test_modalities_are_numbered_as_in_the_vocabulary() -> None:
    names = [*MODALITIES, *EXTRA_MODALITIES]
    assert [modality_number(name) for name in names] == list(range(1, len(names) + 1))
    assert len(names) < modality_number("PET") != modality_number("SPECT") > len(names)
