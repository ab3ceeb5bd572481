"""ISIC 2018, task 1, as its six archives unpack, with superpixels, text files and masks of task 2 among them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

PARTS = {
    "Training": ("train", ("ISIC_0000000", "ISIC_0000001", "ISIC_0016072")),
    "Validation": ("validation", ("ISIC_0012255", "ISIC_0012346")),
    "Test": ("test", ("ISIC_0012169", "ISIC_0012236")),
}


def write(root: Path, seed: int = 0) -> Truth:
    """Write seven photographs of different sizes into the six folders; one lesion is too small."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for part, (split, names) in PARTS.items():
        inputs, masks = root / f"ISIC2018_Task1-2_{part}_Input", root / f"ISIC2018_Task1_{part}_GroundTruth"
        for at, name in enumerate(names):
            mask = _lesion(rng)
            if part != "Training" and at:
                mask = exact_area(mask.shape, 50 if part == "Test" else 51, 10, 10)
            picture = rng.integers(0, 30, (*mask.shape, 3)) + np.array([200, 160, 140]) - 60 * mask[..., None]
            _save(inputs / f"{name}.jpg", picture.astype(np.uint8))
            _save(inputs / f"{name}_superpixels.png", picture.astype(np.uint8))
            _save(masks / f"{name}_segmentation.png", mask * np.uint8(255))
            truth.add(
                f"isic18/{name}", {("skin_lesion", 0, -1): mask}, subject=name, modality="Dermoscopy", split=split
            )
        for name in ("ATTRIBUTION.txt", "LICENSE.txt"):
            (inputs / name).write_text("ISIC\n")
        macos_junk(masks, f"{names[0]}_segmentation.png")
    attributes = root / "ISIC2018_Task2_Training_GroundTruth_v3"
    _save(attributes / "ISIC_0000000_attribute_streaks.png", np.zeros((50, 60), np.uint8))
    return truth


def _lesion(rng: np.random.Generator) -> NDArray[np.bool_]:
    height, width = (int(side) for side in rng.integers((50, 60), (80, 110)))
    return blob((height, width), (height / 2, width / 2), (height / 3, width / 4), rng.uniform(-30, 30))


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
