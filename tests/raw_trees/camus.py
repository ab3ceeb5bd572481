"""A small CAMUS: the NIfTI release, two views and two frames of four patients, and labelled half sequences."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from raw_trees.phantom import Truth, anatomy, macos_junk, stacks, write_nifti

NAMES = {"left_ventricle": 1, "left_ventricular_myocardium": 2, "left_atrium": 3}
_PATIENTS = {"patient0001": "train", "patient0002": "train", "patient0031": "validation", "patient0500": "test"}
_LISTS = {"train": "training", "validation": "validation", "test": "testing"}
_AFFINE = np.diag([0.308, 0.154, 1.54, 1.0])


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``database_nifti`` and ``database_split`` below ``root/CAMUS_public``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "CAMUS_public"
    for number, (patient, split) in enumerate(_PATIENTS.items()):
        folder = base / "database_nifti" / patient
        for view in ("2CH", "4CH"):
            drawn = anatomy(rng, (6, 44 + number, 36), tuple(NAMES.values()))
            frames = np.stack([sector(rng, one) for one in drawn])
            # Mask of 50 pixels, dropped: slice 0; of 51: the last.
            for phase, index in (("ED", 0 if view == "2CH" else 3), ("ES", 5 if view == "2CH" else 2)):
                name = f"{patient}_{view}_{phase}"
                write_nifti(folder / f"{name}.nii.gz", frames[index].T, _AFFINE)
                labels = drawn[index].astype(np.float32 if patient == "patient0002" else np.uint8)
                write_nifti(folder / f"{name}_gt.nii.gz", labels.T, _AFFINE if number else np.eye(4))
                masks = {(label, 0, -1): one for label, one in stacks(drawn[index], NAMES).items()}
                truth.add(f"camus/{name}/n000", masks, subject=patient, modality="Ultrasound", split=split)
            sequence = folder / f"{patient}_{view}_half_sequence"
            write_nifti(sequence.with_suffix(".nii.gz"), frames.transpose(2, 1, 0), _AFFINE)
            labels = drawn.astype(np.uint8).transpose(2, 1, 0)
            write_nifti(sequence.with_name(f"{sequence.name}_gt.nii.gz"), labels, _AFFINE)
            (folder / f"Info_{view}.cfg").write_text("ED: 1\nES: 6\nNbFrame: 6\nImageQuality: Good\n")
    (base / "database_split").mkdir()
    for split, name in _LISTS.items():
        patients = [patient for patient, own in _PATIENTS.items() if own == split]
        (base / "database_split" / f"subgroup_{name}.txt").write_text("\n".join(patients) + "\n")
    macos_junk(folder, f"{patient}_2CH_ED.nii.gz", f"{patient}_2CH_ED_gt.nii.gz")
    return truth


def sector(rng: np.random.Generator, labels: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Grey values of one frame: a bright sector with its apex at the top, brighter where labelled."""
    row, column = np.mgrid[: labels.shape[0], : labels.shape[1]]
    inside = np.abs(column - labels.shape[1] / 2) <= row / 2
    grey = np.where(labels > 0, 180, np.where(inside, 60, 0)) + rng.integers(0, 40, labels.shape)
    return np.asarray(grey, np.uint8)
