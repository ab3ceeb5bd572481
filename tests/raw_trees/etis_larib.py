"""ETIS-Larib as the RAR unpacks (TIFF, its folder's name twice, p before the numbers of masks), or re-released."""

from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees.kvasir_seg import SHAPE, polyps
from raw_trees.phantom import Truth, blob, macos_junk

FRAMES = (1, 2, 10, 68, 195, 196)


def write(root: Path, seed: int = 0, *, rerelease: bool = False) -> Truth:
    """Write six frames below ``root/ETIS-LaribPolypDB``; frame 68 has too small a polyp.

    Args:
        root: an empty folder.
        seed: of noise and shapes.
        rerelease: write ``images/1.png`` and ``masks/1.png`` in place of the official names.
    """
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "ETIS-LaribPolypDB"
    image_name, mask_name = ("images/{}.png", "masks/{}.png")
    if not rerelease:
        image_name, mask_name = ("ETIS-LaribPolypDB/{}.tif", "Ground Truth/p{}.tif")
    for name in (image_name, mask_name):
        (base / name).parent.mkdir(parents=True)
    masks = [*polyps(rng), blob(SHAPE, (30, 36), (20, 8), 15)]
    for frame, mask in zip(FRAMES, masks, strict=True):
        picture = rng.integers(0, 40, (*SHAPE, 3)) + np.array([150, 70, 50])
        Image.fromarray(picture.astype(np.uint8)).save(base / image_name.format(frame))
        # Masks with one channel and with three.
        white = mask * np.uint8(255) if frame % 2 else np.dstack([mask * np.uint8(255)] * 3)
        Image.fromarray(white).save(base / mask_name.format(frame))
        truth.add(f"etis_larib/{frame}", {("polyp", 0, -1): mask}, subject=str(frame), modality="Colonoscopy")
    macos_junk((base / mask_name).parent, "p1.tif")
    return truth
