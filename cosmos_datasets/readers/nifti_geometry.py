"""Where a NIfTI volume lies: the one rule by which sform, qform, pixdim and units decide.

1. The unit of ``xyzt_units`` converts to millimetres, unless the voxels would then have a size that no scanner has.
2. A transform counts if its code is above zero and its matrix is finite and invertible. The sform goes before the
   qform, as in nibabel and FSL; where they disagree, that is told.
3. An sform with columns of length 1 beside another ``pixdim`` has lost its voxel size, which many tools do: the qform
   is taken if it counts, else the columns get the lengths of ``pixdim``. Where columns of any other length disagree
   with ``pixdim``, the sform is taken and that is told.
4. A file in which both codes are zero states no place: nibabel's default, ``pixdim`` and the patient's right first.
   A file that states a place which does not count is refused.

Fields: https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding

#: Millimetres of the spatial unit, the lowest three bits of ``xyzt_units``.
_MILLIMETRES = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_UNITS = {1: "metre", 3: "micrometre"}
#: Voxel sizes outside of these are a wrong unit.
_PLAUSIBLE_MM = (1e-6, 50.0)
#: Lengths that differ by less are rounding.
_SAME_LENGTH = 0.01
#: Two transforms that move no corner by more than this many millimetres agree.
_SAME_PLACE_MM = 0.1


@dataclass(frozen=True)
class Place:
    """What a header says of place.

    Attributes:
        affine: 4 x 4, voxel index to RAS+ millimetres.
        placed: whether the header states it; ``False`` for the default.
        notes: where fields disagree, and which was taken.
    """

    affine: NDArray[np.float64]
    placed: bool
    notes: tuple[Finding, ...] = ()


def place(header: Any, path: Path) -> Place:
    """Work out where a volume lies.

    Args:
        header: a ``nibabel`` NIfTI header.
        path: its file, for messages.

    Raises:
        CaseError: if the header states a place and none of its transforms can be used.
    """
    notes: list[Finding] = []
    zooms = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    zooms[~np.isfinite(zooms)] = 0
    sform, qform = _sform(header), _qform(header, zooms)
    stated = [name for name, at in (("sform", sform), ("qform", qform)) if at is not None]
    usable = [at for at in (sform, qform) if at is not None and _counts(at)]
    if stated and not usable:
        raise CaseError(
            f"{path}: the header states a place in its {' and '.join(stated)}, which cannot be used (zeros, no "
            "numbers or a singular matrix); write the file again with the orientation of the scan."
        )
    if not stated:
        zooms = np.where(zooms > 0, zooms, 1.0)
        header = header.copy()
        header["pixdim"][1:4] = zooms
        affine = np.asarray(header.get_base_affine(), dtype=np.float64)
        return Place(_in_millimetres(affine, header, notes), False, tuple(notes))
    if len(usable) < len(stated):
        broken, other = ("sform", "qform") if sform is not None and not _counts(sform) else ("qform", "sform")
        notes.append(Finding("note", f"the header's {broken} cannot be used; its {other} was taken"))
    affine = usable[0]
    if affine is sform:
        affine = _with_voxel_size(affine, zooms, usable[1] if len(usable) > 1 else None, notes)
        if len(usable) > 1 and affine is sform and _apart(affine, usable[1], header) > _SAME_PLACE_MM:
            notes.append(
                Finding("note", "the header's sform and qform place the volume differently; the sform was taken")
            )
    return Place(_in_millimetres(affine, header, notes), True, tuple(notes))


def _sform(header: Any) -> NDArray[np.float64] | None:
    if int(header["sform_code"]) <= 0:
        return None
    return np.vstack([*(np.asarray(header[f"srow_{axis}"], dtype=np.float64) for axis in "xyz"), [0, 0, 0, 1]])


def _qform(header: Any, zooms: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The matrix of the quaternion, by the formula in nifti1.h; one slightly longer than 1 is shortened."""
    if int(header["qform_code"]) <= 0:
        return None
    vector = np.array([header[f"quatern_{name}"] for name in "bcd"], dtype=np.float64)
    length = float(vector @ vector)
    if length > 1 - 1e-7:
        vector, length = vector / np.sqrt(length), 1.0
    b, c, d = vector
    a = np.sqrt(1 - length)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    sizes = np.where(zooms > 0, zooms, 1.0) * [1, 1, -1 if header["pixdim"][0] < 0 else 1]
    affine = np.eye(4)
    affine[:3, :3] = rotation * sizes
    affine[:3, 3] = [header[f"qoffset_{axis}"] for axis in "xyz"]
    return affine


def _counts(affine: NDArray[np.float64]) -> bool:
    if not np.isfinite(affine).all():
        return False
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.all(lengths > 0) and abs(np.linalg.det(affine[:3, :3] / lengths)) > 1e-3)


def _with_voxel_size(
    sform: NDArray[np.float64], zooms: NDArray[np.float64], qform: NDArray[np.float64] | None, notes: list[Finding]
) -> NDArray[np.float64]:
    lengths = np.linalg.norm(sform[:3, :3], axis=0)
    if not np.all(zooms > 0) or np.all(np.abs(lengths / zooms - 1) <= _SAME_LENGTH):
        return sform
    sizes = f"{_by(lengths)} and {_by(zooms)}"
    if not np.allclose(lengths, 1, atol=1e-4):
        what = "the header's sform and pixdim state different voxel sizes; those of the sform were taken"
        notes.append(Finding("warning", what, sizes))
        return sform
    what = "the header's sform has lost the voxel size, that of pixdim was taken"
    notes.append(Finding("note", what, sizes))
    if qform is not None:
        return qform
    affine = sform.copy()
    affine[:3, :3] *= zooms
    return affine


def _in_millimetres(affine: NDArray[np.float64], header: Any, notes: list[Finding]) -> NDArray[np.float64]:
    unit = int(header["xyzt_units"]) & 7
    scale = _MILLIMETRES.get(unit, 1.0)
    if scale == 1:
        return affine
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not all(_PLAUSIBLE_MM[0] <= length <= _PLAUSIBLE_MM[1] for length in lengths * scale):
        what = f"the header's unit, the {_UNITS[unit]}, cannot be right; its sizes were taken as millimetres"
        notes.append(Finding("warning", what, _by(lengths)))
        return affine
    notes.append(Finding("note", f"the header states sizes in {_UNITS[unit]}s; they were converted to millimetres"))
    scaled = affine.copy()
    scaled[:3] *= scale
    return scaled


def _apart(first: NDArray[np.float64], second: NDArray[np.float64], header: Any) -> float:
    ends = [(0, max(int(size) - 1, 0)) for size in header["dim"][1:4]]
    corners = np.array([[i, j, k, 1.0] for i in ends[0] for j in ends[1] for k in ends[2]]).T
    return float(np.linalg.norm(((first - second) @ corners)[:3], axis=0).max())


def _by(sizes: NDArray[np.float64]) -> str:
    return " x ".join(f"{size:.5g}" for size in sizes) + " mm"
