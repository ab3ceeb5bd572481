"""NIfTI (``.nii``, ``.nii.gz``, pairs) and Analyze 7.5 (``.hdr`` / ``.img``)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.header_files import must_lie_beside, sibling
from cosmos_datasets.readers.nifti_header import NiftiHeader, nifti_header
from cosmos_datasets.readers.presence import must_be_there
from cosmos_datasets.readers.voxel_layout import read_voxels, too_long
from cosmos_datasets.readers.world import Place


@dataclass(frozen=True)
class Nifti:
    """One volume of a NIfTI or Analyze file.

    Attributes:
        path: the file; of a pair, either of the two.
        channel: index along the last axis of a 4D file; must be given for one, and only for one, with more than one
            volume.
    """

    path: Path
    channel: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file; of a pair the header and the voxels, in whatever capitals."""
        if not self.path.name.lower().endswith((".hdr", ".img", ".hdr.gz", ".img.gz")):
            return (self.path,)
        header = sibling(self.path, ".hdr", ".hdr.gz") or self.path
        voxels = sibling(self.path, ".img", ".img.gz")
        return (header,) if voxels in (None, header) else (header, voxels)

    def read(self) -> Grid:
        """Decode the volume.

        Returns:
            A volume ``(i, j, k)`` in file order, ``scl_slope`` and ``scl_inter`` applied, and the affine by the rule
            of :mod:`cosmos_datasets.readers.nifti_geometry`.

        Raises:
            CaseError: if the file is damaged, is not 3D or 4D, or lacks that channel.
        """
        files = self.files
        for path in files[1:]:
            must_be_there(path)
            must_lie_beside(files[0], path)
        with reading(files[0]):
            states = [path.stat() for path in files]
            array, place = _load(files, *((state.st_size, state.st_mtime_ns) for state in states))
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
        notes = tuple(replace(one, where=f"{self.path} {one.where}".strip()) for one in place.notes)
        return Grid(array, place.affine, place.placed, notes=notes)


# The sequences of one study are the channels of one 4D file, with one label map, and are cases one after the other:
# two files are kept, each until it is edited.
@lru_cache(maxsize=2)
def _load(files: tuple[Path, ...], *_states: tuple[int, int]) -> tuple[NDArray[Any], Place]:
    header = nifti_header(files)
    if header.layout.dtype.kind not in "biuf":
        raise CaseError(f"{files[0]}: one real value a voxel was expected, it holds {header.layout.dtype}.")
    stored, rest = read_voxels(header.layout)
    if rest and header.doubts:
        raise CaseError(
            f"{files[0]}: {' and '.join(header.doubts)}, and the length of the file does not tell where voxels are; "
            "write it again."
        )
    doubts = [Finding("warning", f"{what}; they were found by the length of the file") for what in header.doubts]
    notes = (*header.place.notes, *doubts, *too_long(rest))
    return _scaled(stored, header), replace(header.place, notes=notes)


def _scaled(stored: NDArray[Any], header: NiftiHeader) -> NDArray[Any]:
    """The values as nibabel scales them; those of 16 bits and fewer in single precision, half of its memory."""
    if (header.slope, header.intercept) == (1, 0):
        return stored
    from nibabel.volumeutils import apply_read_scaling

    if stored.dtype.itemsize > 2:
        return np.asarray(apply_read_scaling(stored, header.slope, header.intercept))
    scaled = np.empty_like(stored, dtype=np.float32)
    for k in range(stored.shape[-1]):
        scaled[..., k] = apply_read_scaling(stored[..., k], header.slope, header.intercept)
    return scaled
