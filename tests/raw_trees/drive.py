"""DRIVE as older complete copies have it: labelled test part, second reader, fields of view, GIF palettes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (58, 66)


def write(root: Path, seed: int = 0, *, test_labels: bool = True) -> Truth:
    """Write five training and two test pictures below ``root/DRIVE``; one has too small a mask.

    Args:
        root: an empty folder.
        seed: of noise and shapes.
        test_labels: whether the test part is labelled, as in the first release, or not, as today.
    """
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "DRIVE"
    vessels = {f"{number}_training": _vessels(rng) for number in (21, 22, 23)}
    vessels["24_training"] = exact_area(SHAPE, 50, top=5, left=20)
    vessels["25_training"] = exact_area(SHAPE, 51, top=5, left=20)
    vessels |= {f"{number}_test": _vessels(rng) for number in ("01", "02")}
    for name, mask in vessels.items():
        number, part = name.split("_")
        _picture(base / part / "images" / f"{name}.tif", rng, mask)
        _gif(base / part / "mask" / f"{name}_mask.gif", blob(SHAPE, (29, 33), (28, 32)) | mask)
        if part == "training" or test_labels:
            _gif(base / part / "1st_manual" / f"{number}_manual1.gif", mask, reversed_palette=number == "22")
            truth.add(
                f"drive/{name}",
                {("retinal_vessel", 0, -1): mask},
                subject=name,
                modality="Fundus",
                split="test" if part == "test" else "train",
            )
        if part == "test" and test_labels:
            # The second reader's masks are stored as 0 and 1.
            _gif(base / part / "2nd_manual" / f"{number}_manual2.gif", np.roll(mask, 3, axis=1), white=1)
    macos_junk(base / "training" / "1st_manual", "21_manual1.gif")
    macos_junk(base / "training" / "images", "21_training.tif")
    return truth


def _vessels(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Two arcs that meet left of the centre."""
    angle = rng.uniform(20, 40)
    thick = blob(SHAPE, (26, 28), (18, 22), angle) & ~blob(SHAPE, (26, 28), (15, 19), angle)
    return thick | blob(SHAPE, (44, 20), (4, 15), -angle)


def _picture(path: Path, rng: np.random.Generator, mask: NDArray[np.bool_]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.integers(90, 120, (*SHAPE, 3)).astype(np.uint8)
    pixels[mask] //= 2
    Image.fromarray(pixels).save(path)


def _gif(path: Path, mask: NDArray[np.bool_], *, reversed_palette: bool = False, white: int = 255) -> None:
    """Write a palette GIF; with a reversed palette index 0 is white, so that only the displayed colour counts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray((mask ^ reversed_palette).astype(np.uint8), mode="P")
    first, second = (white, 0) if reversed_palette else (0, white)
    image.putpalette([first] * 3 + [second] * 3)
    image.save(path, optimize=False)
