"""EndoTect 2020: the unpacked zip of HyperKvasir, whose names are UUIDs, and the test data with PNG masks."""

from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees.kvasir_seg import jpeg_mask, photograph, polyps
from raw_trees.phantom import Truth, macos_junk

NAMES = (
    "147257f5-7401-4f3a-bacb-7c16611c2ef1",
    "01af3454-037f-4708-b73c-6ec4423b6a61",
    "2d1c0f8e-90a4-4c1b-8d5e-0b7a3f6e9c12",
    "7be1a3c4-5d60-4f72-9a8b-c3d4e5f60718",
    "f0e9d8c7-b6a5-4433-8211-00ffeeddccbb",
)
TEST_FOLDER = "EndoTect_2020_Segmentation_Test_Dataset"
TEST_NAMES = ("01af3454-037f-4708-b73c", "1_endotect", "2_endotect")


def write(root: Path, seed: int = 0) -> Truth:
    """Write five development pictures and three test pictures below ``root``."""
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
