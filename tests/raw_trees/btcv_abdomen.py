"""A small BTCV as in RawData.zip: gaps in the numbers, test images, headers of which only the sform is right."""

from pathlib import Path

import nibabel as nib
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
    "portal_vein_and_splenic_vein": 10,
    "pancreas": 11,
    "adrenal_gland_right": 12,
    "adrenal_gland_left": 13,
}


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``RawData`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    training = root / "RawData" / "Training"
    for number, axcodes in (("0001", "LAS"), ("0010", "RAS"), ("0021", "LAS"), ("0040", "LPS")):
        labels = anatomy(rng, (7, 60, 72), tuple(NAMES.values()))
        if number == "0021":  # no gallbladder
            labels[labels == NAMES["gallbladder"]] = 0
        image = store(paint(rng, labels, -1024), "axial", axcodes, (3.0, 0.7, 0.8))
        drawn = store(labels.astype(np.uint8), "axial", axcodes, (3.0, 0.7, 0.8))
        write_nifti(training / "img" / f"img{number}.nii.gz", image.array, image.affine)
        label = nib.Nifti1Image(drawn.array, drawn.affine)
        if number == "0040":  # a header that turns rows round
            label.set_sform(drawn.affine @ np.diag([1, -1, 1, 1]), code=1)
        (training / "label").mkdir(exist_ok=True)
        nib.save(label, training / "label" / f"label{number}.nii.gz")
        masks = stacks(labels, NAMES)
        truth.add_volume(f"btcv_abdomen/img{number}", image.slice_index, masks, subject=f"img{number}", modality="CT")
    write_nifti(root / "RawData" / "Testing" / "img" / "img0061.nii.gz", image.array, image.affine)
    macos_junk(training / "label", "label0001.nii.gz")
    macos_junk(training / "img", "img0001.nii.gz")
    return truth
