"""First stage: the student's encoder learns to give the teacher's embedding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
import transformers
from numpy.typing import NDArray

from cosmos_sam_tiny.batches import Batches, Turned
from cosmos_sam_tiny.data import GRID, to_input
from cosmos_sam_tiny.optimise import Stage, train_stage


def distil(student: transformers.SamModel, stage: Stage, folder: Path, rank: int, ranks: int) -> None:
    """Minimise the mean squared difference of embeddings; prompt encoder and decoder stay as they are.

    Args:
        student: its encoder is trained in place.
        stage: see :class:`cosmos_sam_tiny.optimise.Stage`.
        folder: for embeddings, pictures, log and weights.
        rank: of this process, which uses the pictures of every ``ranks``-th number.
        ranks: number of processes.
    """
    for name, parameter in student.named_parameters():
        parameter.requires_grad_(name.startswith("vision_encoder."))
    batches = Batches(folder, range(rank, stage.pictures, ranks))

    def loss_of(step: int) -> tuple[torch.Tensor, dict[str, float]]:
        batch = batches.draw(np.random.default_rng([1, stage.size, step, rank]), stage.batch)
        features = encode(student, batch, stage.size)
        return embedding_loss(features, [one.embedding for one in batch if one.embedding is not None])

    train_stage(student, stage, loss_of, folder, rank)


def encode(student: transformers.SamModel, batch: list[Turned], size: int) -> torch.Tensor:
    """The student's embeddings of some pictures, ``(B, 256, size / 16, size / 16)``."""
    pixels = torch.stack([to_input(one.picture.image, size) for one in batch])
    with torch.autocast("cpu", torch.bfloat16):
        features: torch.Tensor = student.vision_encoder(pixels)[0]
    return features


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
