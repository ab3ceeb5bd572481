"""Thinning against the textbook's loop over the whole image."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from cosmos_datasets.evaluation.annotation.skeleton import skeleton
from cosmos_datasets.evaluation.sample import Mask


def _textbook(mask: Mask) -> Mask:
    """Zhang and Suen 1984, pixel by pixel."""
    image = np.pad(mask, 1).astype(int)
    while True:
        removed = 0
        for half in range(2):
            gone = []
            for y, x in np.argwhere(image):
                around = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]
                p = [int(image[y + dy, x + dx]) for dy, dx in around]
                rises = sum(p[k] == 0 and p[(k + 1) % 8] == 1 for k in range(8))
                up, right, down, left = p[0], p[2], p[4], p[6]
                products = (up * right * down, right * down * left), (up * right * left, up * down * left)
                if 2 <= sum(p) <= 6 and rises == 1 and not any(products[half]):
                    gone.append((y, x))
            for place in gone:
                image[place] = 0
            removed += len(gone)
        if not removed:
            return image[1:-1, 1:-1].astype(bool)


@settings(max_examples=60)
@given(arrays(np.bool_, st.tuples(st.integers(1, 16), st.integers(1, 16))))
def test_as_in_the_textbook(mask: Mask) -> None:
    before = mask.copy()
    thinned = skeleton(mask)
    assert np.array_equal(thinned, _textbook(mask))
    assert not (thinned & ~mask).any()
    assert np.array_equal(mask, before)


def test_a_bar_becomes_a_line() -> None:
    mask = np.zeros((30, 80), dtype=np.bool_)
    mask[10:17, 5:75] = True
    thinned = skeleton(mask)
    assert thinned[:, 20:60].sum(axis=0).tolist() == [1] * 40
    assert label(thinned, np.ones((3, 3)))[1] == 1
