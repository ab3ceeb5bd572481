"""What the gallery draws of an image, against pixels: outlines, windows and fills."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from cosmos_datasets.evaluation.gallery_views import View, outline
from cosmos_datasets.evaluation.prompts import Prompt, make_prompt
from cosmos_datasets.evaluation.sample import Target


def loops(path: str) -> list[list[tuple[float, float]]]:
    """The corners of every loop of a path of relative moves."""
    found = []
    for start, moves in re.findall(r"M([^l]+)l([^z]*)z", path):
        x, y = map(float, start.split())
        corners = [(x, y)]
        numbers = [float(number) for number in moves.split()]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            corners.append((x, y))
        found.append(corners)
    return found


def inside(path: str, x: float, y: float) -> bool:
    """The even-odd rule: how many edges does a ray to the right cross."""
    crossings = 0
    for corners in loops(path):
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                crossings += 1
    return crossings % 2 == 1


@given(arrays(np.bool_, st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_the_outline_encloses_the_centres_of_just_the_mask_s_pixels(mask: np.ndarray) -> None:
    path = outline(mask)
    # A little off the centre: a ray through it would run along corners.
    drawn = [[inside(path, x + 0.5, y + 0.501) for x in range(mask.shape[1])] for y in range(mask.shape[0])]
    assert np.array_equal(drawn, mask)


def test_an_empty_mask_has_no_outline() -> None:
    assert not outline(np.zeros((4, 5), dtype=np.bool_))


def test_a_rectangle_has_eight_corners() -> None:
    (corners,) = loops(outline(np.ones((30, 40), dtype=np.bool_)))
    assert len(corners) == 8


def pixels(address: str) -> Image.Image:
    head, _, data = address.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def disc_target(x: int, y: int, radius: int) -> Target:
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    box = (x - radius, y - radius, x + radius, y + radius)
    return Target(rows**2 + columns**2 <= radius**2, box, "lesion", "lesion")


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (300, 500), dtype=np.uint8)


def test_a_small_target_gets_a_window_of_its_surroundings(image: np.ndarray) -> None:
    view = View.of(image, disc_target(495, 40, 4))
    height, width = view.shape
    assert height == width < 120
    assert not view.is_whole
    assert view.left + width == 500  # moved in from the border
    assert np.array_equal(np.asarray(pixels(view.image())), image[view.top : view.top + height, view.left :])


def test_a_large_target_is_shown_with_the_whole_image(image: np.ndarray) -> None:
    view = View.of(image, disc_target(250, 150, 140))
    assert view.is_whole
    assert view.shape == (300, 500)


def test_the_fill_is_the_mask_in_the_window(image: np.ndarray) -> None:
    target = disc_target(60, 60, 10)
    view = View.of(image, target)
    canvas = np.zeros((300, 500), dtype=np.bool_)
    canvas[30:300, 20:500] = np.random.default_rng(1).random((270, 480)) < 0.3
    fill = pixels(view.filled(canvas[30:, 20:], (20, 30, 499, 299), (1, 2, 3))).convert("RGBA")
    expected = canvas[view.top : view.top + view.shape[0], view.left : view.left + view.shape[1]]
    assert np.array_equal(np.asarray(fill)[..., 3] > 0, expected)
    assert {tuple(colour) for colour in np.asarray(fill)[expected]} == {(1, 2, 3, 255)}


def test_a_mask_outside_of_the_window_is_not_drawn(image: np.ndarray) -> None:
    view = View.of(image, disc_target(60, 60, 10))
    fill = pixels(view.filled(np.ones((5, 5), dtype=np.bool_), (400, 200, 404, 204), (1, 2, 3))).convert("RGBA")
    assert not np.asarray(fill)[..., 3].any()


def test_a_large_window_is_reduced_together_with_its_masks() -> None:
    image = np.zeros((1200, 1600, 3), dtype=np.uint8)
    target = disc_target(800, 600, 500)
    view = View.of(image, target)
    image_size = pixels(view.image()).size
    assert max(image_size) <= 400
    fill = pixels(view.filled(target.mask, target.bbox, (9, 9, 9)))
    assert fill.size == image_size
    share = np.count_nonzero(np.asarray(fill.convert("RGBA"))[..., 3]) / (image_size[0] * image_size[1])
    assert share == pytest.approx(target.area / (1200 * 1600), rel=0.01)
    # The outline stays in pixels of the window: drawn there, it encloses the target.
    drawn = Image.new("1", (1600, 1200))
    for corners in loops(view.outline()):
        ImageDraw.Draw(drawn).polygon(corners, fill=1)
    assert np.count_nonzero(np.asarray(drawn)) == pytest.approx(target.area, rel=0.02)


def test_prompts_are_drawn_in_the_window(image: np.ndarray) -> None:
    target = disc_target(200, 100, 9)
    view = View.of(image, target)
    drawn = view.prompt(make_prompt("S6", target, 300, 500))
    x, y = 200 - view.left, 100 - view.top
    assert drawn["positive"] == f"M{x + 0.5:g} {y + 0.5:g}h0"
    assert drawn["negative"] == ""
    assert drawn["box"] == (x - 9, y - 9, 19, 19)
    assert view.prompt(make_prompt("S4", target, 300, 500))["negative"].count("M") == 5
    assert view.prompt(Prompt())["box"] is None
