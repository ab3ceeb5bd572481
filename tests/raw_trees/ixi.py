"""A small IXI in the neutral layout: official T1 volumes, some with a mask, and slices exported as pictures."""

from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees.phantom import Truth, anatomy, blob, exact_area, macos_junk, paint, stacks, store, write_nifti

NAME = "corpus_callosum"
_VOLUMES = (("IXI002-Guys-0828-T1", "PSR", 1), ("IXI012-HH-1211-T1", "PSR", 255), ("IXI035-IOP-0873-T1", "PIL", 1))
_SPACING = (1.2, 0.9375, 0.9375)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``images`` and ``masks`` below ``root/ixi``: three volumes, and slices of a fourth and a fifth person."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    images, masks = root / "ixi" / "images", root / "ixi" / "masks"
    for stem, axcodes, value in _VOLUMES:
        labels = anatomy(rng, (7, 40, 48), (1,))
        image = store(paint(rng, labels), "sagittal", axcodes, _SPACING, tilt=4)
        drawn = store((labels * value).astype(np.uint8), "sagittal", axcodes, _SPACING, tilt=4)
        write_nifti(images / f"{stem}.nii.gz", image.array, image.affine)
        write_nifti(masks / f"{stem}.nii.gz", drawn.array, drawn.affine)
        drawings = stacks(labels, {NAME: 1})
        truth.add_volume(f"ixi/{stem}", image.slice_index, drawings, subject=stem[:6], modality="T1W MRI", letter="s")
    write_nifti(images / "IXI013-HH-1212-T1.nii.gz", image.array, image.affine)  # has no mask
    for stem, mask in (
        ("IXI016-Guys-0697-T1_074", blob((50, 60), (20, 30), (12, 20))),
        ("IXI016-Guys-0697-T1_075", exact_area((50, 60), 51)),
        ("IXI017-Guys-0698-T1_075", exact_area((50, 60), 50)),
    ):
        Image.fromarray((paint(rng, mask) // 4).astype(np.uint8)).save(images / f"{stem}.jpg")
        Image.fromarray(mask.astype(np.uint8) * 255).save(masks / f"{stem}.png")
        truth.add(f"ixi/{stem}", {(NAME, 0, -1): mask}, subject=stem[:6], modality="T1W MRI")
    macos_junk(images, "IXI002-Guys-0828-T1.nii.gz")
    macos_junk(masks, "IXI002-Guys-0828-T1.nii.gz")
    return truth
