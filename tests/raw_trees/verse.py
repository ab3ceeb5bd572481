"""A small VerSe: both years in the layout by subject, mixed orientations, masks as floating point."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

NAMES = {"vertebrae_T11": 18, "vertebrae_T12": 19, "vertebrae_T13": 28, "vertebrae_L1": 20, "vertebrae_L6": 25}

# Folder of the archive, case, split, orientation.
_SCANS = (
    ("dataset-verse19training", "sub-verse004", "train", "PIR"),
    ("dataset-verse19training", "sub-verse401_split-verse253", "train", "LPS"),
    ("dataset-verse19training", "sub-verse401_split-verse254", "train", "RAS"),
    ("dataset-verse19validation", "sub-verse033", "validation", "LAS"),
    ("dataset-01training", "sub-gl003_dir-ax", "train", "ASL"),
    ("dataset-03test", "sub-verse563_dir-sag", "test", "LIP"),
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write four of the six archives' folders below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for folder, name, split, axcodes in _SCANS:
        subject = name.partition("_")[0]
        labels = anatomy(rng, (6, 48, 40), tuple(NAMES.values()))
        image = store(paint(rng, labels, offset=-1000), "sagittal", axcodes, (2.0, 1.0, 1.0), tilt=8)
        dtype = np.float64 if split == "validation" else np.uint8
        drawn = store(labels.astype(dtype), "sagittal", axcodes, (2.0, 1.0, 1.0), tilt=8)
        raw, derived = (root / folder / part / subject for part in ("rawdata", "derivatives"))
        write_nifti(raw / f"{name}_ct.nii.gz", image.array, image.affine)
        write_nifti(derived / f"{name}_seg-vert_msk.nii.gz", drawn.array, drawn.affine)
        (derived / f"{name}_seg-subreg_ctd.json").write_text('[{"direction": ["P", "I", "R"]}]\n')
        (derived / f"{name}_seg-vert_snp.png").touch()
        masks = stacks(labels, NAMES)
        index = image.slice_index
        truth.add_volume(f"verse/{name}", index, masks, subject=subject, modality="CT", split=split, letter="s")
    macos_junk(derived, f"{name}_seg-vert_msk.nii.gz")
    return truth
