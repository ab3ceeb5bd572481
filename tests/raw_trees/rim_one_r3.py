"""RIM-ONE r3: stereo pairs as JPEG, masks of two experts and their average for the left view, contours as text."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (66, 50)  # one view; a pair is twice as wide


def write(root: Path, seed: int = 0, *, masks_of_view: bool = False) -> Truth:
    """Write seven stereo pairs below ``root/RIM-ONE r3``.

    Args:
        root: an empty folder.
        seed: of noise and shapes.
        masks_of_view: masks are as large as one view, not as the pair.
    """
    rng = np.random.default_rng(seed)
    truth = Truth()
    drawn = {name: _disc_and_cup(rng) for name in ("N-1-L", "N-10-L", "N-10-R", "G-22-L", "S-26-R")}
    drawn["N-11-L"] = exact_area(SHAPE, 51), exact_area(SHAPE, 50)
    drawn["G-3-R"] = exact_area(SHAPE, 50), exact_area(SHAPE, 20)
    for number, (name, (disc, cup)) in enumerate(drawn.items()):
        folder = root / "RIM-ONE r3" / ("Healthy" if name[0] == "N" else "Glaucoma and suspects")
        photograph = rng.integers(60, 160, (SHAPE[0], 2 * SHAPE[1], 3)).astype(np.uint8)
        _save(folder / "Stereo Images" / f"{name}.jpg", photograph)
        for word, mask in (("Disc", disc), ("Cup", cup)):
            full = mask if masks_of_view else np.concatenate([mask, np.zeros(SHAPE, bool)], axis=1)
            first = full if number % 2 else np.where(full, 255, 0).astype(np.uint8)  # 1 bit or 8
            _save(folder / "Expert1_masks" / f"{name}-1-{word}-exp1.png", first)
            (folder / "Expert1_masks" / f"{name}-1-{word}-exp1.txt").write_text("12 30\n")
            _save(folder / "Expert2_masks" / f"{name}-1-{word}-exp2.png", np.roll(full, 3, axis=0))
            _save(folder / "Average_masks" / f"{name}-{word}-Avg.png", np.roll(full, 1, axis=0))
        masks = {("optic_disc", 0, -1): disc, ("optic_cup", 0, -1): cup}
        truth.add(f"rim_one_r3/{name}", masks, subject=name[:-2], modality="Fundus")
    macos_junk(root / "RIM-ONE r3" / "Healthy" / "Expert1_masks", "N-1-L-1-Disc-exp1.png")
    return truth


def _disc_and_cup(rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    centre = 32 + rng.uniform(-3, 3), 24 + rng.uniform(-3, 3)
    return blob(SHAPE, centre, (20, 17), 10), blob(SHAPE, centre, (9, 8), 10)


def _save(path: Path, pixels: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
