"""CVC-ClinicDB as the RAR unpacks (TIFF, some that Pillow refuses) or as the re-release (PNG beside TIFF)."""

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from raw_trees.kvasir_seg import SHAPE, polyps
from raw_trees.phantom import Truth, blob, macos_junk

#: Frame -> sequence.
FRAMES = {1: 1, 2: 1, 25: 1, 26: 2, 67: 3, 612: 29}
#: Frames whose TIFF files are compressed in a way that Pillow does not know.
REFUSED_BY_PILLOW = (2, 67)


def write(root: Path, seed: int = 0, *, rerelease: bool = False) -> Truth:
    """Write six frames of four sequences; frame 26 has too small a polyp.

    Args:
        root: an empty folder.
        seed: of noise and shapes.
        rerelease: write ``PNG``, ``TIF`` and ``metadata.csv`` in place of ``CVC-ClinicDB``.
    """
    rng = np.random.default_rng(seed)
    truth = Truth()
    folders = {"png": root / "PNG", "tif": root / "TIF"} if rerelease else {"tif": root / "CVC-ClinicDB"}
    masks = [*polyps(rng), blob(SHAPE, (30, 36), (20, 8), 15)]
    for (frame, sequence), mask in zip(FRAMES.items(), masks, strict=True):
        picture = (rng.integers(0, 40, (*SHAPE, 3)) + np.array([150, 70, 50])).astype(np.uint8)
        # Masks with one channel and with three, as tools leave them.
        white = mask * np.uint8(255) if frame % 2 else np.dstack([mask * np.uint8(255)] * 3)
        for suffix, folder in folders.items():
            _write(folder / "Original" / f"{frame}.{suffix}", picture, frame)
            _write(folder / "Ground Truth" / f"{frame}.{suffix}", white, frame)
        subject = f"sequence_{sequence:02d}"
        truth.add(f"cvc_clinicdb/{frame}", {("polyp", 0, -1): mask}, subject=subject, modality="Colonoscopy")
    if rerelease:
        (root / "metadata.csv").write_text("frame_id,sequence_id\n")
    macos_junk(next(iter(folders.values())) / "Ground Truth", "1.tif")
    return truth


def _write(path: Path, pixels: NDArray[np.uint8], frame: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        Image.fromarray(pixels).save(path)
    else:
        compression = "png" if frame in REFUSED_BY_PILLOW else "lzw"
        photometric = "rgb" if pixels.ndim == 3 else "minisblack"
        tifffile.imwrite(path, pixels, compression=compression, photometric=photometric)
