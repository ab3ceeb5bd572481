import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.prompts import PROMPTED, STRATEGIES, Prompt, doubled_box, grid_points, make_prompt
from cosmos_datasets.evaluation.sample import Mask, Target


def target_of(full: Mask) -> Target:
    rows, columns = np.flatnonzero(full.any(axis=1)), np.flatnonzero(full.any(axis=0))
    x0, y0, x1, y1 = int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])
    return Target(full[y0 : y1 + 1, x0 : x1 + 1], (x0, y0, x1, y1), "liver", "liver")


canvases = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)).filter(np.any)


def spaced_elements(pixels: NDArray[np.int64], n: int) -> list[tuple[int, int]]:
    """The rule as the protocol words it, on the full canvas."""
    count = len(pixels)
    places = [int(np.floor((2 * i + 1) * count / (2 * n))) for i in range(n)] if count > n else range(count)
    return [(int(pixels[k, 1]), int(pixels[k, 0])) for k in places]


def points_by_hand(full: Mask, n: int) -> list[tuple[int, int]]:
    pixels = np.argwhere(full)
    y, x = np.floor(pixels.mean(axis=0) + 0.5).astype(int)
    if not full[y, x]:
        return spaced_elements(pixels, n)
    rest = spaced_elements(pixels, n - 1)
    if (x, y) in rest:
        rest = spaced_elements(pixels[np.any(pixels != (y, x), axis=1)], n - 1)
    return [(int(x), int(y)), *rest]


@given(canvases, st.sampled_from([("S2", 1), ("S3", 5), ("S4", 5), ("S6", 1)]))
def test_positive_points_follow_the_rule(full: Mask, case: tuple[str, int]) -> None:
    strategy, n = case
    prompt = make_prompt(strategy, target_of(full), *full.shape)
    positive = prompt.points[prompt.labels == 1]
    assert [tuple(point) for point in positive.tolist()] == points_by_hand(full, n)
    assert len(positive) == min(n, np.count_nonzero(full))
    assert len(np.unique(positive, axis=0)) == len(positive)
    assert all(full[int(y), int(x)] for x, y in positive)


@given(canvases)
def test_negative_points_are_spaced_over_the_background_of_the_doubled_box(full: Mask) -> None:
    target = target_of(full)
    prompt = make_prompt("S4", target, *full.shape)
    x0, y0, x1, y1 = doubled_box(target.bbox, *full.shape)
    background = np.zeros_like(full)
    background[y0 : y1 + 1, x0 : x1 + 1] = True
    pixels = np.argwhere(background & ~full)
    negative = [tuple(point) for point in prompt.points[prompt.labels == 0].tolist()]
    assert negative == spaced_elements(pixels, 5)
    assert prompt.labels.tolist() == sorted(prompt.labels.tolist(), reverse=True)


@given(canvases, st.sampled_from(PROMPTED), st.integers(0, 7), st.integers(0, 7))
def test_a_prompt_moves_with_its_target(full: Mask, strategy: str, dx: int, dy: int) -> None:
    wide = np.pad(full, 30)  # far from the border, which the doubled box would feel
    moved = np.roll(wide, (dy, dx), axis=(0, 1))
    before = make_prompt(strategy, target_of(wide), *wide.shape)
    after = make_prompt(strategy, target_of(moved), *wide.shape)
    np.testing.assert_array_equal(after.points, before.points + np.array([dx, dy], dtype=np.float32))
    if before.box is not None and after.box is not None:
        np.testing.assert_array_equal(after.box, before.box + np.array([dx, dy, dx, dy], dtype=np.float32))


def test_the_shapes_of_the_strategies() -> None:
    full = np.zeros((40, 60), dtype=np.bool_)
    full[10:20, 15:33] = True
    shapes = {name: make_prompt(name, target_of(full), 40, 60).shape for name in PROMPTED}
    assert shapes == {"S2": (1, False), "S3": (5, False), "S4": (10, False), "S5": (0, True), "S6": (1, True)}
    assert STRATEGIES == ("S1", "S2", "S3", "S4", "S5", "S6")


def test_the_box_is_tight_with_inclusive_ends() -> None:
    full = np.zeros((40, 60), dtype=np.bool_)
    full[10:20, 15:33] = True
    prompt = make_prompt("S5", target_of(full), 40, 60)
    assert prompt.box is not None
    assert prompt.box.tolist() == [15, 10, 32, 19]
    assert prompt.box.dtype == np.float32


def test_a_centroid_outside_of_the_mask_is_not_used() -> None:
    ring = np.ones((9, 9), dtype=np.bool_)
    ring[3:6, 3:6] = False
    point = make_prompt("S2", target_of(ring), 9, 9).points
    # element 36 of 72 in raster order: after three rows of nine and one of six, the fourth of the next
    assert point.tolist() == [[6, 4]]


def test_the_centroid_is_rounded_half_up() -> None:
    assert make_prompt("S2", target_of(np.ones((4, 2), dtype=np.bool_)), 4, 2).points.tolist() == [[1, 2]]


def test_a_target_that_fills_the_image_has_no_negative_point() -> None:
    prompt = make_prompt("S4", target_of(np.ones((12, 12), dtype=np.bool_)), 12, 12)
    assert prompt.labels.tolist() == [1, 1, 1, 1, 1]


def test_other_objects_count_as_background() -> None:
    full = np.zeros((30, 30), dtype=np.bool_)
    full[10:20, 10:20] = True
    prompt = make_prompt("S4", target_of(full), 30, 30)
    assert prompt.labels.tolist() == [1] * 5 + [0] * 5
    assert doubled_box((10, 10, 19, 19), 30, 30) == (5, 5, 24, 24)
    assert doubled_box((10, 10, 19, 19), 22, 21) == (5, 5, 20, 21)


def test_the_grid_of_everything() -> None:
    points = grid_points(2, height=40, width=100)
    assert points.tolist() == [[25, 10], [75, 10], [25, 30], [75, 30]]
    assert points.dtype == np.float32
    assert grid_points(32, 512, 512).shape == (1024, 2)


finite = st.floats(-1e4, 1e4, width=32)


@given(st.lists(st.tuples(finite, finite, st.integers(0, 1)), max_size=10), st.none() | st.tuples(*[finite] * 4))
@settings(max_examples=50)
def test_json_keeps_a_prompt_exactly(
    points: list[tuple[float, float, int]], box: tuple[float, float, float, float] | None
) -> None:
    prompt = Prompt(
        np.asarray([point[:2] for point in points], dtype=np.float32).reshape(-1, 2),
        np.asarray([point[2] for point in points], dtype=np.int64),
        None if box is None else np.asarray(box, dtype=np.float32),
    )
    read = Prompt.from_json(prompt.to_json())
    assert read.shape == prompt.shape
    np.testing.assert_array_equal(read.points, prompt.points)
    np.testing.assert_array_equal(read.labels, prompt.labels)
    if prompt.box is not None and read.box is not None:
        np.testing.assert_array_equal(read.box, prompt.box)
    assert read.points.dtype == np.dtype(np.float32)
    assert read.labels.dtype == np.dtype(np.int64)


def test_json_is_compact() -> None:
    prompt = Prompt(box=np.array([1, 2.5, 30, 40], dtype=np.float32))
    assert prompt.to_json() == '{"box":[1,2.5,30,40]}'
    assert json.loads(Prompt().to_json()) == {}


def test_what_cannot_be_prompted_is_refused() -> None:
    target = target_of(np.ones((8, 8), dtype=np.bool_))
    with pytest.raises(CosmosError, match=r"'S1'.*S2, S3, S4, S5, S6"):
        make_prompt("S1", target, 8, 8)
    with pytest.raises(CosmosError, match="empty"):
        make_prompt("S2", Target(np.zeros((2, 2), dtype=np.bool_), (0, 0, 1, 1), "liver", "liver"), 8, 8)
    with pytest.raises(CosmosError, match="at least 1"):
        grid_points(0, 8, 8)
