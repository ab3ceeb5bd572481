"""A small PROMISE12: MetaImage pairs, and test cases that reuse the names without labels."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_itk

_CASES = (("Case00", "LPS", 0.0), ("Case01", "LPS", 15.0), ("Case17", "LPI", 0.0), ("Case49", "RPS", -10.0))


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``training_data`` and ``test_data`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for case, axcodes, tilt in _CASES:
        labels = anatomy(rng, (7, 40, 48), (1,))
        image = store(paint(rng, labels), "axial", axcodes, (3.6, 0.625, 0.75), tilt=tilt)
        drawn = store(labels.astype(np.uint8), "axial", axcodes, (3.6, 0.625, 0.75), tilt=tilt)
        write_itk(root / "training_data" / f"{case}.mhd", image.array, image.affine)
        write_itk(root / "training_data" / f"{case}_segmentation.mhd", drawn.array, drawn.affine)
        masks = stacks(labels, {"prostate": 1})
        truth.add_volume(f"promise12/{case}", image.slice_index, masks, subject=case, modality="T2W MRI")
    for folder in ("test_data", "livechallenge_test_data"):
        write_itk(root / folder / "Case00.mhd", image.array, image.affine)
    macos_junk(root / "training_data", "Case00.mhd", "Case00_segmentation.mhd")
    return truth
