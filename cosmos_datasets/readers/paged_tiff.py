"""A volume whose slices are the pages of one TIFF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cosmos_datasets.errors import CaseError
from cosmos_datasets.finding import Finding
from cosmos_datasets.grid import Grid
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.readers.tiff import check_page, opened


@dataclass(frozen=True)
class PagedTiff:
    """A stack of grey pictures in one file; memory is what the decoded file takes.

    Attributes:
        path: the file.
        published: how many pages the publisher's file has. Pages of image and labels are paired by their order, so
            that one missing in each would not show otherwise.
    """

    path: Path
    published: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file."""
        return (self.path,)

    def read(self) -> Grid:
        """Decode all pages.

        Returns:
            A volume ``(i, j, k)`` = (column, row, page) without a geometry of its own, in the dtype of the file, as
            bright as displayed.

        Raises:
            CaseError: if the file is damaged, pages are missing, or they are no grey pictures of one size.
        """
        import tifffile

        with reading(self.path), opened(self.path) as file:
            first = file.pages[0]
            if _is_cut_off(file):
                raise CaseError(
                    f"{self.path}: the last pages are missing; the file is damaged or incomplete, fetch it again."
                )
            shape = (file.series[0].size // first.size, *first.shape)
            if len(file.series) != 1 or len(shape) != 3:
                raise CaseError(f"{self.path}: grey pages of one size were expected, it holds {file.series}.")
            for page in file.pages if len(file.pages) == shape[0] else [first]:
                check_page(self.path, page, shape[0])
            pages = np.asarray(file.series[0].asarray()).reshape(shape)
            if first.photometric == tifffile.PHOTOMETRIC.MINISWHITE and pages.dtype.kind in "ub":
                pages = ~pages
        notes: list[Finding] = []
        if self.published not in (None, len(pages)):
            what = f"a stack has not the {self.published} pages of the publisher's: its pages may be paired wrongly"
            notes.append(Finding("warning", what, f"{self.path.name}, {len(pages)} pages"))
        return Grid(pages.transpose(2, 1, 0), stacked=True, notes=tuple(notes))


def _is_cut_off(file: Any) -> bool:
    """Whether the last page found points to a further one, which tifffile mentions in its log only."""
    file.filehandle.seek(file.pages.next_page_offset)
    return bool(file.filehandle.read(file.tiff.offsetsize) != bytes(file.tiff.offsetsize))
