"""What a reader delivers: an array and where it lies in the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.finding import Finding


@dataclass(frozen=True, eq=False)
class Grid:
    """An image or a label map as stored in its file, with its geometry.

    Attributes:
        array: one of
            * a picture, ``(height, width)`` or ``(height, width, 3)``, rows from top to bottom;
            * a volume, ``(i, j, k)`` in the order of its file (NIfTI order: the first index runs along a row).
        affine: for a volume, the 4 x 4 matrix from voxel index ``(i, j, k, 1)`` to millimetres in RAS+ (+x to the
            patient's right, +y to the front, +z to the head);
            ``None`` for a picture, and for a stack of pictures that carries no geometry of its own.
        placed: whether the file itself states the affine; ``False`` where its reader made up a default.
        stacked: the array is a volume although it has no affine: slices that came as pictures or without a position.
        spacing: for a picture whose file states a pixel size, millimetres of (rows, columns); else ``None``.
        notes: what the reader noticed and a user should know; ``where`` names the file where there are several.
    """

    array: NDArray[np.generic]
    affine: NDArray[np.float64] | None = None
    placed: bool = True
    stacked: bool = False
    spacing: tuple[float, float] | None = None
    notes: tuple[Finding, ...] = ()

    @property
    def is_volume(self) -> bool:
        """Whether the array is a volume ``(i, j, k)`` rather than a picture."""
        return self.affine is not None or self.stacked
