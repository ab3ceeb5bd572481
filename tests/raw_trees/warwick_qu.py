"""A small Warwick-QU: BMP pictures beside their label files, with and without a palette, in a folder with blanks."""

from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees.crag import glands_of, instances, tissue
from raw_trees.phantom import Truth, exact_area, macos_junk

_COUNTS = {"train_1": 4, "train_2": 3, "train_10": 0, "testA_1": 2, "testA_2": 5, "testB_1": 1}
_SHAPES = {"train_2": (64, 90)}


def write(root: Path, seed: int = 0) -> Truth:
    """Write the folder of the release below ``root``; ``train_10`` has a gland of 50 pixels, ``train_2`` of 51."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "Warwick QU Dataset (Released 2016_07_08)"
    base.mkdir(parents=True)
    rows = ["name, patient ID, grade (GlaS), grade (Sirinukunwattana et al. 2015)"]
    for name, count in _COUNTS.items():
        shape = _SHAPES.get(name, (70, 82))
        glands = glands_of(rng, shape, count)
        if name in {"train_2", "train_10"}:
            glands[exact_area(shape, 51 if count else 50, top=56, left=70)] = 9
        Image.fromarray(tissue(rng, glands)).save(base / f"{name}.bmp")
        numbers = Image.fromarray(glands.astype(np.uint8))
        if name in {"train_1", "testB_1"}:  # colours that a reader must not take for numbers
            numbers = Image.fromarray(glands.astype(np.uint8), mode="P")
            numbers.putpalette(rng.integers(0, 256, 768).astype(np.uint8).tobytes())
        numbers.save(base / f"{name}_anno.bmp")
        rows.append(f"{name}, {len(rows)}, benign, healthy")
        split = "train" if name.startswith("train") else "test"
        truth.add(f"warwick_qu/{name}", instances(glands), subject=name, modality="Histopathology", split=split)
    (base / "Grade.csv").write_text("\n".join(rows) + "\n")
    macos_junk(base, "train_1.bmp", "train_1_anno.bmp")
    return truth
