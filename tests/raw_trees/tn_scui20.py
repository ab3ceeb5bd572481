"""A small TN-SCUI 2020: PNG pairs with gaps in the numbers and upper-case endings, test pictures without masks."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

_SHAPE = (62, 80)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``TNSCUI2020_train`` (doubled, as the archive may unpack) and ``tnscui2020_testset`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "TNSCUI2020_train" / "TNSCUI2020_train"
    nodules = {
        "2": blob(_SHAPE, (30, 35), (14, 20), 10),
        "3": exact_area(_SHAPE, 50, top=20, left=30),
        "5": exact_area(_SHAPE, 51, top=20, left=30),
        "1273": blob(_SHAPE, (25, 50), (9, 12), -20),
    }
    for number, mask in nodules.items():
        _save(base / "image" / f"{number}.PNG", _speckle(rng, mask, colours=3 if number == "5" else 1))
        # Masks are grey, or grey stored as colours; scaling may have left values between.
        grey = np.where(mask, 255, 0).astype(np.uint8)
        grey[-1, :5] = 90
        _save(base / "mask" / f"{number}.PNG", np.repeat(grey[..., None], 3, axis=-1) if number == "2" else grey)
        truth.add(f"tn_scui20/{number}", {("thyroid_nodule", 0, -1): mask}, subject=number, modality="Ultrasound")
    (base / "train.csv").write_text("ID,CATE\n" + "".join(f"{number}.PNG,0\n" for number in nodules))
    _save(root / "tnscui2020_testset" / "1.PNG", _speckle(rng, nodules["2"]))
    macos_junk(base / "mask", "2.PNG")
    return truth


def _speckle(rng: np.random.Generator, mask: NDArray[np.bool_], colours: int = 1) -> NDArray[np.uint8]:
    grey = np.asarray(np.where(mask, 40, 90) + rng.integers(0, 60, mask.shape), np.uint8)
    return grey if colours == 1 else np.repeat(grey[..., None], colours, axis=-1)


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
