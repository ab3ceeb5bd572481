"""NIfTI (``.nii``, ``.nii.gz``) and Analyze 7.5 (``.hdr`` / ``.img``) through nibabel."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.failure import reading


@dataclass(frozen=True)
class Nifti:
    """One volume of a NIfTI or Analyze file.

    Attributes:
        path: the file.
        channel: index along the last axis of a 4D file; must be given for one, and only for one, with more than one
            volume.
    """

    path: Path
    channel: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file; for Analyze the header and the voxels beside it."""
        voxels = self.path.with_suffix(".img")
        return (self.path, voxels) if self.path.suffix == ".hdr" and voxels.is_file() else (self.path,)

    def read(self) -> Grid:
        """Decode the volume.

        Returns:
            A volume ``(i, j, k)`` in file order, ``scl_slope`` and ``scl_inter`` applied, and the affine that nibabel
            selects (sform, else qform, else the Analyze default).

        Raises:
            CaseError: if the file is damaged, is not 3D or 4D, or lacks that channel.
        """
        with reading(self.path):
            states = [path.stat() for path in self.files]
            array, affine, placed = _load(self.path, *((state.st_size, state.st_mtime_ns) for state in states))
        if array.dtype.kind not in "biuf":
            raise CaseError(f"{self.path}: one real value a voxel was expected, it holds {array.dtype}.")
        while array.ndim > 3 and array.shape[-1] == 1:
            array = array[..., 0]
        if self.channel is not None:
            volumes = array.shape[3] if array.ndim == 4 else 1
            if not 0 <= self.channel < volumes:
                raise CaseError(f"{self.path}: holds {volumes} volumes, number {self.channel} (from 0) was expected.")
            array = array[..., self.channel] if array.ndim == 4 else array
        if array.ndim == 2:
            array = array[..., None]
        if array.ndim != 3:
            raise CaseError(f"{self.path}: a 3D volume was expected, its shape is {array.shape}.")
        return Grid(array, affine, placed)


@lru_cache(maxsize=2)
def _load(path: Path, *states: tuple[int, int]) -> tuple[NDArray[Any], NDArray[np.float64], bool]:
    import nibabel  # a third of a second, which listing the sources should not wait for

    # The sequences of one study are the channels of one 4D file, with one label map, and are cases one after the
    # other: two files are kept, each until it is edited.
    image: Any = nibabel.load(path)
    if path.suffix.lower() == ".gz":
        # nibabel stops at the last voxel, so the checksum behind it would never be read.
        with gzip.open(path) as stream:
            image = type(image).from_stream(stream)
            array = _voxels(image.dataobj)
            while stream.read(1 << 20):
                pass
    else:
        array = _voxels(image.dataobj)
    codes = (image.header.get(name, 0) for name in ("sform_code", "qform_code"))
    return (
        array,
        np.asarray(image.affine, dtype=np.float64),
        any(int(code) > 0 for code in codes),
    )


def _voxels(proxy: Any) -> NDArray[Any]:
    """The values, scaled as the header says: of 16 bits and fewer in single precision, half of nibabel's memory."""
    is_scaled = (proxy.slope, proxy.inter) != (1, 0)
    return np.asanyarray(proxy, dtype=np.float32 if is_scaled and proxy.dtype.itemsize <= 2 else None)
