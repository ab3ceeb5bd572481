"""A small WORD: labels without an sform, test labels beside the main folder, labels for scans of LiTS."""

from pathlib import Path

import nibabel as nib
import numpy as np
from raw_trees.phantom import Stored, Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

NAMES = {
    "liver": 1,
    "spleen": 2,
    "kidney_left": 3,
    "kidney_right": 4,
    "stomach": 5,
    "gallbladder": 6,
    "esophagus": 7,
    "pancreas": 8,
    "duodenum": 9,
    "colon": 10,
    "small_bowel": 11,
    "adrenal_gland": 12,
    "rectum": 13,
    "urinary_bladder": 14,
    "femur_head_left": 15,
    "femur_head_right": 16,
}
_CASES = (
    ("Tr", "word_0002", "train"),
    ("Tr", "word_0129", "train"),
    ("Val", "word_0001", "validation"),
    ("Ts", "word_0014", "test"),
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``WORD-V0.1.0`` and ``labelsTs`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "WORD-V0.1.0"
    for part, case, split in _CASES:
        labels = anatomy(rng, (6, 72, 84), tuple(NAMES.values()))
        image = store(paint(rng, labels, -1024), "axial", "LPS", (3.0, 0.9, 1.0))
        drawn = store(labels, "axial", "LPS", (3.0, 0.9, 1.0))
        write_nifti(base / f"images{part}" / f"{case}.nii.gz", image.array, image.affine)
        _write_label((root if part == "Ts" else base) / f"labels{part}" / f"{case}.nii.gz", drawn, case)
        truth.add_volume(
            f"word/{case}", image.slice_index, stacks(labels, NAMES), subject=case, modality="CT", split=split
        )
    write_nifti(base / "imagesTs" / "word_0016.nii.gz", image.array, image.affine)
    extra = base / "addition_validation_from_LiTS" / "lablesTs" / "liver_28_word_label.nii.gz"
    write_nifti(extra, drawn.array, drawn.affine)
    macos_junk(base / "labelsTr", "word_0002.nii.gz")
    return truth


def _write_label(path: Path, drawn: Stored, case: str) -> None:
    """Write 16 bit with an sform for word_0129, else 8 bit with a qform only, whose position is not the image's."""
    image = nib.Nifti1Image(drawn.array.astype(np.uint16 if case == "word_0129" else np.uint8), drawn.affine)
    if case != "word_0129":
        image.set_qform(np.diag([-1.0, -0.9, 3.0, 1.0]), code=1)
        image.set_sform(None)
        for row in ("srow_x", "srow_y", "srow_z"):
            image.header[row] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)
