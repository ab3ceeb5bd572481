"""What the headers of volumes share in stating a place: the axes of the world, and the unit of length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.finding import Finding

#: The world axes of DICOM and ITK point to the left and to the back, ours to the right and to the front.
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
#: Millimetres of the units that headers name.
_MILLIMETRES = {"metre": 1000.0, "centimetre": 10.0, "micrometre": 1e-3, "nanometre": 1e-6}
#: Voxel sizes outside of these are a wrong unit.
_PLAUSIBLE_MM = (1e-6, 50.0)
#: Below this determinant of its unit directions a matrix is singular.
_SINGULAR = 1e-3


@dataclass(frozen=True, eq=False)
class Place:
    """What a header says of place.

    Attributes:
        affine: 4 x 4, voxel index to RAS+ millimetres.
        placed: whether the header states an orientation or a position; ``False`` for the format's default.
        notes: where fields are missing or disagree, and which was taken.
    """

    affine: NDArray[np.float64]
    placed: bool
    notes: tuple[Finding, ...] = ()


def counts(affine: NDArray[np.float64]) -> bool:
    """Whether a 4 x 4 matrix places voxels: finite numbers and three independent axes."""
    if not np.isfinite(affine).all():
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.all(lengths > 0) and abs(np.linalg.det(affine[:3, :3] / lengths)) > _SINGULAR)


def in_millimetres(affine: NDArray[np.float64], unit: str) -> tuple[NDArray[np.float64], tuple[Finding, ...]]:
    """Convert a matrix, unless the voxels would then have a size that no scanner has.

    Args:
        affine: 4 x 4, voxel index to the header's unit.
        unit: ``metre``, ``centimetre``, ``micrometre`` or ``nanometre``; anything else is taken as millimetres.

    Returns:
        The matrix to millimetres, and what a user should know of it.
    """
    scale = _MILLIMETRES.get(unit)
    if scale is None:
        return affine, ()
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not all(_PLAUSIBLE_MM[0] <= length <= _PLAUSIBLE_MM[1] for length in lengths * scale):
        what = f"the header's unit, the {unit}, cannot be right; its sizes were taken as millimetres"
        return affine, (Finding("warning", what, by(lengths)),)
    scaled = affine.copy()
    scaled[:3] *= scale
    what = f"the header states sizes in {unit}s; they were converted to millimetres"
    return scaled, (Finding("note", what),)


def by(sizes: NDArray[np.float64]) -> str:
    """The words for the three sizes of a voxel."""
    return " x ".join(f"{size:.5g}" for size in sizes) + " mm"
