"""IDRiD part A as a Kaggle copy unpacks: doubled folder, masks in four pixel formats, part B beside it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (56, 84)
FOLDERS = {
    "MA": ("1. Microaneurysms", "microaneurysm"),
    "HE": ("2. Haemorrhages", "hemorrhage"),
    "EX": ("3. Hard Exudates", "hard_exudate"),
    "SE": ("4. Soft Exudates", "soft_exudate"),
    "OD": ("5. Optic Disc", "optic_disc"),
}
_RED = (255, 0, 0)


def write(root: Path, seed: int = 0) -> Truth:
    """Write four training and three testing pictures below ``root/A.%20Segmentation/A. Segmentation``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "A.%20Segmentation" / "A. Segmentation"
    everything = {code: _lesion(rng, order) for order, code in enumerate(FOLDERS)}
    everything["EX"] |= everything["HE"] & blob(SHAPE, (18, 42), (12, 12))  # masks may overlap
    pictures = {
        "IDRiD_01": everything,
        "IDRiD_02": {code: _lesion(rng, order) for order, code in enumerate(FOLDERS) if code != "SE"},
        "IDRiD_03": {"MA": exact_area(SHAPE, 50), "OD": exact_area(SHAPE, 12, top=20)},
        "IDRiD_54": {"MA": exact_area(SHAPE, 50), "HE": exact_area(SHAPE, 51, top=20, left=30)},
        "IDRiD_55": {code: _lesion(rng, order) for order, code in enumerate(FOLDERS) if code != "HE"},
        "IDRiD_56": {"SE": np.zeros(SHAPE, bool), "OD": _lesion(rng, 4)},
        "IDRiD_81": {code: _lesion(rng, order) for order, code in enumerate(FOLDERS)},
    }
    modes = ("P", "RGB", "RGBA", "1")
    for at, (name, masks) in enumerate(pictures.items()):
        part = "a. Training Set" if int(name[-2:]) < 55 else "b. Testing Set"
        _photograph(base / "1. Original Images" / part / f"{name}.jpg", rng)
        for order, (code, mask) in enumerate(masks.items()):
            folder = base / "2. All Segmentation Groundtruths" / part / FOLDERS[code][0]
            _mask(folder / f"{name}_{code}.tif", mask, modes[(at + order) % len(modes)])
        truth.add(
            f"idrid/{name}",
            {(FOLDERS[code][1], 0, -1): mask for code, mask in masks.items()},
            subject=name,
            modality="Fundus",
            split="test" if part.startswith("b") else "train",
        )
    (base / "LICENSE.txt").write_text("IDRiD, CC BY 4.0\n")
    macos_junk(base / "2. All Segmentation Groundtruths" / "a. Training Set" / FOLDERS["MA"][0], "IDRiD_01_MA.tif")
    macos_junk(base / "1. Original Images" / "a. Training Set", "IDRiD_01.jpg")
    grading = root / "B. Disease Grading"
    _photograph(grading / "1. Original Images" / "a. Training Set" / "IDRiD_001.jpg", rng)
    (grading / "2. Groundtruths").mkdir()
    return truth


def _lesion(rng: np.random.Generator, order: int) -> NDArray[np.bool_]:
    """One shape for each of five places, and a second spot of the same kind beside it."""
    row, column = divmod(order, 3)
    centre = 15 + 27 * row + rng.uniform(-2, 2), 14 + 28 * column + rng.uniform(-2, 2)
    spot = exact_area(SHAPE, 7, top=int(centre[0]) - 11, left=int(centre[1]) - 8)
    return blob(SHAPE, centre, (8, 11), rng.uniform(-15, 15)) | spot


def _photograph(path: Path, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(60, 160, (*SHAPE, 3)).astype(np.uint8)).save(path, quality=95)


def _mask(path: Path, mask: NDArray[np.bool_], mode: str) -> None:
    """Write a mask as palette, RGB or RGBA picture with the structure in red on black, or with 1 bit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == "1":
        image = Image.fromarray(mask)
    elif mode == "P":
        image = Image.fromarray(mask.astype(np.uint8), mode="P")
        image.putpalette([0, 0, 0, *_RED])
    else:
        pixels = np.zeros((*SHAPE, len(mode)), np.uint8)
        pixels[..., 3:] = 255  # opaque everywhere: alpha says nothing about the mask
        pixels[mask, :3] = _RED
        image = Image.fromarray(pixels, mode=mode)
    image.save(path, compression="tiff_lzw")
