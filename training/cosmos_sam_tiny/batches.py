"""What a step sees: pictures of the training set, turned at random, and what the teacher makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_sam_tiny.data import TEACHER_PICTURES, Pictures
from cosmos_sam_tiny.shapes import Picture


@dataclass(frozen=True)
class Turn:
    """A mirroring that image, masks and embedding go through alike.

    Attributes:
        diagonal: rows and columns change places.
        mirrored: the axes, rows 0 and columns 1, that are turned round afterwards.
    """

    diagonal: bool
    mirrored: tuple[int, ...]

    @classmethod
    def draw(cls, rng: np.random.Generator, shape: tuple[int, ...]) -> Turn:
        """Any for a square image; others at the diagonal alone, because their padding must stay right and below."""
        diagonal, rows, columns = (bool(drawn) for drawn in rng.random(3) < 0.5)
        square = shape[0] == shape[1]
        return cls(diagonal, tuple(axis for axis, drawn in enumerate((rows, columns)) if drawn and square))

    def __call__(self, values: NDArray[Any], first: int = 0) -> NDArray[Any]:
        """Turn an array whose rows are axis ``first`` and whose columns are the next."""
        if self.diagonal:
            values = values.swapaxes(first, first + 1)
        return np.ascontiguousarray(np.flip(values, tuple(first + axis for axis in self.mirrored)))


@dataclass(frozen=True, eq=False)
class Turned:
    """A turned picture and its embedding.

    Attributes:
        picture: its image is turned, and its masks are turned when they are asked for: few of many are.
        turn: what was done to it.
        embedding: the teacher's, float16 ``(256, 32, 32)``, turned; ``None`` if it never saw the picture.
    """

    picture: Picture
    turn: Turn
    embedding: NDArray[np.float16] | None


class Batches:
    """The pictures of one process.

    Args:
        folder: holds ``teacher.npy``, see :func:`cosmos_sam_tiny.data.teacher_embeddings`, and ``pictures/``, where
            pictures are kept once they are made.
        numbers: of the pictures.
    """

    def __init__(self, folder: Path, numbers: Sequence[int]) -> None:
        self._embeddings = np.load(folder / "teacher.npy", mmap_mode="r")
        self._pictures = Pictures(folder / "pictures")
        self._numbers = numbers

    def draw(self, rng: np.random.Generator, count: int) -> list[Turned]:
        """So many pictures, each turned on its own; one may come twice."""
        numbers = [self._numbers[k] for k in rng.integers(len(self._numbers), size=count)]
        pictures = [self._pictures[number] for number in numbers]
        turns = [Turn.draw(rng, picture.image.shape) for picture in pictures]
        return [
            Turned(
                Picture(turn(picture.image), picture.masks, picture.kind),
                turn,
                turn(self._embeddings[number], first=1) if number < TEACHER_PICTURES else None,
            )
            for number, picture, turn in zip(numbers, pictures, turns, strict=True)
        ]
