"""The header of a NIfTI (``.nii``, ``.nii.gz``, pairs) or Analyze 7.5 file: voxels, place and scaling.

nibabel knows the fields; nothing is asked of its checks, which refuse headers that every other tool reads.
"""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.readers.nifti_geometry import place
from cosmos_datasets.readers.voxel_layout import Layout, is_packed
from cosmos_datasets.readers.world import Place

_LONGEST = 540
_MOST_DIMENSIONS = 7
#: A header takes 348 bytes, its extension flag four more: no voxel of a single file lies before.
_FIRST_VOXEL = {b"n+1": 352, b"n+2": 544}
_PAIRS = {b"ni1", b"ni2"}
#: Orientation codes of Analyze with coronal or sagittal slices.
_NOT_AXIAL = {b"\x01", b"\x02", b"\x04", b"\x05"}


@dataclass(frozen=True, eq=False)
class NiftiHeader:
    """What a header says.

    Attributes:
        layout: where the voxels are.
        place: where the volume lies; its notes are those of all fields.
        slope, intercept: of the linear function that turns stored values into real ones.
        doubts: why voxels may lie elsewhere, unless the file is as long as the header says.
    """

    layout: Layout
    place: Place
    slope: float
    intercept: float
    doubts: tuple[str, ...]


def nifti_header(files: tuple[Path, ...]) -> NiftiHeader:
    """Read the header.

    Args:
        files: the single file; of a pair, the header and the voxels.

    Raises:
        CaseError: if the file is another one, or fields contradict each other.
        Exception: of any kind, for a damaged file.
    """
    path, voxels = files[0], files[-1]
    with gzip.open(path) if is_packed(path) else path.open("rb") as stream:
        start = bytes(stream.read(_LONGEST))
    if start.startswith(b"\x1f\x8b"):
        raise CaseError(f"{path}: it was packed twice with gzip; unpack it once.")
    magic = start[4:7] if start[4:6] in {b"n+", b"ni"} else start[344:347]
    if magic not in _FIRST_VOXEL and len(files) == 1:
        raise CaseError(
            f"{path}: this is no NIfTI that holds its own voxels, and no file with voxels lies beside it; it is "
            "damaged, or the other file (.hdr, .img) has to be fetched."
        )
    if magic in _FIRST_VOXEL or magic in _PAIRS:
        header, at = _nifti(path, start, magic)
    else:
        header, at = _analyze(path, start)
    shape, dtype = header.get_data_shape(), header.get_data_dtype()
    if not 1 <= int(header["dim"][0]) <= _MOST_DIMENSIONS or min(shape) < 1:
        raise CaseError(f"{path}: the header states the shape {shape}; the file is damaged, fetch it again.")
    doubts = []
    if header["bitpix"] != dtype.itemsize * 8:
        doubts.append("the header states bits a voxel that its type does not have")
    offset, first = int(header["vox_offset"]), _FIRST_VOXEL.get(magic, 0)
    if offset < first:
        doubts.append("the header lets voxels begin inside of itself")
    slope, intercept, scaling = _scaling(path, header)
    layout = Layout(
        header=path,
        shape=tuple(int(size) for size in shape),
        dtype=dtype,
        data_files=files[1:],
        packed=is_packed(voxels),
        skipped=max(offset, first),
    )
    return NiftiHeader(layout, replace(at, notes=(*at.notes, *scaling)), slope, intercept, tuple(doubts))


def _nifti(path: Path, start: bytes, magic: bytes) -> tuple[Any, Place]:
    import nibabel  # a third of a second, which listing the sources should not wait for

    kind, size = (nibabel.Nifti1Header, 348) if magic.endswith(b"1") else (nibabel.Nifti2Header, 540)
    header: Any = kind(start[:size], check=False)
    return header, place(header, path)


def _analyze(path: Path, start: bytes) -> tuple[Any, Place]:
    """SPM's reading of the header, which gives meaning to more of its fields than any other."""
    from nibabel.spm2analyze import Spm2AnalyzeHeader

    if not Spm2AnalyzeHeader.may_contain_header(start[:348]):
        raise CaseError(f"{path}: this is neither NIfTI nor Analyze; the file is damaged, or is another format.")
    header: Any = Spm2AnalyzeHeader(start[:348], check=False)
    notes = []
    sizes = header["pixdim"][1:4]
    if not np.all(np.isfinite(sizes) & (sizes > 0)):
        notes.append(Finding("warning", "the header states no voxel size; 1 mm was taken"))
        header["pixdim"][1:4] = np.where(np.isfinite(sizes) & (sizes != 0), np.abs(sizes), 1)
    if bytes(header["orient"]) in _NOT_AXIAL:
        notes.append(
            Finding("warning", "the header's orientation code says that slices are not axial; it is not used")
        )
    return header, Place(np.asarray(header.get_best_affine(), dtype=np.float64), False, tuple(notes))


def _scaling(path: Path, header: Any) -> tuple[float, float, tuple[Finding, ...]]:
    stored = [float(header[f"scl_{name}"]) for name in ("slope", "inter")]
    if math.isinf(stored[0]) or (stored[0] and math.isfinite(stored[0]) and not math.isfinite(stored[1])):
        raise CaseError(f"{path}: the function that the header states for its values is not finite; write it again.")
    slope, intercept = header.get_slope_inter()
    scaling = 1.0 if slope is None else slope, intercept or 0.0
    if not stored[0] and stored[1] and math.isfinite(stored[1]):
        what = "the header states a function of the values with a slope of 0; they were taken as stored"
        return *scaling, (Finding("warning", what),)
    return *scaling, ()
