"""AutoLaparo, task 3: JPEG frames, and masks whose grey levels 20 to 180 stand in three equal channels of a PNG."""

from pathlib import Path

import numpy as np
from PIL import Image
from raw_trees.phantom import Truth, anatomy, macos_junk

LEVELS = {
    "grasping_forceps_manipulator": 20,
    "grasping_forceps_shaft": 40,
    "ligasure_manipulator": 60,
    "ligasure_shaft": 80,
    "dissecting_grasping_forceps_manipulator": 100,
    "dissecting_grasping_forceps_shaft": 120,
    "electric_hook_manipulator": 140,
    "electric_hook_shaft": 160,
    "uterus": 180,
}
#: First and last clips of each split.
CLIPS = {1: "train", 170: "train", 171: "validation", 227: "validation", 228: "test", 300: "test"}
_FRAMES = (1, 25, 125)


def write(root: Path, seed: int = 0) -> Truth:
    """Write three frames of each of six clips below ``root/AutoLaparo_Task3``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "AutoLaparo_Task3"
    for kind in ("imgs", "masks"):
        (base / kind).mkdir(parents=True)
    frames = [(clip, frame) for clip in CLIPS for frame in _FRAMES]
    stack = anatomy(rng, (len(frames), 72, 96), tuple(LEVELS.values()))
    for (clip, frame), levels in zip(frames, stack.astype(np.uint8), strict=True):
        name = f"{clip:03d}{frame:03d}"
        Image.fromarray(rng.integers(60, 160, (72, 96, 3)).astype(np.uint8)).save(base / "imgs" / f"{name}.jpg")
        Image.fromarray(np.dstack([levels] * 3)).save(base / "masks" / f"{name}.png")
        truth.add(
            f"autolaparo/{name}",
            {(label, 0, -1): levels == level for label, level in LEVELS.items()},
            subject=f"clip_{clip:03d}",
            modality="Colonoscopy",
            split=CLIPS[clip],
        )
    macos_junk(base / "masks", "001001.png")
    return truth
