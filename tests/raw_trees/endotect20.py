"""EndoTect 2020: the unpacked zip of HyperKvasir with pictures of Kvasir-SEG, and the test data with PNG masks."""

from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees.kvasir_seg import NAMES, jpeg_mask, photograph, polyps
from raw_trees.phantom import Truth, macos_junk

TEST_FOLDER = "EndoTect_2020_Segmentation_Test_Dataset"
TEST_NAMES = ("01af3454-037f-4708-b73c", "1_endotect", "2_endotect")


def write(root: Path, seed: int = 0) -> Truth:
    """Write five development pictures, named as in Kvasir-SEG, and three test pictures below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for name, mask in zip(NAMES, polyps(rng), strict=True):
        photograph(root / "segmented-images" / "images" / f"{name}.jpg", rng)
        jpeg_mask(root / "segmented-images" / "masks" / f"{name}.jpg", mask)
        truth.add(f"endotect20/{name}", {("polyp", 0, -1): mask}, subject=name, modality="Colonoscopy")
    (root / "segmented-images" / "bounding-boxes.json").write_text("{}")
    (root / TEST_FOLDER / "masks").mkdir(parents=True)
    for name, mask in zip(TEST_NAMES, polyps(rng), strict=False):
        photograph(root / TEST_FOLDER / "images" / f"{name}.jpg", rng)
        Image.fromarray(mask).save(root / TEST_FOLDER / "masks" / f"{name}.png")
        keys = {("polyp", 0, -1): mask}
        truth.add(f"endotect20/{name}", keys, subject=name, modality="Colonoscopy", split="test")
    macos_junk(root / TEST_FOLDER / "masks", f"{TEST_NAMES[0]}.png")
    return truth
