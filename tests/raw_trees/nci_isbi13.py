"""A small NCI-ISBI 2013: DICOM as the NBIA Data Retriever stores it, NRRD labels partly on grids of their own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from raw_trees.phantom import Stored, Truth, anatomy, macos_junk, paint, stacks, store, write_dicom_series, write_itk

NAMES = {"prostate_peripheral_zone": 1, "prostate_central_gland": 2}
_SHAPE, _SPACING = (7, 40, 48), (4.0, 0.5, 0.4)
_ORIGIN = (-20.0, 15.0, 40.0)

# Part of the challenge, folder of the labels, patient, split.
_PATIENTS = (
    ("1500000000001", "Training", "Prostate3T-01-0001", "train"),
    ("1500000000001", "Training", "ProstateDx-01-0006", "train"),
    ("1500000000001", "Training", "ProstateDx-01-0055", "train"),
    ("1500000000002", "Leaderboard", "Prostate3T-02-0003", "validation"),
    ("1500000000003", "Test", "ProstateDx-03-0002", "test"),
)
_SUFFIXES = {"ProstateDx-01-0006": "_correctedLabels", "Prostate3T-02-0003": "_truth"}


def write(root: Path, seed: int = 0) -> Truth:
    """Write three manifests' downloads and the three label folders below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for manifest, part, patient, split in _PATIENTS:
        labels = anatomy(rng, _SHAPE, (1, 2))
        study = patient_folder(root / f"manifest-{manifest}", patient) / "07-14-2005-MRI PROSTATE-60871"
        # File names count from superior to inferior, against the slice normal.
        image = write_series(study / "3.000000-T2 TSE ax hi-28661", paint(rng, labels), patient=patient)
        if patient == "Prostate3T-01-0001":
            _write_other_series(rng, study)
        path = root / part / f"{patient}{_SUFFIXES.get(patient, '')}.nrrd"
        _write_labels(path, labels, patient)
        index = tuple(reversed(image.slice_index))
        masks = stacks(_covered(labels, patient), NAMES)
        truth.add_volume(f"nci_isbi13/{patient}", index, masks, subject=patient, modality="T2W MRI", split=split)
    for manifest in {manifest for manifest, *_ in _PATIENTS}:
        (root / f"manifest-{manifest}" / "metadata.csv").write_text("Series UID,Collection,Subject ID\n")
    macos_junk(root / "Training", "Prostate3T-01-0001.nrrd")
    return truth


def patient_folder(manifest: Path, patient: str) -> Path:
    """Where the retriever puts a patient."""
    return manifest / ("Prostate-3T" if "3T" in patient else "PROSTATE-DIAGNOSIS") / patient


def write_series(
    folder: Path,
    shown: NDArray[np.int16],
    *,
    patient: str,
    plane: str = "axial",
    axcodes: str = "LPI",
    description: str = "T2 TSE ax hi",
) -> Stored:
    """Write one series; its UID is made from the patient and the description."""
    image = store(shown, plane, axcodes, _SPACING, origin=_ORIGIN)
    write_dicom_series(
        [folder / f"1-{k + 1:02d}.dcm" for k in range(image.array.shape[2])],
        image,
        syntax=uid.ExplicitVRLittleEndian,
        uids=f"{patient} {description}",
        SeriesDescription=description,
    )
    return image


def _write_other_series(rng: np.random.Generator, study: Path) -> None:
    """Write what a patient of the whole collection has beside the annotated series."""
    empty = np.zeros(_SHAPE, np.int16)
    others: Sequence[tuple[str, str, str, str]] = (
        ("1.000000-T2 TSE sag-1", "sagittal", "PIR", "T2 TSE sag"),
        ("2.000000-T1 TSE ax-2", "axial", "LPS", "T1 TSE ax"),
        ("4.000000-ADC-3", "axial", "LPS", "ep2d_diff T2 ADC"),
    )
    for folder, plane, axcodes, description in others:
        write_series(
            study / folder,
            paint(rng, empty),
            patient="other",
            plane=plane,
            axcodes=axcodes,
            description=description,
        )


def _write_labels(path: Path, labels: NDArray[np.int16], patient: str) -> None:
    """Write the labels on the image's grid, or for some patients on another one that covers the same voxels."""
    drawn = labels.astype(np.uint8)
    if patient == "ProstateDx-01-0006":
        # Twice as many slices; the ones between those of the image are to be passed over.
        dense = np.zeros((2 * _SHAPE[0] - 1, *_SHAPE[1:]), np.uint8)
        dense[::2], dense[1::2] = drawn, 2 - drawn[:-1] % 2
        lowest = (_ORIGIN[0], _ORIGIN[1], _ORIGIN[2] - (_SHAPE[0] - 1) * _SPACING[0])
        stored = store(dense, "axial", "LPS", (_SPACING[0] / 2, *_SPACING[1:]), origin=lowest)
    elif patient == "ProstateDx-01-0055":
        # Fewer slices, rows and columns, all axes the other way round.
        part = drawn[1:-1, 2:, :-3]
        last = (_SHAPE[2] - 4) * _SPACING[2], (_SHAPE[1] - 1) * _SPACING[1], (_SHAPE[0] - 2) * _SPACING[0]
        corner = (_ORIGIN[0] - last[0], _ORIGIN[1] - last[1], _ORIGIN[2] - last[2])
        stored = store(part, "axial", "RAS", _SPACING, origin=corner)
    else:
        stored = store(drawn, "axial", "LPI", _SPACING, origin=_ORIGIN)
    write_itk(path, stored.array, stored.affine)


def _covered(labels: NDArray[np.int16], patient: str) -> NDArray[np.int16]:
    """What of the drawing the label file holds."""
    if patient != "ProstateDx-01-0055":
        return labels
    held = np.zeros_like(labels)
    held[1:-1, 2:, :-3] = labels[1:-1, 2:, :-3]
    return held
