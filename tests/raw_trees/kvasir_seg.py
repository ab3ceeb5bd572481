"""Kvasir-SEG as it unpacks: JPEG pictures, JPEG masks of the same names, the file of boxes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (60, 72)
NAMES = (
    "cju0qkwl35piu0993l0dewei2",
    "cju0qoxqj9q6s0835b43399p4",
    "cju0qx73cjw570799j4n5cjze",
    "cju0roawvklrq0799vmjorwfv",
    "cju0rx1idathl0835detmsp84",
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write five pictures below ``root/Kvasir-SEG``; one has two polyps, one too small a polyp."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "Kvasir-SEG"
    for name, mask in zip(NAMES, polyps(rng), strict=True):
        photograph(base / "images" / f"{name}.jpg", rng)
        jpeg_mask(base / "masks" / f"{name}.jpg", mask)
        truth.add(f"kvasir_seg/{name}", {("polyp", 0, -1): mask}, subject=name, modality="Colonoscopy")
    (base / "kavsir_bboxes.json").write_text("{}")
    macos_junk(base / "masks", f"{NAMES[0]}.jpg")
    return truth


def polyps(rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Five masks: two with one polyp, one with two, then 50 and 51 pixels."""
    one, other = (blob(SHAPE, (30, 40), rng.uniform(12, 20, 2), rng.uniform(-20, 20)) for _ in range(2))
    two = blob(SHAPE, (18, 16), (9, 11)) | blob(SHAPE, (42, 52), (12, 10), 30)
    return [one, other, two, exact_area(SHAPE, 50, 20, 20), exact_area(SHAPE, 51, 20, 20)]


def photograph(path: Path, rng: np.random.Generator, shape: tuple[int, int] = SHAPE) -> None:
    """Write a picture of noise in the colours of a bowel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = rng.integers(0, 40, (*shape, 3)) + np.array([150, 70, 50])
    Image.fromarray(noise.astype(np.uint8)).save(path, quality=90)


def jpeg_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write a mask white on black with three channels; JPEG leaves grey levels between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.repeat(mask[..., None] * np.uint8(255), 3, axis=2)).save(path, quality=92)
