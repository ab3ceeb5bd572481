"""A small KiTS19: slices along the first axis from superior to inferior, 64-bit scans, unlabelled test cases."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti

_NAMES = {"kidney": 1, "kidney_tumor": 2}
_AXCODES, _SPACING = "IPL", (0.5, 0.92, 0.92)


def write(root: Path, seed: int = 0) -> Truth:
    """Write a clone with its scans below ``root``."""
    data = root / "kits19" / "data"
    cases = {"case_00000": (7, 40, 48), "case_00160": (6, 40, 62), "case_00209": (8, 40, 48)}
    truth = write_cases(data, "kits19", cases, _NAMES, segmentation="segmentation", seed=seed)
    empty = np.zeros((5, 9, 9), np.int16)
    write_nifti(data / "case_00210" / "imaging.nii.gz", empty, np.eye(4))
    (data / "kits.json").write_text("[]")
    (data / "case_00000" / "imaging.nii.gz.part").write_bytes(b"interrupted")
    (root / "kits19" / "starter_code").mkdir()
    macos_junk(data / "case_00000", "segmentation.nii.gz")
    return truth


def write_cases(
    data: Path,
    source: str,
    cases: dict[str, tuple[int, int, int]],
    names: dict[str, int],
    *,
    segmentation: str,
    seed: int,
) -> Truth:
    """Write scans and segmentations of the given shapes."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for case, shape in cases.items():
        labels = anatomy(rng, shape, tuple(names.values()))
        image = store(paint(rng, labels, -1024), "axial", _AXCODES, _SPACING, origin=(0, 0, 0))
        drawn = store(labels.astype(np.uint8), "axial", _AXCODES, _SPACING, origin=(0, 0, 0))
        write_nifti(data / case / "imaging.nii.gz", image.array.astype(np.float64), image.affine)
        write_nifti(data / case / f"{segmentation}.nii.gz", drawn.array, drawn.affine)
        masks = stacks(labels, names)
        truth.add_volume(f"{source}/{case}", image.slice_index, masks, subject=case, modality="CT")
    return truth
