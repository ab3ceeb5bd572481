"""From raw intensities to 8 bit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.intensity import Intensity, to_8bit

FORMS = ["minmax-volume", "minmax-slice", "percentile=0.5,99.5", "window=40,400", "window=-600,1500.5"]
integers = arrays(st.sampled_from([np.int16, np.uint16, np.int32, np.uint8]), st.tuples(st.just(3), st.just(4)))
floats = arrays(np.float64, (3, 4), elements=st.floats(-1e6, 1e6))


@pytest.mark.parametrize("text", FORMS)
def test_forms_are_read_and_written_alike(text: str) -> None:
    assert str(Intensity.parse(text)) == text
    assert Intensity.parse(str(Intensity.parse(text))) == Intensity.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "minmax", "percentile", "percentile=99,1", "percentile=-1,99", "window=40", "window=40,0", "window=a,b"],
)
def test_other_forms_are_refused_with_the_accepted_ones(text: str) -> None:
    with pytest.raises(CosmosError, match=r"minmax-volume.*percentile=0\.5,99\.5.*window=40,400"):
        Intensity.parse(text)


@given(st.one_of(integers, floats))
def test_minimum_and_maximum_become_0_and_255(values: NDArray[Any]) -> None:
    low, high = Intensity().bounds(values)
    mapped = to_8bit(values, low, high)
    assert (low, high) == (values.min(), values.max())
    assert mapped.dtype == np.uint8
    assert mapped.shape == values.shape
    if high - low > 1e-9:
        assert mapped[values == values.min()].max() == 0
        assert mapped[values == values.max()].min() == 255
    elif high == low:
        assert not mapped.any()


@given(st.one_of(integers, floats))
def test_order_is_kept_and_the_formula_is_exact_to_rounding(values: NDArray[Any]) -> None:
    low, high = Intensity().bounds(values)
    if high - low < 1e-6:
        return
    mapped = to_8bit(values, low, high)
    order = np.argsort(values, axis=None, kind="stable")
    assert np.all(np.diff(mapped.ravel()[order].astype(int)) >= 0)
    exact = 255 * (values.astype(np.longdouble) - low) / (np.longdouble(high) - low)
    assert np.abs(mapped - exact).max() <= 0.5 + 1e-3


@given(floats, st.sampled_from([np.nan, np.inf, -np.inf]))
def test_values_that_are_not_finite_become_0_and_count_for_nothing(values: NDArray[Any], bad: float) -> None:
    spoilt = np.concatenate([values.ravel(), [bad]])
    assert Intensity().bounds(spoilt) == Intensity().bounds(values)
    mapped = to_8bit(spoilt, *Intensity().bounds(spoilt))
    assert mapped[-1] == 0
    np.testing.assert_array_equal(mapped[:-1], to_8bit(values, *Intensity().bounds(values)).ravel())


@pytest.mark.parametrize("form", ["minmax-volume", "percentile=1,99"])
def test_nothing_finite_gives_black(form: str) -> None:
    values = np.full((2, 2), np.nan)
    bounds = Intensity.parse(form).bounds(values)
    assert bounds == (0, 0)
    assert not to_8bit(values, *bounds).any()


def test_window_clips() -> None:
    low, high = Intensity.parse("window=40,400").bounds(np.zeros(1))
    assert (low, high) == (-160, 240)
    np.testing.assert_array_equal(to_8bit(np.array([-1000, -160, 40, 240, 3000]), low, high), [0, 0, 128, 255, 255])


@given(st.lists(st.integers(-2000, 4000), min_size=2, max_size=99))
def test_percentiles_are_numpys(values: list[int]) -> None:
    expected = np.percentile(np.array(values), (0.5, 99.5))
    assert Intensity.parse("percentile=0.5,99.5").bounds(np.array(values, np.int16)) == pytest.approx(tuple(expected))


def test_wide_integers_keep_their_last_digits() -> None:
    values = np.array([2**30, 2**30 + 1, 2**30 + 2], np.int32)
    np.testing.assert_array_equal(to_8bit(values, *Intensity().bounds(values)), [0, 128, 255])
