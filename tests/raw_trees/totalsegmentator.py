"""TotalSegmentator CT, release v1 or v2: one file a class, most of them empty, and meta.csv with semicolons."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, blob, macos_junk, paint, stacks, store, write_nifti

#: Subject -> split in meta.csv, orientation of the file.
SUBJECTS = {"s0000": ("train", "RAS"), "s0001": ("val", "LPS"), "s0011": ("test", "PIR"), "s1429": ("train", "LAS")}
_COMMON = ("liver", "kidney_left", "kidney_right", "rib_left_4", "vertebrae_T12", "spleen", "brain", "colon")
_OWN = {"v1": ("heart_myocardium", "face"), "v2": ("heart", "kidney_cyst_left", "sternum")}
#: Classes that are drawn, a value each; the others have empty files.
_DRAWN = {
    "v1": {"liver": 1, "kidney_left": 2, "rib_left_4": 3, "heart_myocardium": 4},
    "v2": {"liver": 1, "kidney_left": 2, "rib_left_4": 3, "heart": 4},
}


def write(root: Path, seed: int = 0, *, release: str = "v2") -> Truth:
    """Write four subjects below the top folder of the release's archive.

    Args:
        root: an empty folder.
        seed: of noise and shapes.
        release: ``v1`` or ``v2``: class names and name of the top folder.
    """
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / ("Totalsegmentator_dataset" if release == "v1" else "Totalsegmentator_dataset_v201")
    lines = ["image_id;age;gender;institute;study_type;split"]
    for subject, (split, axcodes) in SUBJECTS.items():
        lines.append(f"{subject};60;m;A;ct abdomen;{split}")
        _write_subject(base / subject, axcodes, release, rng, truth)
        macos_junk(base / subject / "segmentations", "liver.nii.gz")
    (base / "meta.csv").write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    macos_junk(base, "s0000")
    return truth


def _write_subject(folder: Path, axcodes: str, release: str, rng: np.random.Generator, truth: Truth) -> None:
    drawn = _DRAWN[release]
    labels = anatomy(rng, (7, 40, 44), tuple(drawn.values()))
    masks = stacks(labels, drawn)
    if release == "v2":  # masks of different files may overlap
        cyst = blob((40, 44), (11, 33), (7, 9))
        masks["kidney_cyst_left"] = masks["kidney_left"] & cyst
    spacing = (1.5, 1.5, 1.5)
    image = store(paint(rng, labels, offset=-1024), "axial", axcodes, spacing)
    write_nifti(folder / "ct.nii.gz", image.array, image.affine)
    for name in dict.fromkeys((*_COMMON, *_OWN[release])):
        mask = store(masks.get(name, np.zeros_like(labels)).astype(np.uint8), "axial", axcodes, spacing)
        write_nifti(folder / "segmentations" / f"{name}.nii.gz", mask.array, mask.affine)
    split = SUBJECTS[folder.name][0].replace("val", "validation")
    truth.add_volume(
        f"totalsegmentator/{folder.name}",
        image.slice_index,
        masks,
        subject=folder.name,
        modality="CT",
        split=split,
    )
