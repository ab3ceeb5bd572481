"""STARE as its tar files unpack into folders of their names: gzipped PPM, two observers, unlabelled photographs."""

import gzip
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (54, 64)


def write(root: Path, seed: int = 0) -> Truth:
    """Write six labelled photographs and an unlabelled one; one mask is too small."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    masks = {name: _vessels(rng) for name in ("im0001", "im0005", "im0044", "im0324")}
    masks |= {"im0139": exact_area(SHAPE, 50, top=20), "im0162": exact_area(SHAPE, 51, top=20)}
    for number, (name, mask) in enumerate(masks.items()):
        grey = np.where(mask, 255, 0).astype(np.uint8)
        if number == 1:  # not strictly black and white
            grey = np.where(mask, rng.integers(128, 256, SHAPE), rng.integers(0, 128, SHAPE)).astype(np.uint8)
        _write(root / "labels-ah" / f"{name}.ah.ppm.gz", grey if number % 2 else np.stack([grey] * 3, -1))
        _write(root / "labels-vk" / f"{name}.vk.ppm.gz", np.roll(grey, 5, axis=0))
        truth.add(f"stare/{name}", {("retinal_vessel", 0, -1): mask}, subject=name, modality="Fundus")
    for name in (*masks, "im0002"):
        _write(root / "stare-images" / f"{name}.ppm.gz", rng.integers(60, 160, (*SHAPE, 3)).astype(np.uint8))
    macos_junk(root / "labels-ah", "im0001.ah.ppm.gz")
    return truth


def _vessels(rng: np.random.Generator) -> NDArray[np.bool_]:
    angle = rng.uniform(20, 40)
    return blob(SHAPE, (26, 30), (18, 22), angle) & ~blob(SHAPE, (26, 30), (15, 19), angle)


def _write(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write colours as P6; grey levels as P5, which the release also names .ppm."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PPM")
    path.write_bytes(gzip.compress(stream.getvalue(), mtime=0))
