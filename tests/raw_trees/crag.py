"""A small CRAG: tiles, numbered glands in one channel or three, overlays, a gap in the numbering."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import MaskKey, Truth, blob, exact_area, macos_junk

SHAPE = (70, 82)
_TILES = {"train_1": 4, "train_2": 3, "train_5": 0, "test_1": 2, "test_2": 5}


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``CRAG_v2/CRAG`` below ``root``; ``train_5`` has a gland of 50 pixels only, ``train_2`` one of 51."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "CRAG_v2" / "CRAG"
    for name, count in _TILES.items():
        folder = base / ("valid" if name.startswith("test") else "train")
        glands = glands_of(rng, SHAPE, count)
        if name in {"train_2", "train_5"}:
            glands[exact_area(SHAPE, 51 if count else 50, top=60, left=70)] = 7
        _save(folder / "Images" / f"{name}.png", tissue(rng, glands))
        channels = np.stack([glands] * 3, axis=-1) if name == "train_2" else glands
        _save(folder / "Annotation" / f"{name}.png", channels.astype(np.uint8))
        _save(folder / "Overlay" / f"{name}.png", tissue(rng, glands)[::-1])
        split = "test" if name.startswith("test") else "train"
        truth.add(f"crag/{name}", instances(glands), subject=name, modality="Histopathology", split=split)
    (base / "README.txt").write_text("This is version 2.\n")
    macos_junk(base / "train" / "Annotation", "train_1.png")
    return truth


def glands_of(rng: np.random.Generator, shape: tuple[int, int], count: int) -> NDArray[np.int32]:
    """Number ``count`` glands, from 1 and with a gap, next to each other."""
    glands = np.zeros(shape, np.int32)
    for k in range(count):
        centre = 18 + 32 * (k % 2) + rng.uniform(-2, 2), 15 + 26 * (k // 2) + rng.uniform(-2, 2)
        glands[blob(shape, centre, (13, 11), rng.uniform(0, 90))] = k + 1 if k < 3 else k + 5
    return glands


def instances(glands: NDArray[np.int32]) -> dict[MaskKey, NDArray[np.bool_]]:
    """The union of the glands, and each of them."""
    numbers = [int(number) for number in np.unique(glands) if number]
    return {("gland", 0, -1): glands > 0, **{("gland", number, -1): glands == number for number in numbers}}


def tissue(rng: np.random.Generator, glands: NDArray[np.int32]) -> NDArray[np.uint8]:
    """A pink picture, glands purple."""
    colours = np.where(glands[..., None] > 0, (120, 70, 150), (225, 170, 200))
    return np.asarray(colours + rng.integers(0, 25, (*glands.shape, 3)), np.uint8)


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
