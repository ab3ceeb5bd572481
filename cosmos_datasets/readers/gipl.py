"""The header of a GIPL (``.gipl``, ``.gipl.gz``): 256 bytes, the highest byte first, without an orientation.

Layout: that which ITK's ``GiplImageIO`` writes.
"""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers.voxel_layout import Layout, is_packed
from cosmos_datasets.readers.world import LPS_TO_RAS, Place

_HEADER = 256
_TYPES = {1: "u1", 7: "i1", 8: "u1", 15: "i2", 16: "u2", 64: "f4", 65: "f8"}
_MAGIC = {719555000, 4026526128}


def gipl_header(path: Path) -> tuple[Layout, Place]:
    """Read the header.

    Raises:
        CaseError: if it is none, or not of one value a voxel in three dimensions.
        Exception: of any kind, for a damaged file.
    """
    packed = is_packed(path)
    with gzip.open(path) if packed else path.open("rb") as stream:
        head = stream.read(_HEADER)
    *sizes, kind = struct.unpack(">4HH", head[:10])
    spacing, origin = struct.unpack(">3f", head[10:22]), struct.unpack(">3d", head[204:228])
    if struct.unpack(">I", head[252:])[0] not in _MAGIC or kind not in _TYPES:
        raise CaseError(f"{path}: this is no GIPL of one number a voxel; the file is damaged, or is another format.")
    if min(sizes[:3]) < 1 or sizes[3] > 1:
        raise CaseError(f"{path}: a 3D image was expected, its header states the shape {tuple(sizes)}.")
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = origin
    dtype = np.dtype(_TYPES[kind]).newbyteorder(">")
    layout = Layout(path, tuple(sizes[:3]), dtype, packed=packed, skipped=_HEADER)
    return layout, Place(LPS_TO_RAS @ affine, placed=False)
