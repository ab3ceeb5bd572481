"""Outlines and masks with known properties."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def disc(radius: float, height: int = 240, width: int = 260) -> NDArray[np.bool_]:
    return ellipse(radius, radius, height=height, width=width)


def ellipse(a: float, b: float, angle: float = 0.0, *, height: int = 240, width: int = 260) -> NDArray[np.bool_]:
    y, x = np.mgrid[:height, :width] - np.array([height / 2 + 0.3, width / 2 - 0.2])[:, None, None]
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return np.asarray((u / a) ** 2 + (v / b) ** 2 <= 1)


def star(arms: int, depth: float, radius: float = 90.0, size: int = 240) -> NDArray[np.bool_]:
    """A disc whose outline waves ``arms`` times by ``depth`` of its radius."""
    y, x = np.mgrid[:size, :size] - size / 2 + 0.25
    edge = radius * (1 + depth * np.cos(arms * np.arctan2(y, x))) / (1 + depth)
    return np.asarray(np.hypot(x, y) <= edge)


def random_star(seed: int, points: int = 400) -> NDArray[np.float64]:
    """A closed smooth outline around (50, 60), float64 ``(points, 2)``, each seen from there in one direction."""
    rng = np.random.default_rng(seed)
    angle = np.arange(points) * 2 * np.pi / points
    waves = sum(rng.normal(0, 0.15 / n) * np.cos(n * angle + rng.uniform(0, 7)) for n in range(2, 8))
    radius = 40 * np.exp(waves)
    return np.stack([50 + radius * np.cos(angle), 60 + radius * np.sin(angle)], axis=-1)


def drawn(polygon: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The pixels whose centre a ray to the left leaves through an odd number of edges."""
    inside = np.zeros(shape, dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        for row in range(max(math.ceil(min(y0, y1)), 0), min(math.ceil(max(y0, y1)), shape[0])):
            crossing = x0 + (row - y0) * (x1 - x0) / (y1 - y0)
            inside[row] ^= np.arange(shape[1]) >= crossing
    return inside
