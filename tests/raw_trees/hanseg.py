"""A small HaN-Seg: a CT, an MR on a grid of its own, and a Slicer mask for each organ, some of them cropped."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, blob, macos_junk, paint, stacks, store, write_itk

#: Organ -> label, in the order in which they are drawn.
ORGANS = {
    "A_Carotid_L": "carotid_artery_left",
    "Bone_Mandible": "mandible",
    "Eye_PR": "eyeball_posterior_right",
    "OpticNrv_L": "optic_nerve_left",
    "Parotid_R": "parotid_gland_right",
    "SpinalCord": "spinal_cord",
}
_SPACING = (3.0, 0.9, 0.7)


def write(root: Path, seed: int = 0) -> Truth:
    """Write four cases below ``root/HaN-Seg/set_1``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "HaN-Seg" / "set_1"
    for case, axcodes in (("case_01", "LPS"), ("case_02", "LPS"), ("case_17", "RAS"), ("case_42", "LPI")):
        labels = anatomy(rng, (7, 60, 72), range(1, 7))
        if case == "case_02":  # has no right parotid gland
            labels[labels == 5] = 0
        image = store(paint(rng, labels, offset=-1000), "axial", axcodes, _SPACING)
        write_itk(base / case / f"{case}_IMG_CT.nrrd", image.array, image.affine)
        magnetic = store(rng.integers(0, 900, (5, 30, 30), np.int16), "axial", "LPS", (4.0, 1.0, 1.0), tilt=8)
        write_itk(base / case / f"{case}_IMG_MR_T1.nrrd", magnetic.array, magnetic.affine)
        masks = stacks(labels, {label: value for value, label in enumerate(ORGANS.values(), start=1)})
        masks["optic_nerve_left"] |= masks["eyeball_posterior_right"] & blob((60, 72), (15, 60), (12, 12))  # overlap
        for organ, label in ORGANS.items():
            if masks[label].any():
                drawn = store(masks[label].astype(np.uint8), "axial", axcodes, _SPACING)
                is_cropped = case == "case_17" or organ == "SpinalCord"
                _write_mask(base / case / f"{case}_OAR_{organ}.seg.nrrd", drawn.array, drawn.affine, is_cropped)
        _write_mask(base / case / f"{case}_OAR_Pituitary.seg.nrrd", np.zeros_like(drawn.array), drawn.affine, False)
        truth.add_volume(f"hanseg/{case}", image.slice_index, masks, subject=case, modality="CT")
        macos_junk(base / case, f"{case}_IMG_CT.nrrd", f"{case}_OAR_SpinalCord.seg.nrrd")
    (root / "HaN-Seg" / "OAR_data.csv").write_text("case,organ,volume\n")
    return truth


def _write_mask(path: Path, array: np.ndarray, affine: np.ndarray, is_cropped: bool) -> None:
    """Write the whole grid, or only the box of the organ, whose corner is then the origin."""
    if is_cropped:
        filled = np.argwhere(array)
        low, high = filled.min(axis=0), filled.max(axis=0) + 1
        array = array[tuple(map(slice, low, high))]
        affine = affine.copy()
        affine[:3, 3] += affine[:3, :3] @ low
    write_itk(path, array, affine)
