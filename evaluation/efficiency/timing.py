"""Measuring seconds: after a warm-up, and only when the device has finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Spread:
    """Measurements as their median and quartiles (linear between neighbours), in their own unit.

    Attributes:
        median, q1, q3: of the measurements.
        measurements: how many they are.
    """

    median: float
    q1: float
    q3: float
    measurements: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise at least one measurement."""
        q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
        return cls(median, q1, q3, len(values))


def synchronise(device: torch.device) -> None:
    """Wait until an accelerator has done what it was asked to: its work goes on after a call has returned."""
    import torch

    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def measure(
    work: Callable[[], object],
    device: torch.device,
    *,
    repeats: int,
    warm_up: Callable[[], object] | None = None,
) -> list[float]:
    """Time some work.

    Args:
        work: is done ``repeats`` times.
        device: where; it is synchronised before and after each repeat.
        repeats: how often.
        warm_up: is done once before, without being timed; ``work`` itself by default. The first time of anything
            costs more: kernels are chosen and memory is taken.

    Returns:
        Seconds of each repeat.
    """
    (warm_up or work)()
    seconds = []
    for _ in range(repeats):
        synchronise(device)
        began = time.perf_counter()
        result = work()
        synchronise(device)
        seconds.append(time.perf_counter() - began)
        del result  # giving its memory back is not part of the work
    return seconds
