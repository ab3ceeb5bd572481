"""From raw intensities to 8 bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError

FORMS = (
    "minmax-volume, minmax-slice, percentile=LOW,HIGH (e.g. percentile=0.5,99.5) or window=CENTER,WIDTH "
    "(e.g. window=40,400)"
)


@dataclass(frozen=True)
class Intensity:
    """How raw values become 0..255: ``255 (v - low) / (high - low)``, clipped and rounded.

    The paper (section 2.2) normalises by minimum and maximum and does not say over what; over the volume is the
    default here. 8-bit pictures are never mapped.

    Attributes:
        mode: ``minmax-volume``, ``minmax-slice``, ``percentile`` or ``window``.
        low, high: percentiles (0..100) or window bounds in raw units; unused for the min-max modes.
    """

    mode: str = "minmax-volume"
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Intensity:
        """Read the form used on the command line; raises :class:`CosmosError` with the accepted forms."""
        if text in {"minmax-volume", "minmax-slice"}:
            return cls(text)
        mode, _, numbers = text.partition("=")
        try:
            first, second = (float(number) for number in numbers.split(","))
        except ValueError:
            raise CosmosError(f"intensity {text!r} is not known; use {FORMS}.") from None
        if mode == "percentile" and 0 <= first < second <= 100:
            return cls(mode, first, second)
        if mode == "window" and second > 0:
            return cls(mode, first - second / 2, first + second / 2)
        raise CosmosError(f"intensity {text!r} is not known; use {FORMS}.")

    def __str__(self) -> str:
        if self.mode == "percentile":
            return f"percentile={self.low:g},{self.high:g}"
        if self.mode == "window":
            return f"window={(self.low + self.high) / 2:g},{self.high - self.low:g}"
        return self.mode

    def bounds(self, values: NDArray[Any]) -> tuple[float, float]:
        """The raw values that become 0 and 255; ``values`` is the volume, or the slice for ``minmax-slice``.

        Values that are not finite are left out; an array without a finite value gives (0, 0).
        """
        if self.mode == "window":
            return self.low, self.high
        if values.dtype.kind == "f":
            finite = np.isfinite(values)
            values = values if finite.all() else values[finite]  # a volume may fill half the memory
        if values.size == 0:
            return 0.0, 0.0
        if self.mode == "percentile":
            low, high = np.percentile(values, (self.low, self.high))
            return float(low), float(high)
        return float(values.min()), float(values.max())


def to_8bit(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Map ``low..high`` linearly to 0..255, clipped and rounded to nearest.

    Args:
        values: any real array; values that are not finite become 0.
        low: raw value that becomes 0.
        high: raw value that becomes 255; if it does not exceed ``low`` the result is 0 everywhere.
    """
    if not high > low:
        return np.zeros(values.shape, dtype=np.uint8)
    # 16-bit values are exact in single precision, wider ones would lose their last digits.
    kind = np.dtype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    finite = np.where(np.isfinite(values), values, low) if values.dtype.kind == "f" else values
    scaled: NDArray[Any] = (finite.astype(kind) - kind.type(low)) / kind.type(high - low) * kind.type(255)
    return np.asarray(np.clip(np.rint(scaled), 0, 255), dtype=np.uint8)
