"""CHASE_DB1 as the flat archive unpacks: photographs, and masks of two observers in 1 and in 8 bit."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (52, 60)


def write(root: Path, seed: int = 0) -> Truth:
    """Write both eyes of four children below ``root/CHASEDB1``; one mask is too small."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    folder = root / "CHASEDB1"
    folder.mkdir(parents=True)
    masks = {f"Image_{child}{eye}": _vessels(rng) for child in ("01", "02", "03") for eye in "LR"}
    masks["Image_14L"], masks["Image_14R"] = exact_area(SHAPE, 50, top=9), exact_area(SHAPE, 51, top=9)
    for name, mask in masks.items():
        photograph = rng.integers(60, 160, (*SHAPE, 3)).astype(np.uint8)
        Image.fromarray(photograph).save(folder / f"{name}.jpg", quality=95)
        if name.endswith("L"):
            Image.fromarray(mask).save(folder / f"{name}_1stHO.png")  # 1 bit
        else:  # black and white with grey levels between, as after smoothing
            grey = np.where(mask, rng.integers(128, 256, SHAPE), rng.integers(0, 128, SHAPE))
            Image.fromarray(grey.astype(np.uint8)).save(folder / f"{name}_1stHO.png")
        Image.fromarray(np.roll(mask, 4, axis=1)).save(folder / f"{name}_2ndHO.png")
        truth.add(f"chase_db1/{name}", {("retinal_vessel", 0, -1): mask}, subject=name[:-1], modality="Fundus")
    macos_junk(folder, "Image_01L.jpg", "Image_01L_1stHO.png")
    return truth


def _vessels(rng: np.random.Generator) -> NDArray[np.bool_]:
    angle = rng.uniform(20, 40)
    return blob(SHAPE, (26, 28), (17, 21), angle) & ~blob(SHAPE, (26, 28), (14, 18), angle)
