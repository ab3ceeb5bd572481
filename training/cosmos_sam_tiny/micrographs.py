"""Drawn micrographs with exact masks: many small cells, scattered, in clusters or packed, as microscopes show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from cosmos_sam_tiny.canvas import Field, Mask, blob, grainy, noise_field, texture
from cosmos_sam_tiny.shapes import LEAST_PIXELS, Picture

#: Cells of a picture that are given as masks, and cells that are drawn.
_MASKS, _CELLS = 40, 350


@dataclass(eq=False)
class Scene:
    """Where the cells are, before anybody looks at them.

    Attributes:
        cells: int32 ``(H, W)``: the number of the cell at every pixel, 0 between them.
        depth: float32 ``(H, W)``: 0 on a cell's outline and between cells, at most 1 inside.
        nuclei: bool ``(H, W)``.
        radius: of the cells, in pixels.
    """

    cells: NDArray[np.int32]
    depth: Field
    nuclei: Mask
    radius: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.cells.shape[0], self.cells.shape[1]

    def levels(self, rng: np.random.Generator, spread: float) -> Field:
        """A brightness of its own for every cell, about 1; 0 between them."""
        each = np.exp(rng.normal(0, spread, int(self.cells.max()) + 1))
        each[0] = 0
        return each[self.cells].astype(np.float32)


def make_micrograph(seed: int) -> Picture:
    """Draw a picture of 120 to 512 pixels a side with at least one mask.

    Args:
        seed: decides everything.
    """
    rng = np.random.default_rng([seed, 3])
    names, looks = list(LOOKS), list(LOOKS.values())
    while True:
        height, width = (
            int(side) for side in np.clip(np.exp(rng.uniform(4.9, 6.3)) * rng.uniform(0.7, 1, 2), 120, 512)
        )
        scene = _packed(rng, height, width) if rng.random() < 0.25 else _scattered(rng, height, width)
        masks = _masks(rng, scene)
        if masks:
            look = int(rng.integers(len(looks)))
            return Picture(_developed(rng, looks[look](rng, scene)), masks, names[look])


def _radius(rng: np.random.Generator, height: int, width: int) -> float:
    """From a hundredth of the image to an eighth; small cells are as frequent as large ones."""
    return max(4.5, max(height, width) * float(np.exp(rng.uniform(np.log(0.011), np.log(0.12)))))


def _scattered(rng: np.random.Generator, height: int, width: int) -> Scene:
    """Cells one by one, anywhere or about a few centres; later ones hide earlier ones, or keep off them."""
    radius = _radius(rng, height, width)
    shape = (height, width)
    scene = Scene(np.zeros(shape, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.bool_), radius)
    rough, stretch = ((0.06, 1.3), (0.3, 1.8), (0.03, 5.0))[int(rng.choice(3, p=(0.55, 0.3, 0.15)))]
    count = int(np.clip(rng.uniform(0.05, 0.9) * height * width / (4 * radius * radius), 3, _CELLS))
    places = rng.uniform(0, 1, (count, 2)) * (width, height)
    if rng.random() < 0.4:
        centres = rng.uniform(0, 1, (int(rng.integers(1, 6)), 2)) * (width, height)
        places = centres[rng.integers(len(centres), size=count)] + rng.normal(0, radius * count**0.5, (count, 2))
    hides, spread, reach = rng.random() < 0.4, rng.uniform(0.03, 0.35), int(2.5 * radius * stretch**0.5) + 2
    kernel = rng.uniform(0.25, 0.6) if rng.random() < 0.6 else 0.0
    for number, (x, y) in enumerate(places, start=1):
        left, top = max(0, int(x) - reach), max(0, int(y) - reach)
        patch = np.s_[top : max(0, int(y) + reach + 1), left : max(0, int(x) + reach + 1)]
        part, place = scene.cells[patch], (x - left, y - top)
        if part.size == 0:
            continue
        size = radius * float(np.exp(rng.normal(0, spread)))
        depth = blob(rng, part.shape, place, size, rough=rough, stretch=stretch)
        inside = (depth > 0) if hides else (depth > 0) & (part == 0)
        part[inside] = number
        scene.depth[patch][inside] = depth[inside]
        scene.nuclei[patch][inside] = False
        if kernel:
            off = rng.normal(0, 0.12 * size, 2)
            nucleus = blob(rng, part.shape, (place[0] + off[0], place[1] + off[1]), kernel * size, rough=0.1) > 0
            scene.nuclei[patch] |= nucleus & inside
    return scene


def _packed(rng: np.random.Generator, height: int, width: int) -> Scene:
    """A tissue: cells that fill the image or a part of it, with thin walls between them."""
    radius = max(_radius(rng, height, width), (height * width / (3 * _CELLS)) ** 0.5)
    rows, columns = np.mgrid[-radius : height + radius : 2 * radius, -radius : width + radius : 2 * radius]
    places = np.stack([rows.ravel(), columns.ravel()], axis=1)
    places += rng.normal(0, rng.uniform(0.1, 0.5) * radius, places.shape)
    bent = 0.15 * radius * np.stack([noise_field(rng, height, width, radius) for _ in range(2)])
    found = cKDTree(places).query(np.moveaxis(np.mgrid[:height, :width] + bent, 0, -1), k=2)
    distance, nearest = np.asarray(found[0]), np.asarray(found[1])
    wall = (distance[..., 1] - distance[..., 0]) / 2
    inside = wall > rng.uniform(0.02, 0.2) * radius
    if rng.random() < 0.5:
        inside &= noise_field(rng, height, width, max(height, width) / 2) > rng.uniform(-1.5, 0)
    cells = np.where(inside, nearest[..., 0] + 1, 0).astype(np.int32)
    depth = np.where(inside, np.clip(wall / radius, 0, 1), 0).astype(np.float32)
    kernel = rng.uniform(0.2, 0.5) if rng.random() < 0.6 else 0.0
    return Scene(cells, depth, inside & (distance[..., 0] < kernel * radius), radius)


def _masks(rng: np.random.Generator, scene: Scene) -> list[Mask]:
    """Some of the cells; in some of the pictures nuclei too: what a point in the middle means is not settled."""
    numbers, sizes = np.unique(scene.cells[scene.cells > 0], return_counts=True)
    numbers = rng.permutation(numbers[sizes > LEAST_PIXELS])[:_MASKS]
    masks = [scene.cells == number for number in numbers]
    if rng.random() < 0.3:
        nuclei = [mask & scene.nuclei for mask in masks[:10]]
        masks += [nucleus for nucleus in nuclei if nucleus.sum() > LEAST_PIXELS]
    return masks


def fluorescence(rng: np.random.Generator, scene: Scene) -> Field:
    """Bright on dark, flat or domed, with haze of what is out of focus; some cells shine far more than others."""
    height, width = scene.shape
    dome = rng.uniform(0, 1)
    cells = scene.levels(rng, rng.uniform(0.05, 0.6)) * ((1 - dome) + dome * np.sqrt(scene.depth))
    cells *= 1 + rng.uniform(0, 0.25) * noise_field(rng, height, width, max(2.0, scene.radius / 2))
    cells = np.where(scene.nuclei, cells * rng.uniform(0.3, 2.5), cells)
    haze = rng.uniform(0, 0.4) * ndimage.gaussian_filter(cells, 1.5 * scene.radius)
    return _light(rng.uniform(0, 0.15) + cells + haze)


def phase_contrast(rng: np.random.Generator, scene: Scene) -> Field:
    """Grey in grey: a halo about cells that are darker, or hardly differ, and full of grains."""
    height, width = scene.shape
    filled = (scene.cells > 0).astype(np.float32)
    thin = rng.uniform(0.1, 0.3) * scene.radius + 0.7
    halo = np.clip(ndimage.gaussian_filter(filled, thin) - filled, 0, 1)
    rim = filled * (1 - ndimage.gaussian_filter(filled, 1.0))
    grains = filled * noise_field(rng, height, width, max(1.5, scene.radius / 4))
    grey = texture(rng, height, width, 0.5, rng.uniform(0, 0.05)) + rng.uniform(0.1, 0.6) * halo
    grey += rng.uniform(-0.3, 0.1) * scene.levels(rng, 0.1) + rng.uniform(-0.4, 0.4) * rim
    return _light(grey + rng.uniform(0, 0.1) * grains + rng.uniform(-0.25, 0.1) * scene.nuclei)


def relief(rng: np.random.Generator, scene: Scene) -> Field:
    """Lit from one side, as differential interference contrast has it."""
    height, width = scene.shape
    hill = ndimage.gaussian_filter(np.sqrt(scene.depth) * scene.levels(rng, 0.2), rng.uniform(0.6, 1.5))
    hill = hill + rng.uniform(0, 0.15) * scene.nuclei
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * np.gradient(hill, axis=0) + np.sin(angle) * np.gradient(hill, axis=1)
    grains = (scene.cells > 0) * noise_field(rng, height, width, max(1.5, scene.radius / 4))
    return _light(0.5 + rng.uniform(0.6, 1.5) * scene.radius / 4 * slope + rng.uniform(0, 0.05) * grains)


def membranes(rng: np.random.Generator, scene: Scene) -> Field:
    """Outlines alone, and sometimes nuclei."""
    edge = (scene.cells > 0) & (scene.cells == ndimage.grey_erosion(scene.cells, (3, 3))) & (scene.depth > 0.08)
    lines = ndimage.gaussian_filter(((scene.cells > 0) & ~edge).astype(np.float32), rng.uniform(0.4, 1))
    inner = rng.uniform(0, 0.4) * scene.levels(rng, 0.2)
    return _light(rng.uniform(0, 0.2) + inner + lines * rng.uniform(0.4, 1) + rng.uniform(0, 0.5) * scene.nuclei)


def stained(rng: np.random.Generator, scene: Scene) -> Field:
    """Dark and coloured on a bright ground: light that cells and nuclei take away; pale centres of blood cells."""
    height, width = scene.shape
    dye, other = (rng.dirichlet((1.5, 1.5, 1.5)) for _ in range(2))
    thick = scene.levels(rng, rng.uniform(0.05, 0.3)) * (1 - rng.uniform(-0.4, 0.8) * scene.depth)
    thick = thick * (1 + 0.15 * noise_field(rng, height, width, max(2.0, scene.radius / 3)))
    ground = rng.uniform(0, 0.25) * np.abs(texture(rng, height, width, 1.0, 0.3))
    taken = (ground + rng.uniform(0.3, 1.2) * thick)[..., None] * dye * 2
    taken = taken + (rng.uniform(0.3, 1.5) * scene.nuclei)[..., None] * other * 2
    return _light(rng.uniform(0.75, 1) * np.exp(-np.clip(taken, 0, 6)))


def _light(values: NDArray[np.floating]) -> Field:
    return values.astype(np.float32)


def _pixels(unit: NDArray[np.floating]) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = np.rint(255 * unit).astype(np.uint8)
    return pixels


#: Every look; they are equally frequent.
LOOKS: dict[str, Callable[[np.random.Generator, Scene], Field]] = {
    "fluorescence": fluorescence,
    "phase contrast": phase_contrast,
    "relief": relief,
    "membranes": membranes,
    "stained": stained,
}


def _developed(rng: np.random.Generator, light: Field) -> NDArray[np.uint8]:
    """Blur, uneven light, noise, contrast; a grey picture may come in one colour, as of a fluorescent dye."""
    height, width = light.shape[:2]
    blur = rng.uniform(0, 1.3)
    uneven = 1 + rng.uniform(0, 0.2) * noise_field(rng, height, width, max(height, width))
    noise = np.exp(rng.uniform(np.log(0.003), np.log(0.06))) * grainy(rng, height, width)
    if light.ndim == 3:
        light = np.stack([ndimage.gaussian_filter(plane, blur) for plane in np.moveaxis(light, -1, 0)], axis=-1)
        return _pixels(np.clip(light * uneven[..., None] + noise[..., None], 0, 1))
    light = ndimage.gaussian_filter(light, blur) * uneven
    low, high = np.percentile(light, (0.1, rng.uniform(98.5, 100)))
    unit = np.clip((light - low) / max(high - low, 1e-3) + noise, 0, 1) ** np.exp(rng.normal(0, 0.3))
    unit = 1 - unit if rng.random() < 0.1 else rng.uniform(0, 0.15) + rng.uniform(0.4, 0.85) * unit
    if rng.random() < 0.3:
        unit = unit[..., None] * np.array([1.0, *rng.uniform(0, 0.6, 2)])[rng.permutation(3)]
    return _pixels(unit)
