"""Kvasir-Instrument as it unpacks: JPEG pictures, PNG masks as RGB or grey, and the two lists of names."""

from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees.kvasir_seg import SHAPE, photograph, polyps
from raw_trees.phantom import Truth, blob, macos_junk

NAMES = (
    "ckcu8ty6z00003b5yzfaezbs5",
    "ckcu9jucf00083b5ytpqoue72",
    "ckcu8ty6z00083b5yzmdq8p6c",
    "ckcu93jj500003g5yzc2rz0nq",
    "ckcu97nzn00063b5yimdhv2ta",
    "ckcu9f0kr00003a5y1o4xvebj",
)
TEST_NAMES = NAMES[1::3]


def write(root: Path, seed: int = 0) -> Truth:
    """Write six pictures below ``root/kvasir-instrument``, two of the test split; one has too small a mask."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "kvasir-instrument"
    (base / "masks").mkdir(parents=True)
    shapes = [*polyps(rng), blob(SHAPE, (30, 30), (5, 25), 40)]
    for at, (name, mask) in enumerate(zip(NAMES, shapes, strict=True)):
        photograph(base / "images" / f"{name}.jpg", rng)
        white = mask * np.uint8(255)
        pixels = white if at % 2 else np.repeat(white[..., None], 3, axis=2)
        Image.fromarray(pixels).save(base / "masks" / f"{name}.png")
        split = "test" if name in TEST_NAMES else "train"
        keys = {("instrument", 0, -1): mask}
        truth.add(f"kvasir_instrument/{name}", keys, subject=name, modality="Colonoscopy", split=split)
    (base / "train.txt").write_text("\n".join(name for name in NAMES if name not in TEST_NAMES) + "\n\n")
    (base / "test.txt").write_text("\n".join(TEST_NAMES) + "\n\n")
    (base / "bboxes.json").write_text("{}")
    macos_junk(base / "masks", f"{NAMES[0]}.png")
    return truth
