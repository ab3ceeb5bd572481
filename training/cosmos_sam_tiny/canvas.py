"""What drawn pictures are made of: a canvas that knows its objects' masks, smooth noise, and wobbly outlines.

Objects are the places where a smooth function is positive, evaluated at pixel centres, so that a mask is the very set
of pixels that got the object's grey values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]


@dataclass
class Canvas:
    """Grey values of 0 to 1 that objects are painted on, and the masks of what stays visible.

    Attributes:
        grey: float32 ``(H, W)``.
        masks: bool ``(H, W)``, one an object; overpainted pixels are taken off.
    """

    grey: Field
    masks: list[Mask] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.grey.shape[0], self.grey.shape[1]

    def paint(self, mask: Mask, values: Field | float, *, over: bool = True, keep: bool = True) -> None:
        """Give the pixels of an object its grey values.

        Args:
            mask: the object.
            values: its grey values, one or an image of them.
            over: the object hides those before it; otherwise it is a part of them, and they keep its pixels.
            keep: whether it is an object at all, or only something to be seen.
        """
        self.grey = np.where(mask, values, self.grey).astype(np.float32)
        if over:
            self.masks = [other & ~mask for other in self.masks]
        if keep:
            self.masks.append(mask)


def noise_field(rng: np.random.Generator, height: int, width: int, grain: float) -> Field:
    """A smooth random field of mean 0 and standard deviation 1.

    Args:
        rng: the source of randomness.
        height: rows.
        width: columns.
        grain: distance in pixels between its independent values.
    """
    rows, columns = max(3, int(height / grain) + 2), max(3, int(width / grain) + 2)
    coarse = rng.normal(size=(rows, columns)).astype(np.float32)
    smooth = ndimage.zoom(coarse, (height / (rows - 1) + 1e-6, width / (columns - 1) + 1e-6), order=3)
    smooth = np.pad(smooth, ((0, 2), (0, 2)), mode="edge")[:height, :width]
    standard: Field = ((smooth - smooth.mean()) / (smooth.std() + 1e-6)).astype(np.float32)
    return standard


def blob(
    rng: np.random.Generator,
    shape: tuple[int, int],
    centre: tuple[float, float],
    radius: float,
    *,
    rough: float = 0.25,
    stretch: float = 1.6,
) -> Field:
    """How deep inside a wobbly ellipse each pixel lies: 1 in the centre, 0 on the outline, negative outside.

    Args:
        rng: the source of randomness.
        shape: rows and columns.
        centre: (x, y).
        radius: mean radius in pixels.
        rough: how far the outline departs from an ellipse.
        stretch: the largest ratio of the axes.
    """
    y, x = np.ogrid[: shape[0], : shape[1]]
    angle = rng.uniform(0, np.pi)
    axis = np.sqrt(np.exp(rng.uniform(-np.log(stretch), np.log(stretch))))
    dx, dy = x - centre[0], y - centre[1]
    u = (dx * np.cos(angle) + dy * np.sin(angle)) / (radius * axis)
    v = (dy * np.cos(angle) - dx * np.sin(angle)) / (radius / axis)
    theta = np.arctan2(v, u)
    outline = np.ones(shape, dtype=np.float32)
    for wave in range(2, 7):
        outline += rough * rng.normal() / wave * np.cos(wave * theta + rng.uniform(0, 2 * np.pi))
    depth: Field = (1 - np.hypot(u, v) / np.maximum(outline, 0.25)).astype(np.float32)
    return depth


def anywhere(rng: np.random.Generator, height: int, width: int, margin: float = 0.1) -> tuple[float, float]:
    """A random (x, y) that keeps off the border by ``margin`` of the sides."""
    return rng.uniform(margin, 1 - margin) * width, rng.uniform(margin, 1 - margin) * height


def texture(rng: np.random.Generator, height: int, width: int, mean: float, depth: float) -> Field:
    """A smooth field of a mean and a standard deviation, of any grain."""
    grain = float(np.exp(rng.uniform(np.log(1.5), np.log(max(4.0, min(height, width) / 3)))))
    return (mean + depth * noise_field(rng, height, width, grain)).astype(np.float32)


def grainy(rng: np.random.Generator, height: int, width: int) -> Field:
    """Noise as scanners make it: correlated over a pixel or so."""
    noise = ndimage.gaussian_filter(rng.normal(size=(height, width)), rng.uniform(0, 1.2))
    standard: Field = (noise / (noise.std() + 1e-6)).astype(np.float32)
    return standard
