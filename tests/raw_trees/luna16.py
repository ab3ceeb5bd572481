"""A small LUNA16: MetaImage scans in subsets, compressed masks in one folder."""

from pathlib import Path

import numpy as np
import SimpleITK
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_itk

NAMES = {"lung_side_3": 3, "lung_side_4": 4, "trachea": 5}
_UID = "1.3.6.1.4.1.14519.5.2.1.6279.6001.10575665803151506200074482{}"


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``root/LUNA16`` with one scan in each of the ten subsets."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "LUNA16"
    masks = base / "seg-lungs-LUNA16"
    for number in range(10):
        uid = _UID.format(1260 + number)
        # Some scans are stored with x and y reversed.
        axcodes = "RAS" if number == 1 else "LPS"
        labels = anatomy(rng, (6, 36, 40), tuple(NAMES.values()))
        image = store(paint(rng, labels, offset=-1024), "axial", axcodes, (2.5, 0.7, 0.7))
        drawn = store(labels.astype(np.uint8), "axial", axcodes, (2.5, 0.7, 0.7))
        write_itk(base / f"subset{number}" / f"{uid}.mhd", image.array, image.affine)
        write_itk(masks / f"{uid}.mhd", drawn.array, drawn.affine)
        _compress(masks / f"{uid}.mhd")
        truth.add_volume(f"luna16/{uid}", image.slice_index, stacks(labels, NAMES), subject=uid, modality="CT")
    (base / "annotations.csv").write_text("seriesuid,coordX,coordY,coordZ,diameter_mm\n")
    macos_junk(masks, f"{uid}.mhd")
    return truth


def _compress(path: Path) -> None:
    """Store the voxels of a MetaImage as ``.zraw``."""
    image = SimpleITK.ReadImage(str(path))
    path.with_suffix(".raw").unlink()
    SimpleITK.WriteImage(image, str(path), useCompression=True)
    assert path.with_suffix(".zraw").is_file()
