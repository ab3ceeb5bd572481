"""Last stages: the whole student learns masks, under the prompts of the experiments."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
import transformers

from cosmos_datasets.evaluation.models.preprocess import longest_side
from cosmos_sam_tiny.canvas import Mask
from cosmos_sam_tiny.data import Pictures, to_input
from cosmos_sam_tiny.distil import Turn, embedding_loss
from cosmos_sam_tiny.optimise import Stage, train_stage
from cosmos_sam_tiny.prompting import STRATEGIES, TrainingPrompt, training_prompt
from cosmos_sam_tiny.shapes import Picture

#: Strategies a step, and masks an image and strategy.
KINDS_A_STEP = 2
MASKS = 3
#: Masks of a picture that are kept in memory.
_KEPT = 12


def finetune(
    student: transformers.SamModel, stage: Stage, embeddings: Path, folder: Path, rank: int, ranks: int
) -> None:
    """Minimise focal and DICE loss of the best of three masks, and the error of the three estimates of IoU.

    Args:
        student: trained in place, all of it.
        stage: see :class:`cosmos_sam_tiny.optimise.Stage`.
        embeddings: the file of :func:`cosmos_sam_tiny.data.teacher_embeddings`.
        folder: for log and weights.
        rank: of this process, which uses the pictures of every ``ranks``-th number.
        ranks: number of processes.
    """
    for name, parameter in student.named_parameters():
        # Prompts never hold a mask.
        parameter.requires_grad_("mask_embed" not in name or "no_mask_embed" in name)
    targets = np.load(embeddings, mmap_mode="r")
    pictures = Pictures(folder / "pictures")
    numbers = [number for number in range(rank, stage.pictures, ranks) if number % 10 != 9]

    @cache
    def picture(number: int) -> Picture:
        whole = pictures[number]
        kept = np.random.default_rng(number).permutation(len(whole.masks))[:_KEPT]
        return Picture(whole.image, [whole.masks[k] for k in kept], whole.kind)

    def loss_of(step: int) -> tuple[torch.Tensor, dict[str, float]]:
        rng = np.random.default_rng([2, stage.size, step, rank])
        chosen = [numbers[k] for k in rng.integers(len(numbers), size=stage.batch)]
        turns = [Turn.draw(rng, picture(number).image.shape) for number in chosen]
        batch = [_varied(rng, picture(number), turn) for number, turn in zip(chosen, turns, strict=True)]
        with torch.autocast("cpu", torch.bfloat16):
            features = student.vision_encoder(torch.stack([to_input(one.image, stage.size) for one in batch]))[0]
        wanted = [turn(targets[number], first=1) for number, turn in zip(chosen, turns, strict=True)]
        kept, notes = embedding_loss(features, wanted)
        names, odds = list(STRATEGIES), list(STRATEGIES.values())
        losses = []
        for strategy in rng.choice(names, size=KINDS_A_STEP, replace=False, p=odds):
            masks = [[one.masks[k] for k in rng.integers(len(one.masks), size=MASKS)] for one in batch]
            prompts = [[training_prompt(rng, str(strategy), mask) for mask in few] for few in masks]
            with torch.autocast("cpu", torch.bfloat16):
                output = student(
                    image_embeddings=features, multimask_output=True, **_arguments(prompts, batch, stage.size)
                )
            covered = torch.stack([torch.stack([covered_share(mask, stage.size) for mask in few]) for few in masks])
            loss, facts = mask_loss(output.pred_masks.float(), output.iou_scores.float(), covered)
            losses.append(loss)
            notes |= facts
        return torch.stack(losses).mean() + stage.teacher * kept, notes

    train_stage(student, stage, loss_of, folder, rank)


def mask_loss(
    logits: torch.Tensor, scores: torch.Tensor, wanted: torch.Tensor
) -> tuple[torch.Tensor, dict[str, float]]:
    """Twenty parts focal loss and one part DICE loss of the best of three masks, and the error of the IoU head.

    Args:
        logits: ``(B, P, 3, h, w)``.
        scores: ``(B, P, 3)``, the model's own estimates of IoU.
        wanted: ``(B, P, h, w)``, the share of each pixel that the mask covers.

    Returns:
        The loss, and the mean DICE of the best masks and the mean error of the estimates.
    """
    target = wanted[:, :, None].expand_as(logits)
    shares = logits.sigmoid()
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    focal = (entropy * (shares - target).square()).mean((-2, -1))
    overlap = (shares * target).sum((-2, -1))
    dice = 1 - (2 * overlap + 1) / (shares.sum((-2, -1)) + target.sum((-2, -1)) + 1)
    each = 20 * focal + dice
    best = each.min(dim=-1).values
    with torch.no_grad():
        found, true = logits > 0, target > 0.5
        both = (found & true).sum((-2, -1)).float()
        either = (found | true).sum((-2, -1)).float()
        iou = both / either.clamp(min=1)
        reached = (2 * iou / (1 + iou)).amax(dim=-1).mean()
    error = F.mse_loss(scores, iou)
    # A little of the other masks' loss keeps all three alive.
    loss = best.mean() + 0.05 * each.mean() + error
    return loss, {"loss": float(loss.detach()), "dice": float(reached), "iou_error": float(error.detach())}


def _varied(rng: np.random.Generator, one: Picture, turn: Turn) -> Picture:
    """Turned, and in other greys."""
    curve = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.2))
    low, high = rng.uniform(0, 0.1), rng.uniform(0.7, 1)
    table = np.rint(255 * (low + (high - low) * curve) if rng.random() < 0.5 else 255 * curve).astype(np.uint8)
    return Picture(table[turn(one.image)], [turn(mask) for mask in one.masks], one.kind)


def _arguments(prompts: list[list[TrainingPrompt]], batch: list[Picture], size: int) -> dict[str, torch.Tensor]:
    """Prompts in pixels of the input, in the form that the model takes."""
    arguments = {}
    scales = []
    for one in batch:
        height, width = one.image.shape[:2]
        rows, columns = longest_side(height, width, size)
        scales.append([columns / width, rows / height])
    scale = torch.tensor(scales, dtype=torch.float32)[:, None]
    if len(prompts[0][0].points):
        points = np.stack([[prompt.points for prompt in few] for few in prompts])
        arguments["input_points"] = torch.from_numpy(points) * scale[:, :, None]
        arguments["input_labels"] = torch.from_numpy(np.stack([[prompt.labels for prompt in few] for few in prompts]))
    boxes = [[prompt.box for prompt in few if prompt.box is not None] for few in prompts]
    if boxes[0]:
        arguments["input_boxes"] = torch.from_numpy(np.stack(boxes)) * scale.repeat(1, 1, 2)
    return arguments


def covered_share(mask: Mask, size: int) -> torch.Tensor:
    """A mask at the decoder's own size, a quarter of the input: the share of each pixel that it covers."""
    rows, columns = longest_side(*mask.shape, size)
    full = torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32))[None, None]
    full = F.interpolate(full, (rows, columns), mode="bilinear", align_corners=False, antialias=rows < mask.shape[0])
    return F.avg_pool2d(F.pad(full, (0, size - columns, 0, size - rows)), 4)[0, 0]
