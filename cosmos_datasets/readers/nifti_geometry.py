"""Where a NIfTI volume lies: the one rule by which sform, qform, pixdim and units decide.

1. A transform counts if its code is above zero and its matrix is finite and invertible. The sform goes before the
   qform, as in nibabel and FSL; where they disagree, that is told.
2. An sform with columns of length 1 beside another ``pixdim`` has lost its voxel size, which many tools do: the qform
   is taken if it counts, else the columns get the lengths of ``pixdim``. Where columns of any other length disagree
   with ``pixdim``, the sform is taken and that is told.
3. A file in which both codes are zero states no place: nibabel's default, ``pixdim`` and the patient's right first.
   A file that states a place which does not count is refused.
4. The unit of ``xyzt_units`` converts to millimetres, unless the voxels would then have a size that no scanner has.
5. A size that is not stated is 1 mm, and a quaternion too long is shortened: both are told.

Fields: https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.readers.world import Place, by, counts, in_millimetres

#: The spatial unit is the lowest three bits of ``xyzt_units``.
_UNITS = {1: "metre", 3: "micrometre"}
#: Lengths that differ by less are rounding.
_SAME_LENGTH = 0.01
#: Two transforms that move no corner by more than this many millimetres agree.
_SAME_PLACE_MM = 0.1
#: A length of a quaternion's vector up to which rounding makes it too long.
_LONGEST_VECTOR = 1.001


@np.errstate(all="ignore")  # numbers of a damaged header
def place(header: Any, path: Path) -> Place:
    """Work out where a volume lies.

    Args:
        header: a ``nibabel`` NIfTI header.
        path: its file, for messages.

    Raises:
        CaseError: if the header states a place and none of its transforms can be used.
    """
    notes: list[Finding] = []
    stated_sizes = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    sizes = np.where(np.isfinite(stated_sizes) & (stated_sizes > 0), stated_sizes, 0)
    sform, qform = _sform(header), _qform(header, sizes, notes)
    transforms = {name: at for name, at in (("sform", sform), ("qform", qform)) if at is not None}
    usable = {name: at for name, at in transforms.items() if counts(at)}
    if transforms and not usable:
        raise CaseError(
            f"{path}: the header states a place in its {' and '.join(transforms)}, which cannot be used (zeros, no "
            "numbers or a singular matrix); write the file again with the orientation of the scan."
        )
    for broken in transforms.keys() - usable.keys():
        what = f"the header's {broken} cannot be used; its {next(iter(usable))} was taken"
        notes.append(Finding("note", what))
    if "sform" in usable:
        affine = _of_sform(usable, sizes, header, notes)
    else:
        if not np.all(sizes > 0):
            notes.append(Finding("warning", "the header states no voxel size; 1 mm was taken", by(stated_sizes)))
        affine = usable["qform"] if usable else _default(header, sizes)
    affine, told = in_millimetres(affine, _UNITS.get(int(header["xyzt_units"]) & 7, ""))
    return Place(affine, bool(usable), (*notes, *told))


def _default(header: Any, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    header = header.copy()
    header["pixdim"][1:4] = np.where(sizes > 0, sizes, 1.0)
    return np.asarray(header.get_base_affine(), dtype=np.float64)


def _sform(header: Any) -> NDArray[np.float64] | None:
    if int(header["sform_code"]) <= 0:
        return None
    return np.vstack([*(np.asarray(header[f"srow_{axis}"], dtype=np.float64) for axis in "xyz"), [0, 0, 0, 1]])


def _qform(header: Any, sizes: NDArray[np.float64], notes: list[Finding]) -> NDArray[np.float64] | None:
    """The matrix of the quaternion, by the formula in nifti1.h."""
    if int(header["qform_code"]) <= 0:
        return None
    vector = np.array([header[f"quatern_{name}"] for name in "bcd"], dtype=np.float64)
    length = float(np.linalg.norm(vector))
    if length > _LONGEST_VECTOR:
        notes.append(Finding("warning", "the header's quaternion is longer than 1; its direction was taken"))
    if length > 1 - 1e-7:
        vector, length = vector / length, 1.0
    b, c, d = vector
    a = np.sqrt(1 - length**2)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation * np.where(sizes > 0, sizes, 1.0) * [1, 1, -1 if header["pixdim"][0] < 0 else 1]
    affine[:3, 3] = [header[f"qoffset_{axis}"] for axis in "xyz"]
    return affine


def _of_sform(
    usable: dict[str, NDArray[np.float64]], sizes: NDArray[np.float64], header: Any, notes: list[Finding]
) -> NDArray[np.float64]:
    """The sform with its voxel size, or the qform where the sform has lost it."""
    affine = usable["sform"]
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if np.all(sizes > 0) and np.any(np.abs(lengths / sizes - 1) > _SAME_LENGTH):
        both = f"{by(lengths)} and {by(sizes)}"
        if np.allclose(lengths, 1, atol=1e-4):
            what = "the header's sform has lost the voxel size, that of pixdim was taken"
            notes.append(Finding("note", what, both))
            affine = affine @ np.diag([*sizes, 1.0])
        else:
            what = "the header's sform and pixdim state different voxel sizes; those of the sform were taken"
            notes.append(Finding("warning", what, both))
    if "qform" not in usable:
        return affine
    qform, sform_lost_size = usable["qform"], affine is not usable["sform"]
    if _apart(affine, qform, header) > _SAME_PLACE_MM:
        taken = "qform" if sform_lost_size else "sform"
        what = f"the header's sform and qform place the volume differently; the {taken} was taken"
        notes.append(Finding("note", what))
    return qform if sform_lost_size else affine


def _apart(first: NDArray[np.float64], second: NDArray[np.float64], header: Any) -> float:
    ends = [(0, max(int(size) - 1, 0)) for size in header["dim"][1:4]]
    corners = np.array([[i, j, k, 1.0] for i in ends[0] for j in ends[1] for k in ends[2]]).T
    return float(np.linalg.norm(((first - second) @ corners)[:3], axis=0).max())
