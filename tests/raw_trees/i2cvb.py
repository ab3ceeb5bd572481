"""A small I2CVB: two vendors, folders with spaces, and one DICOM series for each structure."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import (
    Stored,
    Truth,
    anatomy,
    blob,
    macos_junk,
    paint,
    stacks,
    store,
    write_dicom_series,
)

_SHAPE, _SPACING = (7, 44, 40), (3.0, 0.68, 0.7)
#: Patient -> vendor, orientation, tilt, whether there is cancer.
_PATIENTS = {
    "Patient 428260": ("GE", "LPS", 0.0, False),
    "Patient 33540": ("GE", "LPI", 8.0, True),
    "Patient 383": ("Siemens", "LPS", 12.0, True),
    "Patient 387": ("Siemens", "LPS", 0.0, False),
}
_FOLDERS = {
    "prostate": "prostate",
    "pz": "prostate_peripheral_zone",
    "cg": "prostate_central_gland",
    "cap": "prostate_cancer",
}


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``GE`` and ``Siemens`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for patient, (vendor, axcodes, tilt, has_cancer) in _PATIENTS.items():
        folder = root / vendor / patient
        labels = anatomy(rng, _SHAPE, (1, 2))
        image = store(paint(rng, labels).astype(np.uint16), "axial", axcodes, _SPACING, tilt=tilt)
        _series(folder / "T2W", image, patient)
        zones = stacks(labels, {"pz": 1, "cg": 2})
        masks = {"prostate": labels > 0, **zones}
        if has_cancer:
            masks["cap"] = zones["pz"] & blob(_SHAPE[1:], (20, 9), (9, 7))
        for number, (structure, drawn) in enumerate(masks.items()):
            grey = drawn * np.array(255 if number % 2 else 4095, np.uint16)
            stored = store(grey, "axial", axcodes, _SPACING, tilt=tilt)
            _series(folder / "GT" / structure, stored, patient + structure, backwards=True)
        if patient == "Patient 428260":  # lacks the last slice, whose 51 pixels are then in pz only
            at = _SHAPE[0] - 1
            (folder / "GT" / "prostate" / _slice(at, backwards=True)).unlink()
            masks["prostate"] = np.concatenate([masks["prostate"][:-1], np.zeros_like(masks["prostate"][-1:])])
        others = store(np.zeros((3, 20, 20), np.uint16), "axial", "LPS", (5.0, 1.5, 1.5))
        _series(folder / "DCE", others, patient + "DCE")
        name = patient.replace(" ", "_")
        named = {_FOLDERS[structure]: drawn for structure, drawn in masks.items()}
        # Slices are sorted by their positions, whatever the order of the files.
        truth.add_volume(f"i2cvb/{name}", range(_SHAPE[0]), named, subject=name, modality="T2W MRI")
    _series(root / "Siemens" / "Patient 737" / "T2W", image, "737")
    macos_junk(folder / "T2W", _slice(0))
    macos_junk(folder / "GT" / "prostate", _slice(0))
    return truth


def _slice(k: int, *, backwards: bool = False) -> str:
    return f"MR{99 - k if backwards else k:04d}.dcm"


def _series(folder: Path, volume: Stored, uids: str, *, backwards: bool = False) -> None:
    """Write a series; ``backwards`` makes the order of its names run against that of the positions."""
    count = volume.array.shape[2]
    write_dicom_series([folder / _slice(k, backwards=backwards) for k in range(count)], volume, uids=uids)
