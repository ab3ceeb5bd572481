"""iChallenge-PALM as the open release or as the challenge's archives: dark-on-white BMP masks in three splits."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (58, 62)
LABELS = {"Disc": "optic_disc", "Atrophy": "retinal_atrophy", "Detachment": "retinal_detachment"}
_OPEN = {part: (f"PALM/{part}/Images",) + (f"PALM/{part}",) * 2 for part in ("Training", "Validation", "Testing")}
_TRAINING = "PALM-Training400/PALM-Training400"
_CHALLENGE = {
    "Training": (_TRAINING, f"{_TRAINING}-Annotation-D&F", f"{_TRAINING}-Annotation-Lession"),
    "Validation": ("PALM-Validation400", "PALM-Validation-GT", "PALM-Validation-GT"),
}


def write(root: Path, seed: int = 0, *, challenge: bool = False) -> Truth:
    """Write photographs of three splits; one has no mask at all.

    Args:
        root: an empty folder.
        seed: of noise and shapes.
        challenge: the challenge's archives, which have no labels of the test part, instead of the open release.
    """
    rng = np.random.default_rng(seed)
    truth = Truth()
    drawn = {
        "H0001": {"Disc": _spot(rng, 0)},
        "N0001": {"Disc": exact_area(SHAPE, 51)},
        "N0002": {},
        "P0001": {label: _spot(rng, order) for order, label in enumerate(LABELS)},
        "P0002": {"Disc": exact_area(SHAPE, 50), "Atrophy": _spot(rng, 1)},
        "V0001": {"Disc": _spot(rng, 0), "Detachment": _spot(rng, 2)},
        "V0002": {"Atrophy": _spot(rng, 1)},
        "T0001": {"Disc": _spot(rng, 0), "Atrophy": _spot(rng, 1)},
    }
    for number, (name, masks) in enumerate(drawn.items()):
        photograph = rng.integers(60, 160, (*SHAPE, 3)).astype(np.uint8)
        part = {"V": "Validation", "T": "Testing"}.get(name[0], "Training")
        if challenge and part == "Testing":
            continue
        images, discs, lesions = (root / path for path in (_CHALLENGE if challenge else _OPEN)[part])
        blank = "_" if challenge else " "
        _save(images / f"{name}.jpg", photograph)
        if challenge:
            _save(discs / "Disc_Fovea_Illustration" / f"{name}.jpg", 255 - photograph)
        for label, mask in masks.items():
            grey = np.where(mask, 0, 255).astype(np.uint8)
            folder = discs / f"Disc{blank}Masks" if label == "Disc" else lesions / f"Lesion{blank}Masks" / label
            _save(folder / f"{name}.bmp", np.stack([grey] * 3, -1) if number % 2 else grey)
        truth.add(
            f"ichallenge_palm/{name}",
            {(LABELS[label], 0, -1): mask for label, mask in masks.items()},
            subject=name,
            modality="Fundus",
            split={"V": "validation", "T": "test"}.get(name[0], "train"),
        )
    macos_junk(root / "__MACOSX" / "PALM" / "Training" / "Disc Masks", "H0001.bmp")
    return truth


def _spot(rng: np.random.Generator, order: int) -> NDArray[np.bool_]:
    row, column = divmod(order, 2)
    centre = 15 + 27 * row + rng.uniform(-2, 2), 15 + 30 * column + rng.uniform(-2, 2)
    return blob(SHAPE, centre, (10, 11), rng.uniform(-15, 15))


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
