"""Drishti-GS1 as a Kaggle copy unpacks: doubled folder, photographs by diagnosis, soft maps of four experts."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (58, 68)


def write(root: Path, seed: int = 0) -> Truth:
    """Write four training and two test photographs below ``root/Drishti-GS1_files/Drishti-GS1_files``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "Drishti-GS1_files" / "Drishti-GS1_files"
    drawn = {name: _disc_and_cup(rng) for name in ("drishtiGS_002", "drishtiGS_004", "drishtiGS_001", "drishtiGS_003")}
    drawn["drishtiGS_008"] = exact_area(SHAPE, 51), exact_area(SHAPE, 50)
    drawn["drishtiGS_010"] = exact_area(SHAPE, 50), exact_area(SHAPE, 20)
    for name, (disc, cup) in drawn.items():
        is_test = name in {"drishtiGS_001", "drishtiGS_003"}
        part = base / ("Test" if is_test else "Training")
        photograph = rng.integers(60, 160, (*SHAPE, 3)).astype(np.uint8)
        _save(part / "Images" / ("NORMAL" if name.endswith("4") else "GLAUCOMA") / f"{name}.png", photograph)
        labels = part / ("Test_GT" if is_test else "GT") / name
        _save(labels / "SoftMap" / f"{name}_ODsegSoftmap.png", _soft(disc))
        _save(labels / "SoftMap" / f"{name}_cupsegSoftmap.png", _soft(cup))
        (labels / "AvgBoundary").mkdir()
        (labels / "AvgBoundary" / f"{name}_ODAvgBoundary.txt").write_text("30 40\n")
        masks = {("optic_disc", 0, -1): disc, ("optic_cup", 0, -1): cup}
        split = "test" if is_test else "train"
        truth.add(f"drishti_gs1/{name}", masks, subject=name, modality="Fundus", split=split)
    macos_junk(base / "Training" / "Images", "drishtiGS_002.png")
    macos_junk(base / "Training" / "GT", "drishtiGS_002")
    return truth


def _disc_and_cup(rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    centre = 28 + rng.uniform(-3, 3), 30 + rng.uniform(-3, 3)
    return blob(SHAPE, centre, (20, 17), 10), blob(SHAPE, centre, (9, 8), 10)


def _soft(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Two to four experts agree inside, one more draws a margin around it."""
    grey = np.where(np.roll(mask, 3, axis=0) | mask, 64, 0)
    grey[mask] = 128
    grey[mask & np.roll(mask, 2, axis=0)] = 191
    grey[mask & np.roll(mask, 4, axis=0)] = 255
    return grey.astype(np.uint8)


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
