"""A mask as run lengths with relative starts, the text of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid

_PAIRS = re.compile(r"[0-9]+(?:\s+[0-9]+)*")


@dataclass(frozen=True)
class RunLengths:
    """The mask of one picture: the union of several texts.

    Each text holds pairs: how many pixels lie between the end of the run before and this run, and how many pixels
    it has. Pixels are counted down the columns, beginning at the upper left.

    Attributes:
        image: the picture that the mask is of. It is not opened; masks of one table are told apart by it.
        table: the table, which was read when the cases were listed.
        runs: one text for each of its rows; ``-1`` and an empty text stand for no mask.
        shape: height and width.
    """

    image: Path
    table: Path
    runs: tuple[str, ...]
    shape: tuple[int, int]

    @property
    def files(self) -> tuple[Path, ...]:
        """The picture, and the table."""
        return (self.image, self.table)

    def read(self) -> Grid:
        """Draw the runs.

        Returns:
            ``(height, width)``, bool.

        Raises:
            CaseError: if a text is no list of pairs, or leaves the picture.
        """
        height, width = self.shape
        by_column = np.zeros((width, height), dtype=np.bool_)
        flat = by_column.reshape(-1)
        for text in self.runs:
            for start, end in self._intervals(text):
                flat[start:end] = True
        return Grid(np.ascontiguousarray(by_column.T))

    def _intervals(self, text: str) -> NDArray[np.int64]:
        """Start and end of each run."""
        if text.strip() in {"", "-1"}:
            return np.empty((0, 2), dtype=np.int64)
        # Python also takes 1_000, +5 and other scripts' digits for numbers.
        words = text.split() if _PAIRS.fullmatch(text.strip()) else ["0"]
        ends = np.cumsum(np.array(words, dtype=np.float64))  # exact for all that lies in a picture
        if len(words) % 2 or ends[-1] > self.shape[0] * self.shape[1]:
            raise CaseError(
                f"{self.table}: the runs of {self.image.name} ({text[:40]!r} ...) are no pairs of gap and length "
                f"within {self.shape[1]} x {self.shape[0]} pixels."
            )
        return ends.astype(np.int64).reshape(-1, 2)
