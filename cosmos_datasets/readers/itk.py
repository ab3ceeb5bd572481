"""The formats of ITK that hold one volume: MetaImage, NRRD and GIPL."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.gipl import gipl_header
from cosmos_datasets.readers.header_files import must_lie_beside
from cosmos_datasets.readers.metaimage import meta_header
from cosmos_datasets.readers.nrrd import nrrd_header
from cosmos_datasets.readers.presence import must_be_there
from cosmos_datasets.readers.voxel_layout import Layout, read_voxels, too_long
from cosmos_datasets.readers.world import Place, counts

_HEADERS = {
    (".mhd", ".mha"): meta_header,
    (".nrrd", ".nhdr"): nrrd_header,
    (".gipl", ".gipl.gz"): gipl_header,
}


@dataclass(frozen=True)
class ItkImage:
    """One volume.

    Attributes:
        path: the header file (or the single file), with a suffix in whatever capitals.
    """

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The header file, and the data files that it names."""
        try:
            return (self.path, *_header(self.path)[0].data_files)
        except CaseError:  # nothing but the header is ever opened; reading says why
            return (self.path,)

    def read(self) -> Grid:
        """Decode the volume.

        Returns:
            A volume ``(i, j, k)`` in file order with an affine in RAS+.

        Raises:
            CaseError: if a file is damaged or missing, a data file lies elsewhere, or it is not one volume of one
                value a voxel, in one segment.
        """
        layout, place = _header(self.path)
        for path in layout.data_files:
            must_be_there(path)
            must_lie_beside(self.path, path)
        with reading(self.path):
            array, rest = read_voxels(layout)
        notes = tuple(
            replace(one, where=f"{self.path} {one.where}".strip()) for one in (*place.notes, *too_long(rest))
        )
        return Grid(array, place.affine, place.placed, notes=notes)


def _header(path: Path) -> tuple[Layout, Place]:
    with reading(path):
        state = path.stat()
        try:
            return _parsed(path, state.st_size, state.st_mtime_ns)
        except (KeyError, ValueError, IndexError, struct.error) as error:
            # Their text quotes the header, which may name a patient.
            raise CaseError(f"{path}: its header cannot be read; the file is damaged, fetch it again.") from error


@lru_cache(maxsize=1024)
def _parsed(path: Path, *_state: int) -> tuple[Layout, Place]:
    read = next((header for suffixes, header in _HEADERS.items() if path.name.lower().endswith(suffixes)), None)
    if read is None:
        raise CaseError(f"{path}: its format is not read; convert it to NIfTI.")
    layout, place = read(path)
    if not counts(place.affine):
        raise CaseError(f"{path}: its header states axes or a voxel size that cannot be used; write it again.")
    return layout, place
