"""A small QUBIQ 2021: pictures and volumes in NIfTI, one mask a task and rater, some raters missing."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from raw_trees.phantom import MaskKey, Truth, anatomy, blob, exact_area, macos_junk, paint, write_nifti

#: Set -> tasks, raters, shape (height, width); the number of singleton axes varies.
_PICTURES = {
    "brain-growth": (("brain_growth",), 7, (40, 40)),
    "brain-tumor": (("brain_tumor_task01", "brain_tumor_task02", "brain_tumor_task03"), 3, (48, 48)),
    "kidney": (("kidney",), 3, (50, 50)),
    "prostate": (("prostate_task01", "prostate_task02"), 6, (44, 36)),
}
_CHANNELS = ("T1W MRI", "T1-GD MRI", "T2W MRI", "T2-FLAIR MRI")
_TRAIN, _VALIDATION = "training_data_v3_QC", "validation_data_qubiq2021_QC"


def write(root: Path, seed: int = 0) -> Truth:
    """Write both labelled archives and the one without labels below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for name in _PICTURES:
        for case, archive, part in (
            ("case01", _TRAIN, "Training"),
            ("case09", _TRAIN, "Training"),
            ("case49", _VALIDATION, "Validation"),
        ):
            _picture(rng, truth, root / archive / name / part / case)
    for name, label in (("pancreas", "pancreas"), ("pancreatic-lesion", "pancreatic_lesion")):
        _volume(rng, truth, root / _TRAIN / name / "case1-1", label)
    _volume(rng, truth, root / _TRAIN / "pancreas" / "case1-2", "pancreas", knows_its_axes=True)
    _volume(rng, truth, root / _VALIDATION / "pancreas" / "case13-1", "pancreas")
    _nifti(root / "QUBIQ21_test" / "kidney" / "Testing" / "case25" / "image.nii.gz", np.zeros((50, 50), np.int16))
    macos_junk(root / _TRAIN / "kidney" / "Training" / "case01", "image.nii.gz", "task01_seg01.nii.gz")
    return truth


def _picture(rng: np.random.Generator, truth: Truth, folder: Path) -> None:
    name = folder.parents[1].name
    tasks, raters, shape = _PICTURES[name]
    masks: dict[MaskKey, NDArray[np.bool_]] = {}
    for number, label in enumerate(tasks, start=1):
        for rater in range(raters):
            if folder.name == "case09" and rater == 2:
                continue
            mask = blob(shape, (18 + number, 17 + rater / 2), (12, 11 + rater / 3), 10 * rater)
            if folder.name == "case09" and rater < 2:
                mask = exact_area(shape, 50 + rater, top=2 * number)
            elif folder.name == "case01" and rater == 1:
                mask = np.zeros(shape, bool)
            masks[label, 0, rater] = mask
            stored = mask.astype(np.float64 if rater else np.uint8)
            path = folder / f"task{number:02d}_seg{rater + 1:02d}.nii.gz"
            _nifti(path, stored[..., None] if name == "prostate" else stored)
    grey = paint(rng, np.any(list(masks.values()), axis=0).astype(int)).astype(np.float32)
    case = f"{name}/{folder.name}"
    split = "validation" if folder.parent.name == "Validation" else "train"
    if name == "brain-tumor":
        _nifti(folder / "image.nii.gz", np.stack([grey + 10 * k for k in range(4)], axis=-1))
        for k, modality in enumerate(_CHANNELS):
            truth.add(f"qubiq21/{case}/channel{k}", masks, subject=case, modality=modality, split=split)
        return
    _nifti(folder / "image.nii.gz", grey[..., None] if name in {"prostate", "kidney"} else grey)
    modality = "CT" if name == "kidney" else "MRI"
    truth.add(f"qubiq21/{case}", masks, subject=case, modality=modality, split=split)


def _nifti(path: Path, picture: NDArray[np.generic]) -> None:
    """Write (height, width) or (height, width, channels) with the columns as first axis."""
    write_nifti(path, picture.swapaxes(0, 1), np.diag([-0.6, -0.6, 1.0, 1.0]))


def _volume(rng: np.random.Generator, truth: Truth, folder: Path, label: str, *, knows_its_axes: bool = False) -> None:
    """Write slices along the first axis, which the header may know: anterior up, right on the left."""
    drawn = anatomy(rng, (8, 40, 44), (1,)) > 0
    affine = np.eye(4)
    if knows_its_axes:
        affine = np.array([[0, 0, -0.8, 0], [0, -0.7, 0, 0], [2.5, 0, 0, 0], [0, 0, 0, 1]])
    second = np.roll(drawn, 1, axis=2)
    image = paint(rng, (drawn | second).astype(int), offset=-1024)
    image[:, -2:] = -3024
    write_nifti(folder / "image.nii.gz", image, affine)
    for rater, mask in enumerate((drawn, second), start=1):
        write_nifti(folder / f"task01_seg{rater:02d}.nii.gz", mask.astype(np.uint8), affine)
    case = f"{folder.parent.name}/{folder.name}"
    for k in range(len(drawn)):
        truth.add(
            f"qubiq21/{case}/{'a' if knows_its_axes else 'n'}{k:03d}",
            {(label, 0, 0): drawn[k], (label, 0, 1): second[k]},
            subject=case.rpartition("-")[0],
            modality="CT",
            split="validation" if folder.name == "case13-1" else "train",
        )
