"""How a volume is cut into slices as a radiologist sees them.

Axial: anterior up, the patient's right on the left. Coronal: superior up, right on the left. Sagittal: superior up,
anterior on the left. Oblique volumes follow their nearest axes and are never resampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from nibabel.affines import voxel_sizes
from nibabel.orientations import io_orientation
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.source import Plane

#: For every plane: the world axis (0 right, 1 anterior, 2 superior) across the slices, and for rows (downwards) and
#: columns (to the right) the world axis and the sign in which it must run. In RAS+ anterior up means that rows run
#: towards negative y, the patient's right on the left that columns run towards negative x.
_SHOWN: dict[str, tuple[int, tuple[int, int], tuple[int, int]]] = {
    "axial": (2, (1, -1), (0, -1)),
    "coronal": (1, (2, -1), (0, -1)),
    "sagittal": (0, (2, -1), (1, -1)),
}
#: Cosine of the angle within which a plane has an anatomical name.
_NEAR = np.cos(np.deg2rad(20))
_ACROSS = {across: plane for plane, (across, _, _) in _SHOWN.items()}


@dataclass(frozen=True)
class Slicing:
    """How to take slices out of a volume ``(i, j, k)``.

    Attributes:
        plane: ``axial``, ``coronal``, ``sagittal``, ``acquired`` or ``native``.
        letter: of the slices' ids: that of the nearest anatomical plane, or ``n``.
        axis: the array axis across the slices.
        rows, columns: the array axes that become the rows and columns of a slice.
        flip_rows, flip_columns: whether each is reversed.
        spacing: millimetres of (rows, columns), or ``None``.
        slice_spacing: millimetres between slices, or ``None``.
    """

    plane: str
    letter: str
    axis: int
    rows: int
    columns: int
    flip_rows: bool
    flip_columns: bool
    spacing: tuple[float, float] | None
    slice_spacing: float | None

    def stack(self, volume: NDArray[Any]) -> NDArray[Any]:
        """View a volume ``(i, j, k)`` as ``(slices, rows, columns)``, slices in file order, each as shown."""
        view = volume.transpose(self.axis, self.rows, self.columns)
        return view[:, :: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]


def slicing(affine: NDArray[np.float64] | None, plane: Plane) -> Slicing:
    """Work out the slices of a volume.

    Args:
        affine: 4 x 4, voxel to RAS+ millimetres; ``None`` for a stack without geometry, whose slices lie along the
            last axis, pixels as stored.
        plane: the viewing plane; ``acquired`` takes the last array axis. It is named after the anatomical plane that
            lies within 20 degrees, where the header has turned the patient at all: short-axis stacks are often stored
            as if they were axial.

    Returns:
        The slicing; for ``native`` the rows are the second and the columns the first array axis, unflipped.

    Raises:
        CaseError: if the affine is singular or not finite.
    """
    if affine is None or plane == "native":
        spacing = None if affine is None else voxel_sizes(affine)
        rows_columns = None if spacing is None else (float(spacing[1]), float(spacing[0]))
        return Slicing(
            "native", "n", 2, 1, 0, False, False, rows_columns, None if spacing is None else float(spacing[2])
        )
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        raise CaseError("the header gives no usable geometry (a singular matrix).")
    # io_orientation gives each array axis its nearest world axis, each world axis once, and the direction.
    world = io_orientation(affine)
    axis_of = {int(world[axis, 0]): axis for axis in range(3)}
    sign_of = {axis: int(world[axis, 1]) for axis in range(3)}
    nearest = _ACROSS[int(world[2, 0])] if plane == "acquired" else plane
    across, (row_world, row_sign), (column_world, column_sign) = _SHOWN[nearest]
    rows, columns = axis_of[row_world], axis_of[column_world]
    sizes = voxel_sizes(affine)
    return Slicing(
        plane=nearest if plane != "acquired" or _is_turned_to(affine, across) else "acquired",
        letter=nearest[0],
        axis=axis_of[across],
        rows=rows,
        columns=columns,
        flip_rows=sign_of[rows] != row_sign,
        flip_columns=sign_of[columns] != column_sign,
        spacing=(float(sizes[rows]), float(sizes[columns])),
        slice_spacing=float(sizes[axis_of[across]]),
    )


def _is_turned_to(affine: NDArray[np.float64], across: int) -> bool:
    """Whether a header turns the last array axis to a world axis that a file without orientation does not give it."""
    direction = affine[:3, 2] / np.linalg.norm(affine[:3, 2])
    return across != 2 and bool(abs(direction[across]) >= _NEAR)
