import numpy as np
import pytest

from cosmos_datasets import counting
from cosmos_datasets.counting import occurrences


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
@pytest.mark.parametrize("size", [0, 1, 7, 8, 50])
def test_counts_are_those_of_bincount_whatever_the_block(
    size: int, dtype: type[np.integer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "_BLOCK", 7)
    numbers = np.random.default_rng(0).integers(0, 9, (2, size)).astype(dtype)
    np.testing.assert_array_equal(occurrences(numbers, 12), np.bincount(numbers.ravel(), minlength=12))
