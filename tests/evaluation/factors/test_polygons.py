"""Areas and DICE of polygons against drawing them pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from outlines import drawn, random_star

from cosmos_datasets.evaluation.factors.polygons import area, crossings, dice_of

polygons = st.lists(
    st.tuples(*[st.floats(-4, 19, allow_nan=False) | st.integers(-4, 19).map(float)] * 2), min_size=3, max_size=9
).map(np.array)


@given(polygons, polygons)
@settings(max_examples=50)
def test_area_and_dice_are_those_of_the_pixels(one: NDArray[np.float64], other: NDArray[np.float64]) -> None:
    a, b = (drawn(polygon + 4, (24, 24)) for polygon in (one, other))
    found = [crossings(polygon + 4) for polygon in (one, other)]
    assert [area(outline) for outline in found] == [a.sum(), b.sum()]
    if a.any() or b.any():
        assert dice_of(*found) == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))


@given(st.integers(0, 10_000))
def test_places_left_of_and_above_the_image_count_too(seed: int) -> None:
    polygon = random_star(seed)
    assert area(crossings(polygon)) == area(crossings(polygon + 100)) == area(crossings(polygon - 1000))


def test_a_polygon_that_crosses_itself_is_filled_by_the_even_odd_rule() -> None:
    pentagon = np.array([(30 + 25 * np.sin(a), 30 - 25 * np.cos(a)) for a in np.arange(5) * 4 * np.pi / 5])
    convex = pentagon[[0, 3, 1, 4, 2]]
    assert area(crossings(pentagon)) < area(crossings(convex)) / 2
