"""A small SKI10: MetaImage pairs, training parts beside each other, and a test image without labels."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_itk

NAMES = {"femur": 1, "femoral_cartilage": 2, "tibia": 3, "tibial_cartilage": 4}

# Part, case, plane that the header states, orientation.
_KNEES = (
    ("training1", "001", "sagittal", "PIR"),
    ("training1", "002", "sagittal", "AIL"),
    ("training2", "060", "axial", "LPS"),
    ("training2", "100", "sagittal", "PIL"),
)


def write(root: Path, seed: int = 0) -> Truth:
    """Write two training parts and a test part below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for part, number, plane, axcodes in _KNEES:
        labels = anatomy(rng, (7, 52, 44), tuple(NAMES.values()))
        image = store(paint(rng, labels), plane, axcodes, (1.0, 0.39, 0.39))
        drawn = store(labels.astype(np.uint8), plane, axcodes, (1.0, 0.39, 0.39))
        write_itk(root / part / f"image-{number}.mhd", image.array, image.affine)
        # Labels lie on the voxels of the image; a header may have lost the origin.
        if number == "100":
            drawn.affine[:3, 3] = 0
        write_itk(root / part / f"labels-{number}.mhd", drawn.array, drawn.affine)
        case = f"image-{number}"
        masks = stacks(labels, NAMES)
        index, letter = image.slice_index, plane[0]
        truth.add_volume(f"ski10/{case}", index, masks, subject=case, modality="MRI", letter=letter)
    write_itk(root / "test" / "image-101.mhd", image.array, image.affine)
    macos_junk(root / "training1", "image-001.mhd", "labels-001.mhd")
    return truth
