"""A small SLIVER07: MetaImage scans and masks in folders of their own, test scans that reuse the names."""

from pathlib import Path

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_itk


def write(root: Path, seed: int = 0) -> Truth:
    """Write ``training-scans``, ``training-labels`` and ``test-scans`` below ``root``."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    for number, axcodes, inside in (("001", "LPS", 1), ("002", "RPS", 255), ("010", "LPI", 1), ("020", "LPS", 1)):
        labels = anatomy(rng, (7, 40, 48), (1,))
        image = store(paint(rng, labels, -1024), "axial", axcodes, (2.5, 0.7, 0.7))
        drawn = store((labels * inside).astype(np.uint8), "axial", axcodes, (2.5, 0.7, 0.7))
        write_itk(root / "training-scans" / f"liver-orig{number}.mhd", image.array, image.affine)
        # Masks tell less of their place than scans do.
        affine = np.diag([-0.7, -0.7, 2.5, 1]) if number == "010" else drawn.affine
        write_itk(root / "training-labels" / f"liver-seg{number}.mhd", drawn.array, affine)
        truth.add_volume(
            f"sliver07/liver-orig{number}",
            image.slice_index,
            stacks(labels, {"liver": 1}),
            subject=f"liver-orig{number}",
            modality="CT",
        )
    for number in ("001", "003"):
        other = np.zeros((9, 9, 5), np.int16)
        write_itk(root / "test-scans" / f"liver-orig{number}.mhd", other, np.diag([-1.0, -1.0, 1.0, 1.0]))
    macos_junk(root / "training-labels", "liver-seg001.mhd")
    return truth
