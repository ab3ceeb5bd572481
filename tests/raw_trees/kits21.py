"""A small KiTS21: three aggregations of which the vote counts, single drawings, a scan in another tree."""

from pathlib import Path

import nibabel as nib
import numpy as np
from raw_trees.kits19 import write_cases
from raw_trees.phantom import Truth, macos_junk, write_nifti

_NAMES = {"kidney": 1, "kidney_tumor": 2, "kidney_cyst": 3}
_CASES = {"case_00000": (7, 40, 48), "case_00160": (6, 40, 62), "case_00299": (8, 40, 48), "case_00205": (6, 36, 40)}


def write(root: Path, seed: int = 0) -> Truth:
    """Write a clone with its scans, and the second data folder of a script that was run elsewhere."""
    data = root / "kits21" / "kits21" / "data"
    truth = write_cases(data, "kits21", _CASES, _NAMES, segmentation="aggregated_MAJ_seg", seed=seed)
    for case in _CASES:
        vote = nib.load(data / case / "aggregated_MAJ_seg.nii.gz")
        kidney = (np.asanyarray(vote.dataobj) == 1).astype(np.uint8)
        for name in ("aggregated_AND_seg", "aggregated_OR_seg", "segmentations/kidney_instance-1_annotation-1"):
            write_nifti(data / case / f"{name}.nii.gz", kidney, vote.affine)
        raw = data / case / "raw" / "kidney" / "00" / "delineation1"
        raw.mkdir(parents=True)
        (raw / "1615399706_helle246.json").write_text("{}")
    elsewhere = root / "kits21" / "data" / "case_00205" / "imaging.nii.gz"
    elsewhere.parent.mkdir(parents=True)
    (data / "case_00205" / "imaging.nii.gz").rename(elsewhere)
    macos_junk(data / "case_00000", "aggregated_MAJ_seg.nii.gz")
    return truth
