"""Where the simulated user clicks, against an implementation that looks at every pixel and every distance."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cosmos_datasets.evaluation.interactive.clicks import Click, first_click, next_click, ritm_click, user

Mask = Any
Pixel = tuple[int, int]
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Mask, Mask]:
    shape = draw(SHAPES)
    return draw(arrays(np.bool_, shape)), draw(arrays(np.bool_, shape))


def pixels(mask: Mask) -> list[Pixel]:
    """(x, y) in raster order."""
    return [(x, y) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]


def regions(mask: Mask) -> list[list[Pixel]]:
    """Sets of pixels that touch at edges or corners, in raster order of their first pixel: a flood fill."""
    left, found = dict.fromkeys(pixels(mask)), []
    while left:
        region, edge = [], [next(iter(left))]
        left.pop(edge[0])
        while edge:
            x, y = edge.pop()
            region.append((x, y))
            near = [(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (x + i, y + j) in left]
            for one in near:
                left.pop(one)
            edge += near
        found.append(region)
    return found


def deepest(region: list[Pixel], shape: tuple[int, int], clicked: set[Pixel]) -> set[Pixel]:
    """All pixels that are farthest from what is not the region, the pixels around the image included."""
    inside = set(region)
    others = [(x, y) for x in range(-1, shape[1] + 1) for y in range(-1, shape[0] + 1) if (x, y) not in inside]
    depths = {(x, y): min((x - i) ** 2 + (y - j) ** 2 for i, j in others) for x, y in region if (x, y) not in clicked}
    return {one for one, depth in depths.items() if depth == max(depths.values())}


def candidates(reference: Mask, shown: Mask, clicked: set[Pixel]) -> set[Click]:
    missing = [(one, True) for one in regions(reference & ~shown)]
    wrong = [(one, False) for one in regions(shown & ~reference)]
    for region, positive in sorted(missing + wrong, key=lambda one: -len(one[0])):
        if found := deepest(region, reference.shape, clicked):
            return {Click(x, y, positive) for x, y in found}
    return set()


@settings(max_examples=150)
@given(pairs(), st.sets(st.tuples(st.integers(-1, 9), st.integers(-1, 9)), max_size=40), st.integers(0, 3))
def test_the_next_click_is_one_of_those_that_brute_force_finds(
    masks: tuple[Mask, Mask], clicked: set[Pixel], seed: int
) -> None:
    click = next_click(*masks, clicked, user(seed))
    found = candidates(*masks, clicked)
    assert click in found if found else click is None


@settings(max_examples=80)
@given(arrays(np.bool_, SHAPES), st.integers(0, 3))
def test_the_first_click_is_the_pixel_farthest_from_the_border(reference: Mask, seed: int) -> None:
    click = first_click(reference, user(seed))
    if not reference.any():
        assert click is None
        return
    assert click is not None and click.positive
    assert (click.x, click.y) in deepest(pixels(reference), reference.shape, set())


@settings(max_examples=50)
@given(pairs(), st.integers(1, 4), st.integers(1, 4))
def test_what_surrounds_both_masks_moves_no_click(masks: tuple[Mask, Mask], left: int, top: int) -> None:
    padded = [np.pad(one, ((top, 2), (left, 3))) for one in masks]
    here, there = next_click(*masks, (), user(0)), next_click(padded[0], padded[1], (), user(0))
    assert (here and here.moved(left, top)) == there


def as_ritm(reference: Mask, shown: Mask, clicked: set[Pixel]) -> Click | None:
    """The rule on the whole image, with OpenCV's distances, for as long as there is an error that was not clicked."""
    depths = []
    for wrong in (reference & ~shown, ~reference & shown):
        ringed = np.zeros((wrong.shape[0] + 2, wrong.shape[1] + 2), dtype=np.uint8)
        ringed[1:-1, 1:-1] = wrong
        depth = cv2.distanceTransform(ringed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        depths.append({one: 0.0 if one in clicked else float(depth[one[1], one[0]]) for one in pixels(wrong)})
    missing, extra = (max(depth.values(), default=0.0) for depth in depths)
    if not max(missing, extra):
        return None
    # max() keeps the first of equals, and pixels come in raster order.
    depth = depths[0] if missing > extra else depths[1]
    return Click(*max(depth, key=lambda one: depth[one]), positive=missing > extra)


@settings(max_examples=200)
@given(pairs(), st.sets(st.tuples(st.integers(-1, 9), st.integers(-1, 9)), max_size=40))
def test_ritms_rule(masks: tuple[Mask, Mask], clicked: set[Pixel]) -> None:
    assert ritm_click(*masks, clicked) == as_ritm(*masks, clicked)
    assert ritm_click(masks[0], np.zeros_like(masks[0]), ()) == as_ritm(masks[0], np.zeros_like(masks[0]), set())


def test_ritm_looks_for_the_widest_error_and_takes_too_much_first() -> None:
    reference, shown = np.zeros((9, 40), dtype=bool), np.zeros((9, 40), dtype=bool)
    reference[0, :30] = True  # the largest region, one pixel wide
    shown[4:7, 30:33] = True
    assert ritm_click(reference, shown, ()) == Click(31, 5, positive=False)
    assert ritm_click(reference, shown, [(31, 5)]) == Click(30, 4, positive=False), "at equal distances"
    shown[:] = False
    assert ritm_click(reference, shown, ()) == Click(0, 0, positive=True), "the first in raster order"


def test_the_largest_region_counts_not_the_widest() -> None:
    reference, shown = np.zeros((9, 40), dtype=bool), np.zeros((9, 40), dtype=bool)
    reference[0, :30] = True
    shown[4:9, 30:35] = True
    click = next_click(reference, shown, (), user(0))
    assert click is not None and click.positive and click.y == 0
    shown[4:9, 30:37] = True
    assert next_click(reference, shown, (), user(0)) == Click(click_x(shown), 6, positive=False)


def click_x(shown: Mask) -> int:
    """5 by 7 pixels: three in the middle are equally far; the draw says which."""
    found = next_click(np.zeros_like(shown), shown, (), user(0))
    assert found is not None and found.x in {32, 33, 34}
    return found.x


def test_the_seed_decides_among_equally_good_pixels_and_nothing_else() -> None:
    line = np.ones((1, 60), dtype=bool)
    drawn = {first_click(line, user(seed, "image")) for seed in range(30)}
    assert len(drawn) > 10
    assert first_click(line, user(3, "image")) == first_click(line, user(3, "image"))
    assert len({first_click(line, user(0, name)) for name in "abcdefghij"}) > 4
    disc = np.hypot(*np.mgrid[-7:8, -7:8]) < 7
    assert {first_click(disc, user(seed)) for seed in range(10)} == {Click(7, 7, positive=True)}
