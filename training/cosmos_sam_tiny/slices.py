"""Drawn slices of a body, as computed tomography shows it, and of a head, as magnetic resonance does."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cosmos_sam_tiny.canvas import Canvas, Field, Mask, anywhere, blob, grainy, noise_field, texture


def body(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """A slice through a trunk in Hounsfield units: skin, fat, muscle, organs of little contrast, spine, ribs, air."""
    centre = (width * rng.uniform(0.45, 0.55), height * rng.uniform(0.45, 0.55))
    size = min(height, width) * rng.uniform(0.38, 0.6)
    trunk = blob(rng, (height, width), centre, size, rough=0.06, stretch=1.35)
    canvas = Canvas(np.full((height, width), -1000.0, dtype=np.float32))
    canvas.paint(trunk > 0, texture(rng, height, width, rng.uniform(-120, -60), 12))
    wall = rng.uniform(0.04, 0.2)
    canvas.paint(trunk > wall, texture(rng, height, width, rng.uniform(20, 70), 12), over=False, keep=False)
    cavity = trunk > wall + rng.uniform(0.06, 0.15)
    canvas.paint(cavity, texture(rng, height, width, rng.uniform(-100, 30), 15), over=False, keep=rng.random() < 0.3)
    thorax = rng.random() < 0.3
    for sign in (-1, 1) if thorax else ():
        place = (centre[0] + sign * size * 0.42, centre[1] - 0.05 * size)
        lung = (blob(rng, trunk.shape, place, size * rng.uniform(0.3, 0.45), rough=0.15) > 0) & cavity
        canvas.paint(lung, texture(rng, height, width, rng.uniform(-900, -700), 30))
        _spots(rng, canvas, lung, rng.uniform(-50, 60), int(rng.integers(1, 12)))
    for _ in range(rng.integers(3, 6) if thorax else rng.integers(5, 14)):
        place = (centre[0] + size * rng.uniform(-0.8, 0.8), centre[1] + size * rng.uniform(-0.6, 0.6))
        radius = size * np.exp(rng.uniform(np.log(0.06), np.log(0.45)))
        depth = blob(rng, trunk.shape, place, radius, rough=rng.uniform(0.05, 0.35), stretch=2)
        organ = (depth > 0) & cavity
        value = rng.choice([rng.uniform(30, 130), rng.uniform(130, 300), rng.uniform(-20, 20)], p=[0.7, 0.2, 0.1])
        canvas.paint(organ, texture(rng, height, width, value, rng.uniform(2, 12)))
        if rng.random() < 0.25:
            _spots(rng, canvas, organ, value + rng.choice([-1, 1]) * rng.uniform(30, 100), int(rng.integers(1, 4)))
        elif rng.random() < 0.1:
            canvas.paint((depth > rng.uniform(0.15, 0.4)) & cavity, rng.uniform(-950, -500))
    _bones(rng, canvas, trunk, centre, size, wall)
    blur = rng.uniform(0.3, 1.2)
    hounsfield = ndimage.gaussian_filter(canvas.grey, blur) + rng.uniform(5, 40) * grainy(rng, height, width)
    # By the range of the volume, as data sets are stored, or by a window, as they are read.
    low, high = (
        (-1024, rng.uniform(500, 2500)) if rng.random() < 0.6 else (rng.uniform(-250, -100), rng.uniform(200, 450))
    )
    canvas.grey = np.clip((hounsfield - low) / (high - low), 0, 1).astype(np.float32)
    return canvas


def _bones(
    rng: np.random.Generator, canvas: Canvas, trunk: Field, centre: tuple[float, float], size: float, wall: float
) -> None:
    """A vertebra with its marrow and canal, and ribs along the wall."""
    height, width = canvas.shape
    spine = (centre[0] + size * rng.uniform(-0.08, 0.08), centre[1] + size * rng.uniform(0.35, 0.6))
    depth = blob(rng, trunk.shape, spine, size * rng.uniform(0.12, 0.22), rough=0.25, stretch=1.3)
    canvas.paint(depth > 0, rng.uniform(350, 1000))
    canvas.paint(depth > 0.25, texture(rng, height, width, rng.uniform(120, 350), 40), over=False, keep=False)
    canal = blob(rng, trunk.shape, (spine[0], spine[1] + 0.15 * size), size * 0.06, rough=0.05) > 0
    canvas.paint(canal, rng.uniform(0, 60))
    for _ in range(rng.integers(0, 14)):
        angle = rng.uniform(0, 2 * np.pi)
        place = (centre[0] + np.cos(angle) * size * (0.95 - wall), centre[1] + np.sin(angle) * size * (0.85 - wall))
        rib = blob(rng, trunk.shape, place, size * rng.uniform(0.03, 0.07), rough=0.1, stretch=3) > 0
        canvas.paint(rib & (trunk > wall / 2), rng.uniform(250, 900))


def _spots(rng: np.random.Generator, canvas: Canvas, host: Mask, value: float, count: int) -> None:
    """Small round things inside an object: vessels, nodules, cysts."""
    rows, columns = np.nonzero(host)
    if len(rows) == 0:
        return
    extent = np.sqrt(len(rows))
    for _ in range(count):
        pick = rng.integers(len(rows))
        radius = max(1.5, extent * rng.uniform(0.02, 0.15))
        depth = blob(rng, canvas.shape, (columns[pick], rows[pick]), radius, rough=0.2)
        canvas.paint((depth > 0) & host, value, over=rng.random() < 0.5)


def head(rng: np.random.Generator, height: int, width: int) -> Canvas:
    """A slice through a head as magnetic resonance shows it: scalp, skull, folded cortex, ventricles, a lesion."""
    centre = (width / 2, height / 2)
    skull = blob(rng, (height, width), centre, min(height, width) * rng.uniform(0.38, 0.5), rough=0.05, stretch=1.3)
    canvas = Canvas(np.full((height, width), rng.uniform(0, 0.05), dtype=np.float32))
    tone = rng.uniform(0.1, 1, size=6)
    canvas.paint(skull > 0, tone[0], keep=rng.random() < 0.5)
    canvas.paint(skull > 0.06, tone[1] * 0.3, over=False, keep=False)
    inside = skull > rng.uniform(0.1, 0.16)
    canvas.paint(inside, texture(rng, height, width, tone[2], 0.03), over=False)
    folds = noise_field(rng, height, width, min(height, width) / rng.uniform(10, 20))
    white = (skull > 0.28 + 0.09 * folds) & inside
    canvas.paint(white, texture(rng, height, width, tone[3], 0.02), over=False)
    for sign in (-1, 1):
        place = (centre[0] + sign * width * 0.06, centre[1] + height * rng.uniform(-0.05, 0.05))
        hole = blob(rng, skull.shape, place, min(height, width) * rng.uniform(0.03, 0.09), rough=0.3, stretch=3) > 0
        canvas.paint(hole & inside, tone[4], over=False)
        deep = (centre[0] + sign * width * rng.uniform(0.1, 0.2), centre[1] + height * rng.uniform(-0.1, 0.2))
        nucleus = blob(rng, skull.shape, deep, min(height, width) * rng.uniform(0.04, 0.09), rough=0.25, stretch=2.5)
        canvas.paint((nucleus > 0) & inside, texture(rng, height, width, (tone[2] + tone[3]) / 2, 0.02), over=False)
    if rng.random() < 0.5:
        lesion = blob(
            rng, skull.shape, anywhere(rng, height, width, 0.3), min(height, width) * rng.uniform(0.03, 0.15)
        )
        canvas.paint((lesion > 0) & inside, texture(rng, height, width, tone[5], rng.uniform(0, 0.08)), over=False)
    return canvas
