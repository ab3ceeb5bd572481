"""A small EPFL EM: multi-page TIFFs as ImageJ and others write them, and the block without labels."""

from pathlib import Path

import numpy as np
import tifffile
from raw_trees.phantom import Truth, anatomy, macos_junk

_SHAPE = (7, 60, 72)


def write(root: Path, seed: int = 0) -> Truth:
    """Write two labelled stacks and ``volumedata.tif`` into ``root``; the first and the second page have no mask."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    root.mkdir(parents=True, exist_ok=True)
    for name, split in (("training", "train"), ("testing", "test")):
        drawn = anatomy(rng, _SHAPE, (1,)) > 0
        grey = np.where(drawn, 60, 150) + rng.integers(0, 50, _SHAPE)
        truth_pages = drawn * np.uint8(255) if split == "train" else drawn
        tifffile.imwrite(root / f"{name}.tif", grey.astype(np.uint8), imagej=True)
        options = {"imagej": True} if split == "train" else {"photometric": "minisblack", "metadata": None}
        tifffile.imwrite(root / f"{name}_groundtruth.tif", truth_pages, **options)
        masks = {"mitochondria": drawn}
        truth.add_volume(
            f"epfl_em/{name}",
            range(_SHAPE[0]),
            masks,
            subject=name,
            modality="Electron Microscopy",
            split=split,
            letter="n",
        )
    tifffile.imwrite(root / "volumedata.tif", grey.astype(np.uint8), photometric="minisblack")
    macos_junk(root, "training.tif", "training_groundtruth.tif")
    return truth
