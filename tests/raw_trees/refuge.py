"""REFUGE, the inner archives unpacked: three parts, grey-level BMP masks, leftovers of other challenges."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (58, 62)
PHOTOGRAPHS = {
    "g": "Training400/Glaucoma",
    "n": "Training400/Non-Glaucoma",
    "V": "REFUGE-Validation400",
    "T": "Test400",
}
MASKS = {
    "g": "Annotation-Training400/Disc_Cup_Masks/Glaucoma",
    "n": "Annotation-Training400/Disc_Cup_Masks/Non-Glaucoma",
    "V": "REFUGE-Validation400-GT/Disc_Cup_Masks",
    "T": "REFUGE-Test-GT/Disc_Cup_Masks/N",
}
SPLITS = {"g": "train", "n": "train", "V": "validation", "T": "test"}


def write(root: Path, seed: int = 0) -> Truth:
    """Write nine photographs with masks below ``root/REFUGE2/REFUGE2``, and one of REFUGE2 without."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "REFUGE2" / "REFUGE2"
    names = ("g0001", "g0040", "n0001", "n0360", "V0001", "V0400", "T0001")
    drawn = {name: _disc_and_cup(rng) for name in names}
    drawn["n0002"] = exact_area(SHAPE, 51), exact_area(SHAPE, 50)
    drawn["T0002"] = exact_area(SHAPE, 50), exact_area(SHAPE, 10)
    for number, (name, (disc, cup)) in enumerate(drawn.items()):
        part = name[0]
        photograph = rng.integers(60, 160, (*SHAPE, 3)).astype(np.uint8)
        _save(base / PHOTOGRAPHS[part] / f"{name}.jpg", photograph)
        grey = np.select([cup, disc], [0, 128], 255).astype(np.uint8)
        _save(base / MASKS[part] / f"{name}.bmp", np.stack([grey] * 3, -1) if number % 2 else grey)
        if SPLITS[part] == "train":
            _save(base / "Annotation-Training400" / "Disc_Cup_Fovea_Illustration" / f"{name}.jpg", 255 - photograph)
        masks = {("optic_disc", 0, -1): disc, ("optic_cup", 0, -1): cup}
        truth.add(f"refuge/{name}", masks, subject=name, modality="Fundus", split=SPLITS[part])
    _save(base / "Training400" / "AMD" / "A0012.jpg", photograph)
    _save(base / "Refuge2-Validation" / "V0401.jpg", photograph)
    (base / "REFUGE-Validation400-GT" / "Fovea_locations.xlsx").write_bytes(b"PK")
    (base / "REFUGE-Test-GT" / "Disc_Cup_Masks.zip").write_bytes(b"PK")
    macos_junk(base / "Annotation-Training400" / "Disc_Cup_Masks" / "Glaucoma", "g0001.bmp")
    return truth


def _disc_and_cup(rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    centre = 28 + rng.uniform(-3, 3), 30 + rng.uniform(-3, 3)
    disc = blob(SHAPE, centre, (20, 17), 10)
    return disc, disc & blob(SHAPE, centre, (10, 9), 10)


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
