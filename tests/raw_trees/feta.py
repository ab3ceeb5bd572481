"""A small FeTA: BIDS folders of two reconstruction methods, tissue maps as floating point, biometry beside them."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

NAMES = {
    "external_cerebrospinal_fluid": 1,
    "gray_matter": 2,
    "white_matter": 3,
    "brain_ventricles": 4,
    "cerebellum": 5,
    "deep_gray_matter": 6,
    "brainstem": 7,
}

# Case, file axes, type of the image, tissues that are there (the last one has no brainstem in view).
_CASES = (
    ("sub-001_rec-mial", "LPS", np.int16, 7),
    ("sub-007_rec-mial", "RAS", np.float32, 7),
    ("sub-041_rec-irtk", "PSR", np.float32, 7),
    ("sub-080_rec-irtk", "RAS", np.int16, 6),
)


def write(root: Path, seed: int = 0, *, release: str = "2.1") -> Truth:
    """Write four cases below ``root/feta_<release>``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / f"feta_{release}"
    for case, axcodes, dtype, count in _CASES:
        subject = case.split("_")[0]
        names = dict(list(NAMES.items())[:count])
        labels = anatomy(rng, (7, 48, 50), tuple(names.values()))
        image = store(paint(rng, labels).astype(dtype), "axial", axcodes, (0.55, 0.5, 0.5))
        drawn = store(labels.astype(np.float32), "axial", axcodes, (0.55, 0.5, 0.5))
        folder = base / subject / "anat"
        write_nifti(folder / f"{case}_T2w.nii.gz", image.array, image.affine)
        write_nifti(folder / f"{case}_dseg.nii.gz", drawn.array, drawn.affine)
        for kind in ("T2w", "dseg"):
            (folder / f"{case}_{kind}.json").write_text("{}\n")
        if release == "2.4":
            write_nifti(folder / f"{case}_meas.nii.gz", 9 * (drawn.array > 0), drawn.affine)
        truth.add_volume(f"feta/{case}", image.slice_index, stacks(labels, names), subject=subject, modality="T2W MRI")
        macos_junk(folder, f"{case}_T2w.nii.gz", f"{case}_dseg.nii.gz")
    (base / "participants.tsv").write_text("participant_id\tPathology\tGestational age\nsub-001\tNeurotypical\t27.9\n")
    (base / "dataset_description.json").write_text("{}\n")
    return truth
