"""Montgomery County chest X-rays as the zip unpacks: grey PNG pictures and 1-bit PNG masks, Windows and Mac junk."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

#: Official name -> first study of the patient.
NAMES = {
    "MCUCXR_0001_0": "MCUCXR_0001",
    "MCUCXR_0113_1": "MCUCXR_0113",
    "MCUCXR_0117_1": "MCUCXR_0113",
    "MCUCXR_0162_1": "MCUCXR_0162",
    "MCUCXR_0166_1": "MCUCXR_0162",
    "MCUCXR_0170_1": "MCUCXR_0162",
    "MCUCXR_0399_1": "MCUCXR_0399",
}


def write(root: Path, seed: int = 0) -> Truth:
    """Write seven X-rays of four patients, upright and across; in one, each lung has too few pixels or just enough."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "NLM-MontgomeryCXRSet" / "MontgomerySet"
    for at, (name, patient) in enumerate(NAMES.items()):
        shape = (60, 72) if at % 2 else (72, 60)
        left = blob(shape, (30, 17), (20, 11), rng.uniform(-8, 8))
        right = blob(shape, (32, 44), (18, 12), rng.uniform(-8, 8))
        if name == "MCUCXR_0399_1":
            left, right = exact_area(shape, 50), exact_area(shape, 51, left=30)
        picture = rng.integers(120, 200, shape) - 80 * (left | right)
        _save(base / "CXR_png" / f"{name}.png", picture.astype(np.uint8))
        _save(base / "ManualMask" / "leftMask" / f"{name}.png", left)
        _save(base / "ManualMask" / "rightMask" / f"{name}.png", right)
        masks = {("lung_left", 0, -1): left, ("lung_right", 0, -1): right}
        truth.add(f"montgomery_cxr/{name}", masks, subject=patient, modality="X-ray")
        readings = base / "ClinicalReadings" / f"{name}.txt"
        readings.parent.mkdir(exist_ok=True)
        readings.write_text("normal\n")
    for folder in ("CXR_png", "ManualMask/leftMask"):
        (base / folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    macos_junk(base / "ManualMask")
    macos_junk(base / "ManualMask" / "rightMask", "MCUCXR_0001_0.png")
    return truth


def _save(path: Path, pixels: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
