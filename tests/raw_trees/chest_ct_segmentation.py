"""A small Chest CT Segmentation: JPEG slices and masks in doubled folders, the pairs in train.csv."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import Truth, exact_area, macos_junk

#: Channel of each class in RGB order.
CHANNELS = {"lung": 2, "heart": 1, "trachea": 0}
_SCANS = ("ID00007637202177411956430", "ID00009637202177434476278", "ID00421637202311550012437")
_SHAPE = (80, 96)


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``root/archive`` with three scans of three slices."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "archive"
    rows = ["ImageId,MaskId"]
    for scan in _SCANS:
        for number in range(3):
            masks = _draw(rng, number)
            if scan == _SCANS[1]:
                masks["heart"][:] = False
            rows.append(f"{scan}_{number}.jpg,{scan}_mask_{number}.jpg")
            colours = np.zeros((*_SHAPE, 3), np.uint8)
            for name, channel in CHANNELS.items():
                # Traces that compression or drawing left are no mask.
                colours[..., channel] = np.where(masks[name], 255, 200)
            _save(base / "masks" / "masks" / f"{scan}_mask_{number}.jpg", colours)
            grey = rng.integers(0, 120, _SHAPE).astype(np.uint8)
            _save(base / "images" / "images" / f"{scan}_{number}.jpg", np.repeat(grey[..., None], 3, axis=-1))
            truth.add(
                f"chest_ct_segmentation/{scan}_{number}",
                {(name, 0, -1): mask for name, mask in masks.items()},
                subject=scan,
                modality="CT",
            )
    (base / "train.csv").write_text("\n".join(rows) + "\n")
    macos_junk(base / "masks" / "masks", f"{scan}_mask_0.jpg")
    return truth


def _draw(rng: np.random.Generator, number: int) -> dict[str, NDArray[np.bool_]]:
    """Classes as blocks, which may overlap; slice 0 has 50 pixels, slice 1 51."""
    masks = {name: np.zeros(_SHAPE, bool) for name in CHANNELS}
    if number < 2:
        masks["lung"] = exact_area(_SHAPE, 50 + number, top=16, left=24)
    else:
        shift = 8 * int(rng.integers(0, 3))
        masks["lung"][16:64, 8 + shift : 32 + shift] = True
        masks["heart"][32:56, 24 + shift : 48 + shift] = True
        masks["trachea"][8:24, 64:80] = True
    return masks


def _save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=100, subsampling=0)
