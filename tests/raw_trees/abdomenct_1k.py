"""A small AbdomenCT-1K: images split over three parts, scans of several origins, the pack of pseudo tumours."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

_NAMES = {"liver": 1, "kidney": 2, "spleen": 3, "pancreas": 4}
# Part, case, file axes, slice spacing.
_CASES = (
    (1, "Case_00001", "LPS", 5.0),
    (1, "Case_00297", "RAS", 1.0),
    (2, "Case_00335", "IPL", 0.5),
    (3, "Case_00928", "RAS", 1.0),
    (3, "Case_01062", "LAI", 8.0),
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write the three parts, one of them in a folder of its own name, and ``Mask`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for part, case, axcodes, thickness in _CASES:
        labels = anatomy(rng, (6, 44, 52), tuple(_NAMES.values()))
        if case == "Case_00335":  # without a spleen
            labels[labels == _NAMES["spleen"]] = 0
        image = store(paint(rng, labels, -1024), "axial", axcodes, (thickness, 0.7, 0.8))
        drawn = store(labels.astype(np.uint8), "axial", axcodes, (thickness, 0.7, 0.8))
        folder = f"AbdomenCT-1K-ImagePart{part}" + ("/AbdomenCT-1K-ImagePart2" if part == 2 else "")
        write_nifti(root / folder / f"{case}_0000.nii.gz", image.array, image.affine)
        # Image and mask correspond although some headers disagree.
        affine = drawn.affine @ np.diag([-1, 1, 1, 1]) if case == "Case_01062" else drawn.affine
        write_nifti(root / "Mask" / f"{case}.nii.gz", drawn.array, affine)
        masks = stacks(labels, _NAMES)
        truth.add_volume(f"abdomenct_1k/{case}", image.slice_index, masks, subject=case, modality="CT")
    part_1 = root / "AbdomenCT-1K-ImagePart1"
    write_nifti(part_1 / "Case_00010_0000.nii.gz", image.array, image.affine)
    write_nifti(root / "AbdomenCT-1K-TumorLabels" / "Case_00010.nii.gz", drawn.array, drawn.affine)
    macos_junk(root / "Mask", "Case_00001.nii.gz")
    macos_junk(part_1, "Case_00001_0000.nii.gz")
    return truth
