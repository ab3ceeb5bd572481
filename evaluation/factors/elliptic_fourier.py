"""Elliptic Fourier series of a closed contour (Kuhl and Giardina, Comput. Graph. Image Process. 18:236-258, 1982)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.evaluation.factors.contours import Polygon

#: ``[[a, b], [c, d]]`` of one order: x += a cos + b sin, y += c cos + d sin.
Harmonic = NDArray[np.float64]


class EllipticFourier:
    """The series of one contour, whose harmonics are made one after the other as they are asked for.

    The contour is a polygon that is walked through at constant speed, its length T being the period:
    ``x(t) = A0 + sum_n a_n cos(2 pi n t / T) + b_n sin(2 pi n t / T)``, and y with C0, c_n and d_n. The integrals
    over a polygon are exact:
    ``a_n = T / (2 n^2 pi^2) sum_p dx_p / dt_p (cos(2 pi n t_p / T) - cos(2 pi n t_{p-1} / T))``, likewise the others.

    Args:
        contour: float64 ``(n, 2)``, (x, y), closed without repeating its first point; no two neighbours are equal.

    Attributes:
        centre: float64 ``(2,)``, (A0, C0): the mean over the length.
    """

    def __init__(self, contour: Polygon) -> None:
        steps = np.roll(contour, -1, axis=0) - contour
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        self._period = float(lengths.sum())
        self._speed = steps / lengths[:, None]
        self._angles = 2 * np.pi / self._period * np.concatenate([[0.0], np.cumsum(lengths)])
        self.centre: NDArray[np.float64] = ((contour + steps / 2) * lengths[:, None]).sum(axis=0) / self._period

    def harmonic(self, order: int) -> Harmonic:
        """The coefficients of one order, 1 or more: float64 ``(2, 2)``."""
        turns = order * self._angles
        waves = np.stack([np.diff(np.cos(turns)), np.diff(np.sin(turns))], axis=-1)
        coefficients: Harmonic = self._period / (2 * order**2 * np.pi**2) * (self._speed.T @ waves)
        return coefficients

    def decode(self, order: int, samples: int) -> Polygon:
        """The contour made of the orders up to this one, 1 or more: float64 ``(samples, 2)``, at equal steps of t."""
        return next(islice(self.approximations(samples), order - 1, None))

    def approximations(self, samples: int) -> Iterator[Polygon]:
        """Yield what :meth:`decode` gives for order 1, 2, 3 and so on without end."""
        angles = 2 * np.pi * np.arange(samples) / samples
        curve = np.tile(self.centre, (samples, 1))
        for order in count(1):
            waves = np.stack([np.cos(order * angles), np.sin(order * angles)], axis=-1)
            curve = curve + waves @ self.harmonic(order).T
            yield curve
