"""A small MRSpineSeg: sagittal NIfTI volumes, masks with a small first letter, unlabelled test cases."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

_LEVELS = ("T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5", "S")
NAMES = {
    "sacrum": 1,
    **{f"vertebrae_{level}": 10 - at for at, level in enumerate(_LEVELS[:-1])},
    **{f"intervertebral_disc_{upper}_{_LEVELS[at + 1]}": 19 - at for at, upper in enumerate(_LEVELS[:-1])},
}


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``root/MRSpineSeg_Challenge_SMU`` with three training cases and one test case."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "MRSpineSeg_Challenge_SMU"
    for number, axcodes, first in ((1, "PIR", 1), (2, "PIL", 3), (172, "PIR", 1)):
        # The uppermost levels lie outside of many scans.
        values = [value for value in NAMES.values() if value >= first]
        labels = anatomy(rng, (6, 100, 100), values)
        image = store(paint(rng, labels), "sagittal", axcodes, (4.4, 0.34, 0.34), tilt=4)
        drawn = store(labels.astype(np.uint8), "sagittal", axcodes, (4.4, 0.34, 0.34), tilt=4)
        write_nifti(base / "train" / "MR" / f"Case{number}.nii.gz", image.array, image.affine)
        # Masks are drawn on the voxels of the image; a header may have lost where they lie.
        affine = np.eye(4) if number == 2 else drawn.affine
        write_nifti(base / "train" / "Mask" / f"mask_case{number}.nii.gz", drawn.array, affine)
        masks = stacks(labels, NAMES)
        case = f"Case{number}"
        index = image.slice_index
        truth.add_volume(f"mrspineseg/{case}", index, masks, subject=case, modality="T2W MRI", letter="s")
    write_nifti(base / "test1" / "MR" / "Case173.nii.gz", image.array, image.affine)
    macos_junk(base / "train" / "Mask", "mask_case1.nii.gz")
    macos_junk(base / "train" / "MR", "Case1.nii.gz")
    return truth
