"""A small ACDC: NIfTI frames on oblique short axes, labels whose header differs from the image's."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

NAMES = {"right_ventricle": 1, "left_ventricular_myocardium": 2, "left_ventricle": 3}

# Patient, frames (the first one is not always 01), plane nearest to the short axis, file axes, tilt in degrees.
_PATIENTS = (
    ("training", "patient001", (1, 12), "axial", "LPS", 0.0),
    ("training", "patient003", (1, 15), "axial", "RAS", 30.0),
    ("training", "patient090", (4, 11), "coronal", "LIA", -20.0),
    ("testing", "patient101", (1, 14), "axial", "PLI", 10.0),
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``ACDC/database`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    database = root / "ACDC" / "database"
    for part, patient, frames, plane, axcodes, tilt in _PATIENTS:
        folder = database / part / patient
        spacing = (10.0, 1.4, 1.6)
        for frame in frames:
            labels = anatomy(rng, (7, 40, 48), tuple(NAMES.values()))
            image = store(paint(rng, labels), plane, axcodes, spacing, tilt=tilt)
            drawn = store(labels.astype(np.uint8), plane, axcodes, spacing, tilt=tilt)
            # Some label headers lost the position and the direction of their image.
            affine = np.diag([1.6, 1.4, 10.0, 1.0]) if patient == "patient003" else drawn.affine
            write_nifti(folder / f"{patient}_frame{frame:02d}.nii.gz", image.array, image.affine)
            write_nifti(folder / f"{patient}_frame{frame:02d}_gt.nii.gz", drawn.array, affine)
            truth.add_volume(
                f"acdc/{patient}_frame{frame:02d}",
                image.slice_index,
                stacks(labels, NAMES),
                subject=patient,
                modality="Cine-MRI",
                split="train" if part == "training" else "test",
                letter=plane[0],
            )
        series = np.stack([image.array] * 3, axis=-1)
        write_nifti(folder / f"{patient}_4d.nii.gz", series, image.affine)
        (folder / "Info.cfg").write_text(f"ED: {frames[0]}\nES: {frames[1]}\nGroup: DCM\nNbFrame: 30\n")
        (folder / "MANDATORY_CITATION.md").write_text("Please cite the challenge.\n")
    # Older copies hold test patients without labels.
    write_nifti(database / "testing" / "patient102" / "patient102_frame01.nii.gz", image.array, image.affine)
    macos_junk(database / "training" / "patient001", "patient001_frame01.nii.gz", "patient001_frame01_gt.nii.gz")
    return truth
