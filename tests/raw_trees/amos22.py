"""A small AMOS 2022 after the challenge: CT and MRI in several orientations, junk of the Mac archive."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

NAMES = {
    "spleen": 1,
    "kidney_right": 2,
    "kidney_left": 3,
    "gallbladder": 4,
    "esophagus": 5,
    "liver": 6,
    "stomach": 7,
    "aorta": 8,
    "inferior_vena_cava": 9,
    "pancreas": 10,
    "adrenal_gland_right": 11,
    "adrenal_gland_left": 12,
    "duodenum": 13,
    "urinary_bladder": 14,
    "prostate_or_uterus": 15,
}
# Part, case, modality, file axes.
_CASES = (
    ("Tr", "amos_0001", "CT", "LAS"),
    ("Tr", "amos_0410", "CT", "LPS"),
    ("Tr", "amos_0507", "MRI", "RSA"),
    ("Va", "amos_0008", "CT", "RAS"),
    ("Va", "amos_0600", "MRI", "PSR"),
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``amos22`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "amos22"
    for part, case, modality, axcodes in _CASES:
        labels = anatomy(rng, (6, 72, 84), tuple(NAMES.values()))
        image = store(paint(rng, labels, -1024 if modality == "CT" else 0), "axial", axcodes, (5.0, 0.7, 0.8))
        drawn = store(labels, "axial", axcodes, (5.0, 0.7, 0.8))
        write_nifti(base / f"images{part}" / f"{case}.nii.gz", image.array.astype(np.float32), image.affine)
        dtype = np.float32 if case == "amos_0600" else np.uint8
        write_nifti(base / f"labels{part}" / f"{case}.nii.gz", drawn.array.astype(dtype), drawn.affine)
        split = "train" if part == "Tr" else "validation"
        masks = stacks(labels, NAMES)
        truth.add_volume(f"amos22/{case}", image.slice_index, masks, subject=case, modality=modality, split=split)
        macos_junk(root / "__MACOSX" / "amos22" / f"labels{part}", f"{case}.nii.gz")
    write_nifti(base / "imagesTs" / "amos_0002.nii.gz", image.array, image.affine)
    write_nifti(base / "imagesTr" / "amos_0011.nii.gz", image.array, image.affine)
    macos_junk(base / "labelsTr", "amos_0001.nii.gz")
    (base / "dataset.json").write_text('{"licence": "CC-BY-SA 4.0", "labels": {"8": "arota"}}')
    return truth
