"""A small BrainPTM: T1 and diffusion in one archive, a mask for each tract in another, placeholders in a third."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, blob, macos_junk, paint, stacks, store, write_nifti

NAMES = {
    "OR_left": "optic_radiation_left",
    "OR_right": "optic_radiation_right",
    "CST_left": "corticospinal_tract_left",
    "CST_right": "corticospinal_tract_right",
}
_SPACING = (1.25, 1.25, 1.25)


def write(root: Path, seed: int = 0) -> Truth:
    """Write three training cases, one of them without corticospinal tracts, and a test case."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for number, axcodes in ((1, "RAS"), (2, "LAS"), (60, "LPS")):
        case, tracts = f"case_{number}", list(NAMES)[: 2 if number == 1 else 4]
        labels = anatomy(rng, (7, 44, 48), range(1, len(tracts) + 1))
        masks = stacks(labels, {tract: value for value, tract in enumerate(tracts, start=1)})
        masks["OR_right"] |= masks["OR_left"] & blob((44, 48), (10, 20), (8, 8))  # tracts may cross
        data, drawn = root / "sheba75_data_train" / case, root / "sheba75_tracts_train" / case
        anatomical = store(paint(rng, labels), "axial", axcodes, _SPACING)
        write_nifti(data / "T1.nii.gz", anatomical.array, anatomical.affine)
        # The diffusion series of one case is stored in another orientation; its first volume shows something else.
        weighted = store(paint(rng, labels), "axial", axcodes, _SPACING)
        series = np.stack([rng.integers(0, 900, weighted.array.shape, np.int16), *[weighted.array] * 2], axis=-1)
        affine, slice_index = weighted.affine, weighted.slice_index
        if number == 60:
            series, affine, slice_index = series[:, :, ::-1], affine.copy(), tuple(reversed(slice_index))
            affine[:3, 3] += affine[:3, 2] * (len(slice_index) - 1)
            affine[:3, 2] *= -1
        write_nifti(data / "Diffusion.nii.gz", series, affine)
        (data / "Diffusion.bvals").write_text("0 1000 1000\n")
        write_nifti(data / "brain_mask.nii.gz", np.ones_like(anatomical.array), anatomical.affine)
        for tract in tracts:
            mask = store(masks[tract].astype(np.uint8), "axial", axcodes, _SPACING)
            write_nifti(drawn / f"{tract}.nii.gz", mask.array, mask.affine)
        named = {NAMES[tract]: masks[tract] for tract in tracts}
        for sequence, modality, index in (
            ("T1", "T1W MRI", anatomical.slice_index),
            ("Diffusion", "diffusion-weighted MRI", slice_index),
        ):
            truth.add_volume(f"brainptm21/{case}/{sequence}", index, named, subject=case, modality=modality)
        macos_junk(data, "T1.nii.gz", "Diffusion.nii.gz")
        macos_junk(drawn, "OR_left.nii.gz")
    write_nifti(root / "sheba75_data_test" / "case_61" / "T1.nii.gz", anatomical.array, anatomical.affine)
    write_nifti(root / "sheba75_tracts_test_dummy" / "case_61" / "OR_left.nii.gz", mask.array, mask.affine)
    return truth
