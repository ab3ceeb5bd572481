"""A small BraTS 2020: four sequences a study, validation without labels, one misnamed label."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

NAMES = {
    "brain_tumor_necrotic_and_nonenhancing_core": 1,
    "brain_tumor_edema": 2,
    "brain_tumor_enhancing": 4,
}
SEQUENCES = {"flair": "T2-FLAIR MRI", "t1": "T1W MRI", "t1ce": "T1-GD MRI", "t2": "T2W MRI"}
MISNAMED = "W39_1998.09.19_Segm"


def write(root: Path, seed: int = 0, *, kaggle: bool = False) -> Truth:
    """Write the official layout, or with ``kaggle`` that of the widely used copy (one folder more, no ``.gz``)."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    above, suffix = ("BraTS2020_{}Data/", ".nii") if kaggle else ("", ".nii.gz")
    training = root / (above.format("Training") + "MICCAI_BraTS2020_TrainingData")
    # The second study has no enhancing tumour.
    for study, values in (("001", (1, 2, 4)), ("002", (1, 2)), ("355", (2, 4, 1))):
        name = f"BraTS20_Training_{study}"
        labels = anatomy(rng, (6, 48, 42), values)
        for sequence, modality in SEQUENCES.items():
            image = store(paint(rng, labels), "axial", "LPS", (1.0, 1.0, 1.0), origin=(0.0, 239.0, 0.0))
            write_nifti(training / name / f"{name}_{sequence}{suffix}", image.array, image.affine)
            truth.add_volume(
                f"brats20/{name}/{sequence}",
                image.slice_index,
                stacks(labels, NAMES),
                subject=name,
                modality=modality,
            )
        drawn = store(labels, "axial", "LPS", (1.0, 1.0, 1.0), origin=(0.0, 239.0, 0.0))
        # The misnamed label is stored as floating point.
        misnamed = study == "355"
        array = drawn.array.astype(np.float32 if misnamed else np.uint8)
        stem = MISNAMED if misnamed else f"{name}_seg"
        write_nifti(training / name / f"{stem}{suffix}", array, drawn.affine)
    validation = root / (above.format("Validation") + "MICCAI_BraTS2020_ValidationData") / "BraTS20_Validation_001"
    for sequence in SEQUENCES:
        write_nifti(validation / f"BraTS20_Validation_001_{sequence}{suffix}", image.array, image.affine)
    (training / "name_mapping.csv").write_text("Grade,BraTS_2020_subject_ID\nHGG,BraTS20_Training_001\n")
    (training / "survival_info.csv").write_text("Brats20ID,Age,Survival_days,Extent_of_Resection\n")
    junk = "BraTS20_Training_355"
    macos_junk(training / junk, f"{junk}_t1{suffix}", f"{MISNAMED}{suffix}")
    return truth
