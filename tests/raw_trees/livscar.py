"""A small LiVScar in the neutral layout: oblique short-axis stacks in several formats."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_itk, write_nifti

NAME = "left_ventricular_scar"

# Stem, suffixes of image and mask, plane nearest to the short axis, file axes, value of the scar.
_SCANS = (
    ("patient01", "nii.gz", "nii.gz", "axial", "LPS", 1),
    ("patient02", "nrrd", "nrrd", "coronal", "LIA", 255),
    ("pig01", "mhd", "nii", "axial", "RAS", 2),
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``images`` and ``masks`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for stem, image_suffix, mask_suffix, plane, axcodes, value in _SCANS:
        labels = anatomy(rng, (7, 40, 48), (1,))
        image = store(paint(rng, labels), plane, axcodes, (8.0, 1.3, 1.5), tilt=20)
        drawn = store((labels * value).astype(np.uint8), plane, axcodes, (8.0, 1.3, 1.5), tilt=20)
        for folder, suffix, stored in (("images", image_suffix, image), ("masks", mask_suffix, drawn)):
            save = write_nifti if suffix.startswith("nii") else write_itk
            save(root / folder / f"{stem}.{suffix}", stored.array, stored.affine)
        masks = stacks(labels, {NAME: 1})
        truth.add_volume(f"livscar/{stem}", image.slice_index, masks, subject=stem, modality="CMR", letter=plane[0])
    write_nifti(root / "images" / "patient03.nii.gz", image.array, image.affine)  # has no mask
    macos_junk(root / "images", "patient01.nii.gz")
    macos_junk(root / "masks", "patient01.nii.gz")
    return truth
