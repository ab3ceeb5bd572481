"""A small KiPA22: cropped volumes of HU + 1024 as unsigned integers, an unlabelled test part."""

from pathlib import Path

import nibabel as nib
import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

_NAMES = {"renal_vein": 1, "kidney": 2, "renal_artery": 3, "kidney_tumor": 4}


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``train`` and ``test`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for number, axcodes in (("0", "LPS"), ("1", "LPS"), ("10", "RAS"), ("69", "LPS")):
        labels = anatomy(rng, (7, 40, 48), tuple(_NAMES.values()))
        image = store(paint(rng, labels).astype(np.uint16), "axial", axcodes, (0.6, 0.6, 0.6))
        drawn = store(labels.astype(np.uint8), "axial", axcodes, (0.6, 0.6, 0.6))
        write_nifti(root / "train" / "image" / f"{number}.nii.gz", image.array, image.affine)
        write_nifti(root / "train" / "label" / f"{number}.nii.gz", drawn.array, drawn.affine)
        masks = stacks(labels, _NAMES)
        truth.add_volume(f"kipa22/{number}", image.slice_index, masks, subject=number, modality="CT")
    assert np.isnan(nib.load(root / "train" / "image" / "0.nii.gz").header["scl_slope"])
    write_nifti(root / "test" / "image" / "70.nii.gz", image.array, image.affine)
    macos_junk(root / "train" / "label", "0.nii.gz")
    return truth
