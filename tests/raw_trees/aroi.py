"""AROI as the archive unpacks: B-scans of three patients, labels as numbers, colours for viewing, other readers."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, anatomy, exact_area, macos_junk, paint

SHAPE = (96, 64)
NAMES = (
    "ilm_to_ipl_inl",
    "ipl_inl_to_rpe",
    "rpe_to_bm",
    "under_bm",
    "pigment_epithelial_detachment",
    "subretinal_fluid",
    "intraretinal_fluid",
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write five labelled B-scans of each patient below ``root/AROI - online``, and more without labels."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "AROI - online" / "24 patient"
    for patient in ("patient1", "patient2", "patient24"):
        stack = anatomy(rng, (5, *SHAPE), range(1, 8))
        stack[-1][exact_area(SHAPE, 51, top=40)] = 6
        for index, labels in enumerate(stack):
            name = f"{patient}_raw{10 * index + 10:04d}"
            grey = (paint(rng, labels) // 4).astype(np.uint8)
            _save(base / patient / "raw" / "labeled" / f"{name}.png", grey)
            _save(base / patient / "raw" / "ALL" / f"{name}.png", grey)
            _save(base / patient / "raw" / "ALL" / f"{patient}_raw{10 * index + 11:04d}.png", grey[::-1])
            _save(base / patient / "mask" / "number" / f"{name}.png", labels.astype(np.uint8))
            _save(base / patient / "mask" / "colour" / f"{name}.png", np.stack([labels * 30] * 3, -1).astype(np.uint8))
            for reader in ("ground truth", "interobserver", "intraobserver"):
                _save(base.parent / "inter_intra" / reader / f"{name}.png", labels[::-1].astype(np.uint8))
            masks = {(label, 0, -1): labels == value for value, label in enumerate(NAMES, start=1)}
            truth.add(f"aroi/{name}", masks, subject=patient, modality="OCT")
    macos_junk(base / "patient1" / "mask" / "number", "patient1_raw0010.png")
    return truth


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(pixels)).save(path)
