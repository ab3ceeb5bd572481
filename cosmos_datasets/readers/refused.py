"""An image that must not be used, though its file may be well."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid


@dataclass(frozen=True)
class Refused:
    """Stands in for the image of a case that a loader finds to be wrong, so that a build names it and leaves it out.

    Attributes:
        files: its files.
        reason: what is wrong, as a sentence.
    """

    files: tuple[Path, ...]
    reason: str

    def read(self) -> Grid:
        """Raise :class:`~cosmos_datasets.errors.CaseError` with the reason."""
        raise CaseError(self.reason)
