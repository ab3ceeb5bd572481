"""Last stages: the whole student learns masks, under the prompts of the experiments."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
import transformers

from cosmos_datasets.evaluation.models.preprocess import longest_side
from cosmos_sam_tiny.batches import Batches, Turned
from cosmos_sam_tiny.canvas import Mask
from cosmos_sam_tiny.data import has_no_masks
from cosmos_sam_tiny.distil import embedding_loss, encode
from cosmos_sam_tiny.optimise import Stage, train_stage
from cosmos_sam_tiny.prompting import STRATEGIES, TrainingPrompt, training_prompt
from cosmos_sam_tiny.shapes import Picture

#: Strategies a step, and masks an image and strategy.
KINDS_A_STEP = 2
MASKS = 3


def finetune(student: transformers.SamModel, stage: Stage, folder: Path, rank: int, ranks: int) -> None:
    """Minimise focal and DICE loss of the best of three masks, and the error of the three estimates of IoU.

    Args:
        student: trained in place, all of it.
        stage: see :class:`cosmos_sam_tiny.optimise.Stage`.
        folder: for embeddings, pictures, log and weights.
        rank: of this process, which uses the pictures of every ``ranks``-th number.
        ranks: number of processes.
    """
    for name, parameter in student.named_parameters():
        # Prompts never hold a mask.
        parameter.requires_grad_("mask_embed" not in name or "no_mask_embed" in name)
    numbers = [number for number in range(rank, stage.pictures, ranks) if not has_no_masks(number)]
    batches = Batches(folder, numbers)
    names, odds = list(STRATEGIES), list(STRATEGIES.values())

    def loss_of(step: int) -> tuple[torch.Tensor, dict[str, float]]:
        rng = np.random.default_rng([zlib.crc32(stage.name.encode()), step, rank])
        batch = batches.draw(rng, stage.batch)
        varied = [Turned(_varied(rng, one.picture), one.turn, one.embedding) for one in batch]
        features = encode(student, varied, stage.size)
        losses, facts = [], []
        for strategy in rng.choice(names, size=KINDS_A_STEP, replace=False, p=odds):
            masks = [_some_masks(rng, one) for one in batch]
            prompts = [[training_prompt(rng, str(strategy), mask, stage.own) for mask in few] for few in masks]
            with torch.autocast("cpu", torch.bfloat16):
                output = student(
                    image_embeddings=features, multimask_output=True, **_arguments(prompts, batch, stage.size)
                )
            covered = torch.stack([torch.stack([covered_share(mask, stage.size) for mask in few]) for few in masks])
            loss, notes = mask_loss(output.pred_masks.float(), output.iou_scores.float(), covered)
            losses.append(loss)
            facts.append(notes)
        means = {name: sum(notes[name] for notes in facts) / len(facts) for name in facts[0]}
        return torch.stack(losses).mean() + stage.teacher * _kept(features, batch), means

    train_stage(student, stage, loss_of, folder, rank)


def _some_masks(rng: np.random.Generator, one: Turned) -> list[Mask]:
    masks = one.picture.masks
    return [one.turn(masks[k]) for k in rng.integers(len(masks), size=MASKS)]


def _kept(features: torch.Tensor, batch: list[Turned]) -> torch.Tensor:
    """How far the embeddings are from the teacher's, where it has any."""
    known = [(place, one.embedding) for place, one in enumerate(batch) if one.embedding is not None]
    if not known:
        return torch.zeros(())
    loss, _ = embedding_loss(features[[place for place, _ in known]], [embedding for _, embedding in known])
    return loss * len(known) / len(batch)


def mask_loss(
    logits: torch.Tensor, scores: torch.Tensor, wanted: torch.Tensor
) -> tuple[torch.Tensor, dict[str, float]]:
    """Twenty parts focal loss and one part DICE loss of the best of three masks, and two of the IoU head's error.

    The absolute error: the head learns the median. One point often means one thing and now and then another; the
    mean of both would promise little for masks that are mostly right, and everything mode would drop them.

    Args:
        logits: ``(B, P, 3, h, w)``; scaled up to the masks' size, as in an experiment.
        scores: ``(B, P, 3)``, the model's own estimates of IoU.
        wanted: ``(B, P, H, W)``, the share of each pixel that the mask covers.

    Returns:
        The loss, and the mean DICE of the best masks and the mean error of the estimates.
    """
    larger = F.interpolate(logits.flatten(0, 1), wanted.shape[-2:], mode="bilinear", align_corners=False)
    logits = larger.unflatten(0, logits.shape[:2])
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
    error = F.l1_loss(scores, iou)
    # A little of the other masks' loss keeps all three alive.
    loss = best.mean() + 0.05 * each.mean() + 2 * error
    return loss, {"loss": float(loss.detach()), "dice": float(reached), "iou_error": float(error.detach())}


def _varied(rng: np.random.Generator, one: Picture) -> Picture:
    """In other greys."""
    curve = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.2))
    low, high = rng.uniform(0, 0.1), rng.uniform(0.7, 1)
    table = np.rint(255 * (low + (high - low) * curve) if rng.random() < 0.5 else 255 * curve).astype(np.uint8)
    return Picture(table[one.image], one.masks, one.kind)


def _arguments(prompts: list[list[TrainingPrompt]], batch: list[Turned], size: int) -> dict[str, torch.Tensor]:
    """Prompts in pixels of the input, in the form that the model takes."""
    arguments = {}
    scales = []
    for one in batch:
        height, width = one.picture.image.shape[:2]
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
    """A mask at half of the input's size: the share of each pixel that it covers.

    That is twice the decoder's own size, where the outline of a small cell would be lost. Pixels of a small image
    become squares with sharp corners cut, not ramps: a soft target would teach logits that hardly leave zero.
    """
    rows, columns = longest_side(mask.shape[0], mask.shape[1], size)
    full = torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32))[None, None]
    full = F.interpolate(full, (rows, columns), mode="bilinear", align_corners=False, antialias=rows < mask.shape[0])
    sharp = (full > 0.5).float()
    return F.avg_pool2d(F.pad(sharp, (0, size - columns, 0, size - rows)), 2)[0, 0]
