"""Procedural images with exact masks: what cosmos-sam-tiny learns outlines from.

A picture is drawn from one seed. Noise, blur and shading come after its objects and touch the image alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cosmos_sam_tiny.canvas import Canvas, Field, Mask, anywhere, blob, grainy, noise_field, texture
from cosmos_sam_tiny.slices import body, head

#: Masks with no more pixels are left out, as in the data sets.
LEAST_PIXELS = 50


@dataclass(frozen=True, eq=False)
class Picture:
    """An image and the masks of its objects.

    Attributes:
        image: uint8, ``(H, W)`` or ``(H, W, 3)``.
        masks: bool ``(H, W)`` each, more than :data:`LEAST_PIXELS` pixels.
        kind: which recipe drew it.
    """

    image: NDArray[np.uint8]
    masks: list[Mask]
    kind: str


def make_picture(seed: int, kind: str | None = None) -> Picture:
    """Draw a picture.

    Args:
        seed: decides everything.
        kind: one of :data:`KINDS`; drawn from the seed if not given.

    Returns:
        A picture of 36 to 512 pixels a side with at least one mask, and never of one grey value.
    """
    rng = np.random.default_rng(seed)
    names, weights = list(KINDS), np.array([weight for _, weight in KINDS.values()])
    drawn = str(rng.choice(names, p=weights / weights.sum()))
    kind = kind or drawn
    while True:
        height, width = _size(rng)
        canvas = KINDS[kind][0](rng, height, width)
        if kind in ("body", "head") and rng.random() < 0.35:
            canvas = _cut_out(rng, canvas)
        masks = [mask for mask in canvas.masks if LEAST_PIXELS < mask.sum() < 0.95 * mask.size]
        if masks:
            image = _finish(rng, canvas.grey)
            if image.min() < image.max():
                return Picture(image, masks, kind)


def _size(rng: np.random.Generator) -> tuple[int, int]:
    """Small images are as frequent as large ones: volumes are often resampled to a few dozen pixels."""
    side = float(np.exp(rng.uniform(np.log(48), np.log(440))))
    ratio = float(np.exp(rng.normal(0, 0.15))) if rng.random() < 0.7 else 1.0
    return int(np.clip(side / ratio, 40, 512)), int(np.clip(side * ratio, 40, 512))


def _cut_out(rng: np.random.Generator, canvas: Canvas) -> Canvas:
    """A part of a slice, as data sets of one organ have it; at least 36 pixels a side."""
    height, width = canvas.shape
    rows, columns = (max(36, int(side * rng.uniform(0.3, 0.7))) for side in (height, width))
    top, left = rng.integers(max(1, height - rows + 1)), rng.integers(max(1, width - columns + 1))
    part = np.s_[top : top + rows, left : left + columns]
    return Canvas(canvas.grey[part], [mask[part] for mask in canvas.masks])


def organs(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """Textured shapes of any contrast on a textured ground, side by side, on top of and inside one another."""
    ground = rng.uniform(0, 1)
    canvas = Canvas(texture(rng, height, width, ground, rng.uniform(0, 0.15)))
    side = min(height, width)
    for _ in range(rng.integers(1, 9)):
        radius = side * np.exp(rng.uniform(np.log(0.05), np.log(0.4)))
        depth = blob(rng, canvas.shape, anywhere(rng, height, width), radius, rough=rng.uniform(0, 0.4), stretch=2.2)
        mask = depth > 0
        if not mask.any():
            continue
        contrast = rng.choice([-1, 1]) * rng.uniform(0.06, 0.6)
        mean = float(canvas.grey[mask].mean()) + contrast
        values = texture(rng, height, width, mean, rng.uniform(0, 0.1)) + rng.uniform(-0.2, 0.2) * depth
        canvas.paint(mask, values, over=rng.random() < 0.8)
    return canvas


def rings(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """Walls around cavities: heart muscle, vessels with a lumen, bowel."""
    canvas = Canvas(texture(rng, height, width, rng.uniform(0.1, 0.9), rng.uniform(0, 0.12)))
    for _ in range(rng.integers(1, 5)):
        radius = min(height, width) * rng.uniform(0.08, 0.35)
        depth = blob(rng, canvas.shape, anywhere(rng, height, width, 0.2), radius, rough=rng.uniform(0, 0.25))
        thickness = rng.uniform(0.15, 0.6)
        base = rng.uniform(0, 1)
        wall, cavity = (depth > 0) & (depth <= thickness), depth > thickness
        canvas.paint(wall, texture(rng, height, width, base, rng.uniform(0, 0.08)))
        inner = base + rng.choice([-1, 1]) * rng.uniform(0.1, 0.5)
        canvas.paint(cavity, texture(rng, height, width, inner, rng.uniform(0, 0.08)))
        if rng.random() < 0.5:
            canvas.masks.append(canvas.masks[-1] | canvas.masks[-2])
    return canvas


def cells(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """Many small cells or nuclei, each an object, and all of them together."""
    ground = rng.uniform(0, 0.3)
    canvas = Canvas(texture(rng, height, width, ground, rng.uniform(0, 0.05)))
    radius = rng.uniform(0.018, 0.08) * max(height, width)
    count = int(min(140, rng.uniform(0.1, 0.8) * height * width / (4 * radius * radius)))
    spread, bright = rng.uniform(0.05, 0.35), rng.uniform(0.25, 0.7)
    reach = int(radius * 3) + 2
    for _ in range(max(3, count)):
        x, y = (int(value) for value in anywhere(rng, height, width, 0.0))
        top, left = max(0, y - reach), max(0, x - reach)
        patch = np.s_[top : y + reach + 1, left : x + reach + 1]
        part = canvas.grey[patch]
        size = radius * np.exp(rng.normal(0, 0.2))
        depth = blob(rng, part.shape, (x - left, y - top), size, rough=rng.uniform(0, 0.15), stretch=1.8)
        level = ground + bright * np.exp(rng.normal(0, spread))
        shade = level * (1 + rng.uniform(0, 0.4) * depth + 0.06 * rng.normal(size=part.shape))
        mask = np.zeros(canvas.shape, dtype=np.bool_)
        mask[patch] = depth > 0
        part[depth > 0] = shade[depth > 0]
        if rng.random() < 0.9:
            canvas.masks = [other & ~mask if (other[patch] & mask[patch]).any() else other for other in canvas.masks]
        canvas.masks.append(mask)
    return Canvas(canvas.grey, [*canvas.masks, np.any(canvas.masks, axis=0)])


def vessels(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """Branching curves of falling thickness: one tree, one object."""
    canvas = Canvas(texture(rng, height, width, rng.uniform(0.2, 0.8), rng.uniform(0, 0.12)))
    centres = np.ones((height, width), dtype=np.bool_)
    width_at = np.zeros((height, width), dtype=np.float32)
    side = min(height, width)
    branches = [(*anywhere(rng, height, width), rng.uniform(0, 2 * np.pi), side * rng.uniform(0.01, 0.05), 0)]
    while branches:
        x, y, angle, thick, order = branches.pop()
        for _ in range(int(rng.uniform(0.3, 1.2) * side)):
            angle += rng.normal(0, 0.06)
            x, y = x + np.cos(angle), y + np.sin(angle)
            row, column = int(y), int(x)
            if not (0 <= row < height and 0 <= column < width):
                break
            centres[row, column] = False
            width_at[row, column] = thick
            if order < 3 and rng.random() < 4 / side:
                turn = angle + rng.choice([-1, 1]) * rng.uniform(0.4, 1.1)
                branches.append((x, y, turn, thick * 0.75, order + 1))
    distance, (row, column) = ndimage.distance_transform_edt(centres, return_indices=True)
    tree = distance <= np.maximum(width_at[row, column], 0.8)
    contrast = rng.choice([-1, 1]) * rng.uniform(0.12, 0.5)
    canvas.paint(tree, canvas.grey + contrast)
    return canvas


def regions(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """The level sets of a smooth field, every connected piece an object: folded and ragged outlines."""
    relief = noise_field(rng, height, width, min(height, width) / rng.uniform(2, 8))
    relief += rng.uniform(0, 0.15) * noise_field(rng, height, width, min(height, width) / rng.uniform(8, 24))
    edges = np.sort(rng.normal(0, 0.9, size=rng.integers(1, 4)))
    levels = np.digitize(relief, edges)
    tones = rng.permutation(np.linspace(0, 1, len(edges) + 1) * rng.uniform(0.2, 1))
    canvas = Canvas(np.zeros((height, width), dtype=np.float32))
    for level, tone in enumerate(tones):
        values = texture(rng, height, width, tone + rng.normal(0, 0.05), rng.uniform(0, 0.1))
        canvas.paint(levels == level, values, keep=False)
        pieces, count = ndimage.label(levels == level)
        canvas.masks += [pieces == piece for piece in range(1, min(count, 6) + 1)]
    return canvas


#: Every recipe and how often it is drawn.
KINDS: dict[str, tuple[Callable[[np.random.Generator, int, int], Canvas], float]] = {
    "organs": (organs, 0.22),
    "body": (body, 0.3),
    "head": (head, 0.12),
    "cells": (cells, 0.14),
    "rings": (rings, 0.08),
    "regions": (regions, 0.09),
    "vessels": (vessels, 0.05),
}


def _finish(rng: np.random.Generator, grey: Field) -> NDArray[np.uint8]:
    """Blur, shading, noise, contrast, inversion and colour: what happens to an image after the objects are there."""
    height, width = grey.shape
    if rng.random() < 0.6:
        grey = ndimage.gaussian_filter(grey, rng.uniform(0.3, 1.0) * (1 + max(height, width) / 400))
    if rng.random() < 0.4:
        grey = grey * (1 + rng.uniform(0, 0.25) * noise_field(rng, height, width, max(height, width) / 1.5))
    grey = grey + np.exp(rng.uniform(np.log(0.002), np.log(0.06))) * grainy(rng, height, width)
    low, high = float(np.percentile(grey, 0.2)), float(np.percentile(grey, 99.8))
    grey = (grey - low) / max(high - low, 1e-3)
    grey = np.clip(grey, 0, 1) ** np.exp(rng.normal(0, 0.25))
    bottom, top = (0.0, 1.0) if rng.random() < 0.6 else (rng.uniform(0, 0.25), rng.uniform(0.45, 1.0))
    grey = bottom + (top - bottom) * grey
    if rng.random() < 0.12:
        grey = 1 - grey
    if rng.random() < 0.8:
        return np.rint(255 * grey).astype(np.uint8)
    return _coloured(rng, grey.astype(np.float32))


def _coloured(rng: np.random.Generator, grey: Field) -> NDArray[np.uint8]:
    """Two random colours and what lies between them, with a weak cast that changes over the image."""
    dark, bright = rng.uniform(0, 0.5, 3), rng.uniform(0.4, 1, 3)
    colour = dark + grey[..., None] * (bright - dark)
    cast = noise_field(rng, grey.shape[0], grey.shape[1], max(grey.shape) / 2)[..., None] * rng.normal(0, 0.04, 3)
    return np.rint(255 * np.clip(colour + cast, 0, 1)).astype(np.uint8)
