"""A small TLS01 in the neutral layout: slices as pictures with masks 0/255, 0/1, coloured or JPEG, and a volume."""

from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees.phantom import Truth, anatomy, blob, exact_area, macos_junk, paint, stacks, store, write_nifti

NAME = "throat_and_hypopharynx_cancer_lesion"
SHAPE = (48, 56)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``images`` and ``masks`` below ``root/tls01``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    images, masks = root / "tls01" / "images", root / "tls01" / "masks"
    images.mkdir(parents=True)
    masks.mkdir()
    block = np.zeros(SHAPE, bool)
    block[8:24, 16:40] = True  # whole blocks of a JPEG, so that its mask is exact
    block[8:16, 16:24] = False
    for stem, mask, value, suffix in (
        ("0001", blob(SHAPE, (20, 25), (12, 15)), 255, "png"),
        ("0002", exact_area(SHAPE, 51), 1, "png"),
        ("0003", exact_area(SHAPE, 50), 1, "png"),
        ("0004", blob(SHAPE, (22, 30), (9, 14)), (128, 0, 0), "bmp"),
        ("patient 5", block, 255, "jpg"),
    ):
        pixels = mask[..., None] * np.asarray(value, np.uint8) if isinstance(value, tuple) else mask * np.uint8(value)
        Image.fromarray((paint(rng, mask) // 4).astype(np.uint8)).save(images / f"{stem}.png")
        Image.fromarray(pixels).save(masks / f"{stem}.{suffix}")
        case = stem.replace(" ", "_")
        truth.add(f"tls01/{case}", {(NAME, 0, -1): mask}, subject=case, modality="CT")
    labels = anatomy(rng, (6, 40, 44), (1,))
    image = store(paint(rng, labels, offset=-1000), "axial", "LPS", (3.0, 0.5, 0.5))
    write_nifti(images / "volume.nii.gz", image.array, image.affine)
    write_nifti(masks / "volume.nii.gz", store(labels, "axial", "LPS", (3.0, 0.5, 0.5)).array, image.affine)
    truth.add_volume("tls01/volume", image.slice_index, stacks(labels, {NAME: 1}), subject="volume", modality="CT")
    Image.new("L", (30, 30)).save(images / "0006.png")  # has no mask
    macos_junk(masks, "0001.png")
    return truth
