"""NIfTI (``.nii``, ``.nii.gz``, pairs) and Analyze 7.5 (``.hdr`` / ``.img``) through nibabel."""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.bounds import DEFLATE, must_hold
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.nifti_geometry import place
from cosmos_datasets.readers.siblings import sibling

_GZIP = b"\x1f\x8b"
#: A header takes 348 bytes, its extension flag four more: no voxel of a single file lies before.
_FIRST_VOXEL = {b"n+1": 352, b"n+2": 544}
_Loaded = tuple[NDArray[Any], NDArray[np.float64], bool, tuple[Finding, ...]]


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
        """The file; of a pair the header and the voxels beside it, in whatever capitals."""
        if self.path.suffix.lower() != ".hdr":
            return (self.path,)
        # Beside Analyze nibabel looks for SPM's matrix, too; the voxels stand last.
        beside = [] if _is_nifti(self.path) else [sibling(self.path, ".mat")]
        return (self.path, *filter(None, (*beside, sibling(self.path, ".img", ".img.gz"))))

    def read(self) -> Grid:
        """Decode the volume.

        Returns:
            A volume ``(i, j, k)`` in file order, ``scl_slope`` and ``scl_inter`` applied, and the affine by the rule
            of :mod:`cosmos_datasets.readers.nifti_geometry`.

        Raises:
            CaseError: if the file is damaged, is not 3D or 4D, or lacks that channel.
        """
        for path in self.files[1:]:
            with reading(path):
                pass
        with reading(self.path):
            states = [path.stat() for path in self.files]
            array, affine, placed, notes = _load(self.files, *((state.st_size, state.st_mtime_ns) for state in states))
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
        if array.ndim != 3 or not array.size:
            raise CaseError(f"{self.path}: a 3D volume was expected, its shape is {array.shape}.")
        named = tuple(Finding(one.level, one.what, f"{self.path} {one.where}".strip()) for one in notes)
        return Grid(array, affine, placed, notes=named)


# The sequences of one study are the channels of one 4D file, with one label map, and are cases one after the other:
# two files are kept, each until it is edited.
@lru_cache(maxsize=2)
def _load(files: tuple[Path, ...], *states: tuple[int, int]) -> _Loaded:
    start = _start(files[0])
    if start[:2] == _GZIP:
        raise CaseError(f"{files[0]}: it was packed twice with gzip; unpack it once.")
    magic = start[4:7] if start[4:6] in {b"n+", b"ni"} else start[344:347]
    if magic in {b"n+1", b"ni1", b"n+2", b"ni2"}:
        return _load_nifti(files, start, magic)
    import nibabel  # a third of a second, which listing the sources should not wait for

    image: Any = nibabel.load(files[0])
    must_hold(files[-1], math.prod(image.shape) * image.dataobj.dtype.itemsize, ratio=_ratio(files[-1]))
    return _voxels(image.dataobj), np.asarray(image.affine, dtype=np.float64), False, ()


def _load_nifti(files: tuple[Path, ...], start: bytes, magic: bytes) -> _Loaded:
    import nibabel
    from nibabel.arrayproxy import ArrayProxy

    kind, size = (nibabel.Nifti1Header, 348) if magic.endswith(b"1") else (nibabel.Nifti2Header, 540)
    # Unchecked: nibabel refuses headers that every other tool reads, for a quaternion a rounding error too long, say.
    header: Any = kind(start[:size], check=False)
    at = place(header, files[0])
    notes = list(at.notes)
    voxels, shape, dtype = files[-1], header.get_data_shape(), header.get_data_dtype()
    if magic[1:2] == b"i" and len(files) == 1:
        raise CaseError(f"{files[0]}: the voxels lie in a file of their own, which is not there; fetch it.")
    if not shape or min(shape) < 1:
        raise CaseError(f"{files[0]}: the header states the shape {shape}; the file is damaged, fetch it again.")
    needed = math.prod(shape) * dtype.itemsize
    offset = int(header["vox_offset"])
    must_hold(voxels, offset + needed, ratio=_ratio(voxels))
    with _opened(voxels) as stream:
        first = _FIRST_VOXEL.get(magic, 0)
        if offset < first:
            offset = first
            notes.append(Finding("warning", "the header lets voxels begin inside of itself; they were read behind it"))
            if _length(stream) != offset + needed:
                raise CaseError(
                    f"{files[0]}: the header lets voxels begin at byte {int(header['vox_offset'])}, inside of itself, "
                    "and the length of the file does not tell where they are; write it again."
                )
        slope, inter = header.get_slope_inter()
        proxy = ArrayProxy(stream, (shape, dtype, offset, 1.0 if slope is None else slope, inter or 0.0), mmap=False)
        array = _voxels(proxy)
        stream.seek(offset + needed)
        # Reading on to the end also checks the sum that gzip keeps behind the last byte.
        rest = sum(len(block) for block in iter(lambda: stream.read(1 << 20), b""))
    if rest:
        what = "the file is longer than its header says; is a slice or a volume missing in the header?"
        notes.append(Finding("warning", what, f"({rest:,} bytes)"))
    return array, at.affine, at.placed, tuple(notes)


def _is_nifti(path: Path) -> bool:
    return path.is_file() and path.read_bytes()[344:346] in {b"n+", b"ni"}


def _start(path: Path) -> bytes:
    with _opened(path) as stream:
        return bytes(stream.read(540))


def _opened(path: Path) -> Any:
    """Open a file, unpacked if its first bytes say so, whatever it is called."""
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
    return gzip.open(path) if is_packed else path.open("rb")


def _ratio(path: Path) -> float:
    with path.open("rb") as file:
        return DEFLATE if file.read(2) == _GZIP else 1.0


def _length(stream: Any) -> int:
    stream.seek(0)
    return sum(len(block) for block in iter(lambda: stream.read(1 << 20), b""))


def _voxels(proxy: Any) -> NDArray[Any]:
    """The values, scaled as the header says: of 16 bits and fewer in single precision, half of nibabel's memory."""
    is_scaled = (proxy.slope, proxy.inter) != (1, 0)
    return np.asanyarray(proxy, dtype=np.float32 if is_scaled and proxy.dtype.itemsize <= 2 else None)
