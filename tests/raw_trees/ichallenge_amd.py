"""iChallenge-AMD, its archives unpacked side by side: dark-on-white BMP masks, illustrations, a doubled folder."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (60, 64)
LABELS = {
    "Disc_Masks": "optic_disc",
    "drusen": "drusen",
    "exudate": "exudate",
    "hemorrhage": "hemorrhage",
    "scar": "scar",
    "others": "other_lesion",
}


def write(root: Path, seed: int = 0) -> Truth:
    """Write five photographs with masks, one without any, and one with a mask of the class that is left out only."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base, lesions = root / "Training400", root / "Training400-Lesion" / "Training400-Lesion" / "Lesion_Masks"
    drawn = {
        "A0001": {folder: _spot(rng, order) for order, folder in enumerate(LABELS)},
        "A0002": {"Disc_Masks": _spot(rng, 0), "drusen": exact_area(SHAPE, 50, top=30), "scar": _spot(rng, 4)},
        "A0089": {"exudate": exact_area(SHAPE, 51, top=30), "hemorrhage": np.zeros(SHAPE, bool)},
        "N0001": {"Disc_Masks": _spot(rng, 0)},
        "N0002": {},
        "N0311": {"Disc_Masks": exact_area(SHAPE, 50), "drusen": _spot(rng, 1)},
        "N0310": {"others": _spot(rng, 5)},
    }
    for number, (name, masks) in enumerate(drawn.items()):
        photograph = rng.integers(60, 160, (*SHAPE, 3)).astype(np.uint8)
        _save(base / ("AMD" if name[0] == "A" else "Non-AMD") / f"{name}.jpg", photograph)
        _save(root / "Illustration" / "Disc_Fovea_Illustration" / f"{name}.jpg", 255 - photograph)
        for folder, mask in masks.items():
            grey = np.where(mask, 0, 255).astype(np.uint8)
            place = base / folder if folder == "Disc_Masks" else lesions / folder
            _save(place / f"{name}.bmp", np.stack([grey] * 3, -1) if number == 1 else grey)
        kept = {(LABELS[folder], 0, -1): mask for folder, mask in masks.items() if folder != "others"}
        truth.add(f"ichallenge_amd/{name}", kept, subject=name, modality="Fundus")
    (base / "Fovea_location.xlsx").write_bytes(b"PK")
    macos_junk(base / "AMD", "A0001.jpg")
    macos_junk(base / "Disc_Masks", "A0001.bmp")
    return truth


def _spot(rng: np.random.Generator, order: int) -> NDArray[np.bool_]:
    row, column = divmod(order, 3)
    centre = 15 + 28 * row + rng.uniform(-2, 2), 12 + 20 * column + rng.uniform(-2, 2)
    return blob(SHAPE, centre, (9, 8), rng.uniform(-15, 15))


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
