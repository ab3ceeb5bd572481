import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.baselines import blind_dice, disc, ellipse
from cosmos_datasets.evaluation.prompts import PROMPTED, STRATEGIES, Prompt, make_prompt
from cosmos_datasets.evaluation.sample import Mask, Target

HEIGHT, WIDTH = 26, 34

canvases = hnp.arrays(np.bool_, (HEIGHT, WIDTH), elements=st.booleans()).filter(np.any)


def target_of(full: Mask) -> Target:
    rows, columns = np.flatnonzero(full.any(axis=1)), np.flatnonzero(full.any(axis=0))
    x0, y0, x1, y1 = int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])
    return Target(full[y0 : y1 + 1, x0 : x1 + 1], (x0, y0, x1, y1), "liver", "liver")


def full_mask(crop: Mask, box: tuple[int, int, int, int]) -> Mask:
    return Target(crop, box, "blind", "blind").full(HEIGHT, WIDTH)


def ellipse_by_hand(box: NDArray[np.float32]) -> Mask:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    x0, y0, x1, y1 = box.astype(float)
    across = (x - (x0 + x1) / 2) / ((x1 - x0 + 1) / 2)
    down = (y - (y0 + y1) / 2) / ((y1 - y0 + 1) / 2)
    return np.asarray(across**2 + down**2 <= 1)


def disc_by_hand(point: NDArray[np.float32], area: float) -> Mask:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.asarray((x - point[0]) ** 2 + (y - point[1]) ** 2 <= area / math.pi)


def dice_by_hand(a: Mask, b: Mask) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@given(canvases, st.sampled_from(["S5", "S6"]))
def test_a_box_predicts_its_ellipse(full: Mask, strategy: str) -> None:
    target = target_of(full)
    prompt = make_prompt(strategy, target, HEIGHT, WIDTH)
    assert prompt.box is not None
    found = blind_dice(strategy, target, prompt, HEIGHT, WIDTH, mean_area=1)
    assert found == pytest.approx(dice_by_hand(ellipse_by_hand(prompt.box), full))
    np.testing.assert_array_equal(full_mask(*ellipse(prompt.box, HEIGHT, WIDTH)), ellipse_by_hand(prompt.box))


@given(canvases, st.sampled_from(["S2", "S3", "S4"]), st.floats(0.5, 900))
def test_points_predict_the_best_disc(full: Mask, strategy: str, area: float) -> None:
    target = target_of(full)
    prompt = make_prompt(strategy, target, HEIGHT, WIDTH)
    positive = prompt.points[prompt.labels == 1]
    best = max(dice_by_hand(disc_by_hand(point, area), full) for point in positive)
    assert blind_dice(strategy, target, prompt, HEIGHT, WIDTH, mean_area=area) == pytest.approx(best)
    np.testing.assert_array_equal(full_mask(*disc(positive[0], area, HEIGHT, WIDTH)), disc_by_hand(positive[0], area))


@given(canvases)
def test_every_strategy_has_a_baseline_between_0_and_1(full: Mask) -> None:
    target = target_of(full)
    for strategy in STRATEGIES:
        prompt = make_prompt(strategy, target, HEIGHT, WIDTH) if strategy in PROMPTED else None
        assert 0 <= blind_dice(strategy, target, prompt, HEIGHT, WIDTH, mean_area=target.area) <= 1
    assert blind_dice("S1", target, None, HEIGHT, WIDTH, mean_area=target.area) == 0


def test_the_disc_has_about_its_area() -> None:
    crop, box = disc((256, 256), 10_000, 512, 512)
    assert crop.sum() == pytest.approx(10_000, rel=0.01)
    assert crop.shape == (box[3] - box[1] + 1, box[2] - box[0] + 1)


def test_an_ellipse_scores_what_the_circle_in_a_square_does() -> None:
    full = np.zeros((300, 300), dtype=np.bool_)
    full[20:270, 30:280] = True
    target = target_of(full)
    circle = math.pi / 4
    found = blind_dice("S5", target, make_prompt("S5", target, 300, 300), 300, 300, mean_area=1)
    assert found == pytest.approx(2 * circle / (1 + circle), abs=1e-3)


def test_a_box_that_was_moved_over_the_border_is_clipped() -> None:
    box = np.array([-5.5, -3, 10.25, 12], dtype=np.float32)
    crop, (x0, y0, x1, y1) = ellipse(box, HEIGHT, WIDTH)
    assert (x0, y0, x1, y1) == (0, 0, 10, 12)
    np.testing.assert_array_equal(full_mask(crop, (x0, y0, x1, y1)), ellipse_by_hand(box))


def test_negative_points_are_not_the_centre_of_a_disc() -> None:
    full = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    full[2:10, 2:10] = True
    points = np.array([[30, 20], [5, 5]], dtype=np.float32)
    prompt = Prompt(points, np.array([1, 0], dtype=np.int64))
    assert blind_dice("S2", target_of(full), prompt, HEIGHT, WIDTH, mean_area=20) == 0


def test_what_has_no_baseline_is_refused() -> None:
    target = target_of(np.ones((8, 8), dtype=np.bool_))
    with pytest.raises(CosmosError, match="'S7'"):
        blind_dice("S7", target, Prompt(), 8, 8, mean_area=5)
    with pytest.raises(CosmosError, match="box"):
        blind_dice("S5", target, Prompt(), 8, 8, mean_area=5)
    with pytest.raises(CosmosError, match="positive point"):
        blind_dice("S2", target, None, 8, 8, mean_area=5)
    with pytest.raises(CosmosError, match="outside of the image"):
        disc((50, 5), 10, 8, 8)
