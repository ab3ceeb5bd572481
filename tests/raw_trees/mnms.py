"""A small M&Ms: 4D cine volumes, labels empty but for two frames, and the table that names them."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

NAMES = {"left_ventricle": 1, "left_ventricular_myocardium": 2, "right_ventricle": 3}
TABLE = "211230_M&Ms_Dataset_information_diagnosis_opendataset.csv"

# Folder, study, split, frames of end-diastole and end-systole, plane nearest to the short axis, axis codes.
_STUDIES = (
    ("Training/Labeled", "A0S9V9", "train", (0, 2), "axial", "LPS"),
    ("Training/Labeled", "B3F5U9", "train", (3, 2), "coronal", "LIP"),
    ("Validation", "A5C2D2", "validation", (0, 1), "axial", "LPI"),
    ("Testing", "A1K2P5", "test", (1, 3), "axial", "RAS"),
)
_N_FRAMES = 4


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``root/OpenDataset``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "OpenDataset"
    table = [",External code,VendorName,Vendor,Centre,ED,ES,Age,Pathology,Sex,Height,Weight"]
    for number, (part, code, split, frames, plane, axcodes) in enumerate(_STUDIES):
        series, drawn = [], []
        for frame in range(_N_FRAMES):
            labels = anatomy(rng, (7, 40, 48), tuple(NAMES.values()))
            image = store(paint(rng, labels), plane, axcodes, (9.2, 1.2, 1.3), tilt=12)
            series.append(image.array)
            drawn.append(store(labels if frame in frames else labels * 0, plane, axcodes, (9.2, 1.2, 1.3)).array)
            if frame in frames:
                case = f"mnms/{code}_{'ED' if frame == frames[0] else 'ES'}"
                masks = stacks(labels, NAMES)
                index = image.slice_index
                letter = plane[0]
                truth.add_volume(case, index, masks, subject=code, modality="Cine-MRI", split=split, letter=letter)
        dtype = np.float64 if number == 1 else np.uint8
        write_nifti(base / part / code / f"{code}_sa.nii.gz", np.stack(series, axis=-1), image.affine)
        write_nifti(base / part / code / f"{code}_sa_gt.nii.gz", np.stack(drawn, axis=-1).astype(dtype), image.affine)
        table.append(f"{number},{code},Philips,B,2,{frames[0]},{frames[1]},48,DCM,F,165.0,70.0")
    table.append("4,C4E9I1,GE,C,4,,,55,HCM,M,170.0,80.0")
    unlabelled = base / "Training" / "Unlabeled" / "C4E9I1" / "C4E9I1_sa.nii.gz"
    write_nifti(unlabelled, np.stack(series, axis=-1), image.affine)
    (base / TABLE).write_text("\n".join(table) + "\n")
    macos_junk(base, TABLE)
    macos_junk(base / "Testing" / "A1K2P5", "A1K2P5_sa.nii.gz", "A1K2P5_sa_gt.nii.gz")
    return truth
