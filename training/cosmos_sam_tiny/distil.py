"""First stages: the student's encoder learns to give the teacher's embedding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
import transformers
from numpy.typing import NDArray

from cosmos_sam_tiny.data import GRID, Pictures, to_input
from cosmos_sam_tiny.optimise import Stage, train_stage


def distil(
    student: transformers.SamModel, stage: Stage, embeddings: Path, folder: Path, rank: int, ranks: int
) -> None:
    """Minimise the mean squared difference of embeddings; prompt encoder and decoder stay as they are.

    Args:
        student: its encoder is trained in place.
        stage: see :class:`cosmos_sam_tiny.optimise.Stage`.
        embeddings: the file of :func:`cosmos_sam_tiny.data.teacher_embeddings`.
        folder: for log and weights.
        rank: of this process, which uses the pictures of every ``ranks``-th number.
        ranks: number of processes.
    """
    for name, parameter in student.named_parameters():
        parameter.requires_grad_(name.startswith("vision_encoder."))
    targets = np.load(embeddings, mmap_mode="r")
    pictures = Pictures(folder / "pictures")

    @cache
    def image(number: int) -> NDArray[np.uint8]:
        return pictures[number].image

    def loss_of(step: int) -> tuple[torch.Tensor, dict[str, float]]:
        rng = np.random.default_rng([1, stage.size, step, rank])
        numbers = rank + ranks * rng.integers((stage.pictures - rank - 1) // ranks + 1, size=stage.batch)
        turns = [Turn.draw(rng, image(int(number)).shape) for number in numbers]
        images = [turn(image(int(number))) for turn, number in zip(turns, numbers, strict=True)]
        wanted = [turn(targets[number], first=1) for turn, number in zip(turns, numbers, strict=True)]
        with torch.autocast("cpu", torch.bfloat16):
            found = student.vision_encoder(torch.stack([to_input(pixels, stage.size) for pixels in images]))[0]
        return embedding_loss(found, wanted)

    train_stage(student, stage, loss_of, folder, rank)


def embedding_loss(found: torch.Tensor, wanted: list[NDArray[np.float16]]) -> tuple[torch.Tensor, dict[str, float]]:
    """The mean squared difference as a share of 0.01, about the variance of the teacher's embeddings.

    Args:
        found: ``(B, 256, side, side)``.
        wanted: ``(256, 32, 32)`` each; averaged down to the student's grid.

    Returns:
        The loss, and which share of the variance is not explained.
    """
    target = F.avg_pool2d(torch.from_numpy(np.stack(wanted)).float(), GRID // found.shape[-1])
    error = F.mse_loss(found.float(), target)
    return 100 * error, {"unexplained": float(error.detach() / target.var())}


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
