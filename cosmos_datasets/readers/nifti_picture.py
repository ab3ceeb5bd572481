"""NIfTI files that hold pictures, or slices one behind the other, under a header that knows nothing of the patient."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.nifti import Nifti


@dataclass(frozen=True)
class NiftiPicture:
    """One 2D picture.

    Attributes:
        path: the file.
        channel: index along the third axis, for a file of several channels.
    """

    path: Path
    channel: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """What :class:`Nifti` opens."""
        return Nifti(self.path).files

    def read(self) -> Grid:
        """Decode the picture.

        Returns:
            ``(height, width)``: the first axis of the file runs along a row, and an axis of length one is left out.
            The spacing is that of the header.

        Raises:
            CaseError: if the file is damaged or holds something else.
        """
        from nibabel.affines import voxel_sizes

        volume = Nifti(self.path).read()
        array = volume.array if self.channel is None else volume.array[..., self.channel : self.channel + 1]
        axes = [axis for axis in range(3) if array.shape[axis] > 1]
        if len(axes) != 2 or array.size == 0 or volume.affine is None:
            what = "a picture" if self.channel is None else f"a picture with channel {self.channel} (from 0)"
            raise CaseError(f"{self.path}: {what} was expected, its shape is {volume.array.shape}.")
        sizes = [float(voxel_sizes(volume.affine)[axis]) for axis in axes]
        return Grid(np.squeeze(array).T, spacing=(sizes[1], sizes[0]), notes=volume.notes)


@dataclass(frozen=True)
class NiftiStack:
    """A volume whose slices lie along the first axis of its file.

    Attributes:
        path: the file.
    """

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """What :class:`Nifti` opens."""
        return Nifti(self.path).files

    def read(self) -> Grid:
        """Decode the volume.

        Returns:
            The volume as :class:`Nifti` reads it where its header says that the first axis runs from feet to head. Any
            other header was made up: a stack without geometry, whose pictures have the second axis of the file
            downwards and the third to the right.

        Raises:
            CaseError: see :class:`Nifti`.
        """
        from nibabel.orientations import io_orientation

        volume = Nifti(self.path).read()
        with reading(self.path):
            if io_orientation(volume.affine)[0, 0] == 2:
                return volume
        return Grid(volume.array.transpose(2, 1, 0), stacked=True, notes=volume.notes)
