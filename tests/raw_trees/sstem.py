"""A small ssTEM: two multi-page TIFFs, white cells with black membranes between them, and a stack without labels."""

from pathlib import Path

import numpy as np
import tifffile
from raw_trees.phantom import Truth, anatomy, blob, macos_junk

_SHAPE = (8, 64, 72)


def write(root: Path, seed: int = 0) -> Truth:
    """Write the three files into ``root``; one section is membrane but for 50 pixels, one but for 51."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    drawn = anatomy(rng, _SHAPE, (1,)) > 0
    for k in range(2, 7):
        drawn[k] = ~(blob(_SHAPE[1:], (30 + k, 36), (20, 24)) ^ blob(_SHAPE[1:], (30 + k, 36), (16, 20)))
    grey = (np.where(drawn, 140, 40) + rng.integers(0, 60, _SHAPE)).astype(np.uint8)
    root.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(root / "train-volume.tif", grey, imagej=True)
    tifffile.imwrite(root / "train-labels.tif", drawn * np.uint8(255), imagej=True)
    tifffile.imwrite(root / "test-volume.tif", grey[::-1], imagej=True)
    macos_junk(root, "train-volume.tif", "train-labels.tif")
    truth.add_volume(
        "sstem/train-volume",
        range(_SHAPE[0]),
        {"neural_structure": drawn},
        subject="train-volume",
        modality="Electron Microscopy",
        letter="n",
    )
    return truth
