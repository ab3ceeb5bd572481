"""How often each small number occurs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 20


def occurrences(numbers: NDArray[Any], length: int) -> NDArray[np.int64]:
    """Count 0 to ``length`` - 1 in an array of such integers: ``np.bincount`` without its copy of 64 bits a value."""
    flat = numbers.reshape(-1)
    found = np.zeros(length, dtype=np.int64)
    for start in range(0, flat.size, _BLOCK):
        found += np.bincount(flat[start : start + _BLOCK], minlength=length)
    return found
