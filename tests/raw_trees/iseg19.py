"""A small iSeg-2019: Analyze 7.5 pairs without orientation and with a fourth axis of length 1."""

from pathlib import Path

import nibabel as nib
import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store

NAMES = {"cerebrospinal_fluid": 10, "gray_matter": 150, "white_matter": 250}


def write(root: Path, seed: int = 0) -> Truth:
    """Write four training subjects below a doubled folder, and one subject without labels."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    base = root / "iSeg-2019-Training" / "iSeg-2019-Training"
    for number in (1, 2, 9, 10):
        subject = f"subject-{number}"
        labels = anatomy(rng, (7, 44, 40), tuple(NAMES.values()))
        for sequence in ("T1", "T2"):
            # Readers take the first axis of Analyze files as running from right to left.
            image = store(paint(rng, labels), "axial", "LAS", (1.0, 1.0, 1.0))
            _write_pair(base / f"{subject}-{sequence}.hdr", image.array)
            truth.add_volume(
                f"iseg19/{subject}-{sequence}",
                image.slice_index,
                stacks(labels, NAMES),
                subject=subject,
                modality=f"{sequence}W MRI",
            )
        _write_pair(
            base / f"{subject}-label.hdr", store(labels.astype(np.uint8), "axial", "LAS", (1.0, 1.0, 1.0)).array
        )
        macos_junk(base, f"{subject}-T1.hdr", f"{subject}-label.img")
    for sequence in ("T1", "T2"):
        _write_pair(root / "iSeg-2019-Validation" / f"subject-11-{sequence}.hdr", image.array)
    return truth


def _write_pair(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.AnalyzeImage(array[..., None], None), path)
