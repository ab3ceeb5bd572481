"""Writes the raw tree of the source ``mni152`` from the volumes that nilearn's wheel holds; nothing is downloaded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

#: Slices that are kept: evenly spaced from below the temporal lobes to the vertex (k of the 1 mm volume).
FIRST, LAST = 30, 138
SUBJECT = "sub-mni152"


class NilearnMissingError(ImportError):
    """nilearn, which brings the volumes, is not installed."""


def write_raw(folder: Path, slices: int = 10) -> Path:
    """Write image, brain mask and tissue maps as NIfTI files.

    The volume is thinned along its last axis, as a scan with thick gaps would be: it stays a real volume, in its
    place in the world, and a data set built from it is small enough to try every step on.

    Args:
        folder: where the tree goes; made if it is not there, files in it are replaced.
        slices: how many axial slices are kept, 2 to 100.

    Returns:
        ``folder``.

    Raises:
        NilearnMissingError: without nilearn.
        ValueError: for another number of slices.
    """
    if not 2 <= slices <= 100:
        raise ValueError(f"the demo's volume has 2 to 100 slices, not {slices}")
    try:
        from nilearn import datasets as nilearn
    except ImportError as error:
        raise NilearnMissingError(
            f"the volumes come with nilearn, which cannot be imported ({error}); "
            "run: pip install 'cosmos-datasets[demo]'"
        ) from error
    step = (LAST - FIRST) // (slices - 1)
    kept = slice(FIRST, FIRST + step * slices, step)
    subject = folder / SUBJECT
    subject.mkdir(parents=True, exist_ok=True)
    image, grey = nilearn.load_mni152_template(resolution=1), nilearn.load_mni152_gm_template(resolution=1)
    white, brain = nilearn.load_mni152_wm_template(resolution=1), nilearn.load_mni152_brain_mask(resolution=1)
    # The wheel holds 8-bit volumes, which nilearn scales to 0..1: stored as 8 bit with that scale, nothing is lost.
    for volume, end, scale in (
        (image, "T1w", 1 / 255),
        (brain, "desc-brain_mask", 1),
        (grey, "label-GM_probseg", 1 / 255),
        (white, "label-WM_probseg", 1 / 255),
    ):
        _write(volume, kept, scale, subject / f"{SUBJECT}_{end}.nii.gz")
    return folder


def _write(volume: Any, kept: slice, scale: float, path: Path) -> None:
    thinned = volume.slicer[:, :, kept]
    stored = np.rint(np.asanyarray(thinned.dataobj) / scale).astype(np.uint8)
    image = nibabel.Nifti1Image(stored, thinned.affine)
    image.header.set_slope_inter(scale, 0)
    image.to_filename(path)


if __name__ == "__main__":
    try:
        print(write_raw(Path(sys.argv[1] if len(sys.argv) > 1 else "mni152")))
    except NilearnMissingError as error:
        sys.exit(f"error: {error}")
