"""A small crossMoDA with the source scans of three years side by side, and unlabelled target scans."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

_2021 = {"vestibular_schwannoma": 1, "cochlea": 2}
_2023 = {"vestibular_schwannoma_intrameatal": 1, "vestibular_schwannoma_extrameatal": 2, "cochlea": 3}

# Folder, case, file axes and plane of the slices as drawn, label type.
_CASES = (
    ("crossmoda_training/source_training", "crossmoda_1", "LPS", np.uint8, _2021),
    ("crossmoda_training/source_training", "crossmoda_2", "RAS", np.float32, _2021),
    ("crossmoda_training/source_training", "crossmoda_105", "LPS", np.int16, {"cochlea": 2}),
    ("crossmoda2022_training/training_source", "crossmoda2021_ldn_1", "LPS", np.uint8, _2021),
    ("crossmoda2022_training/training_source", "crossmoda2022_etz_1", "LAS", np.uint8, _2021),
    ("crossmoda23_training/TrainingSource", "crossmoda2023_etz_1", "PIR", np.uint8, _2023),
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write six labelled scans below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for folder, case, axcodes, dtype, names in _CASES:
        labels = anatomy(rng, (7, 40, 48), tuple(names.values()))
        image = store(paint(rng, labels), "axial", axcodes, (1.5, 0.5, 0.4), tilt=5)
        drawn = store(labels.astype(dtype), "axial", axcodes, (1.5, 0.5, 0.4), tilt=5)
        write_nifti(root / folder / f"{case}_ceT1.nii.gz", image.array, image.affine)
        write_nifti(root / folder / f"{case}_Label.nii.gz", drawn.array, drawn.affine)
        masks = stacks(labels, names)
        modality = "post-contrast T1W MRI"
        truth.add_volume(f"crossmoda/{case}", image.slice_index, masks, subject=case, modality=modality)
        macos_junk(root / folder, f"{case}_ceT1.nii.gz", f"{case}_Label.nii.gz")
    for target in (
        "crossmoda_training/target_training/crossmoda_106_hrT2.nii.gz",
        "crossmoda_validation/target_validation/crossmoda_211_hrT2.nii.gz",
        "crossmoda23_training/TrainingTarget/crossmoda2023_etz_106_T2.nii.gz",
    ):
        write_nifti(root / target, image.array, image.affine)
    return truth
