"""The dialogue between a simulated user and a model, for all masks of an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.baselines import blind_dice
from cosmos_datasets.evaluation.interactive import Clicking
from cosmos_datasets.evaluation.interactive.clicks import Click, first_click, next_click, ritm_click, user
from cosmos_datasets.evaluation.metrics import dice
from cosmos_datasets.evaluation.models.adapter import Adapter, Embedding
from cosmos_datasets.evaluation.prompts import Prompt
from cosmos_datasets.evaluation.sample import Box, Mask, Sample, Target, pasted
from cosmos_datasets.evaluation.scoring import PROMPTS_AT_ONCE

#: Masks are upsampled so many at a time that their float32 logits take 256 MiB at most (one prompt, if it is larger).
_PIXELS_AT_ONCE = 1 << 26
_OF_IMAGE = ("source", "modality", "image_id", "case_id", "group_id", "split", "fold")

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Answer:
    """What the model makes of the clicks so far.

    Attributes:
        mask, bbox: the mask that the user sees, cropped to where it is not empty, and its place.
        logits: of that mask, at the decoder's own size.
        scores: the columns of a result that the answer decides.
    """

    mask: Mask
    bbox: Box
    logits: torch.Tensor
    scores: Row


@dataclass(eq=False)
class _Dialogue:
    """The clicks for one mask, and what they led to."""

    target: Target
    rule: str
    generator: np.random.Generator
    clicks: list[Click] = field(default_factory=list)
    answer: Answer | None = None
    rows: list[Row] = field(default_factory=list)

    def click(self) -> Click | None:
        """Look at the last answer and click; ``None`` where there is nothing left to click on.

        Raises:
            CosmosError: the reference mask is empty.
        """
        x0, y0, x1, y1 = self.target.bbox
        mask, bbox = (self.answer.mask, self.answer.bbox) if self.answer else _nothing(self.target)
        x0, y0, x1, y1 = min(x0, bbox[0]), min(y0, bbox[1]), max(x1, bbox[2]), max(y1, bbox[3])
        part = (x0, y0, x1, y1)
        reference, shown = pasted(self.target.mask, self.target.bbox, part), pasted(mask, bbox, part)
        clicked = [(one.x - x0, one.y - y0) for one in self.clicks]
        click: Click | None
        if self.rule == "ritm":
            click = ritm_click(reference, shown, clicked)
        elif not clicked:
            click = first_click(reference, self.generator)
        else:
            click = next_click(reference, shown, clicked, self.generator)
        if click is None and not clicked:
            raise CosmosError("the reference mask is empty: there is no pixel to click on")
        if click is not None:
            click = click.moved(x0, y0)
            self.clicks.append(click)
        return click


def click_through(
    adapter: Adapter, embedding: Embedding, sample: Sample, clicking: Clicking, mean_areas: Sequence[float]
) -> Iterator[Row]:
    """Click on every target of an image, up to N times.

    Every answer is made from all clicks so far, as points on the same embedding; with the previous mask, from the
    logits of the answer before too. Each time the model gives its three masks, and the user sees the one that it holds
    best, by its own estimate of their IoU; this is also the one that goes back in.

    Args:
        adapter: the model.
        embedding: of the image.
        sample: the image and its targets.
        clicking: the protocol of the user, with N clicks at most.
        mean_areas: for every target the mean pixels of its class, for the blind disc about the first click.

    Yields:
        N rows a target, targets in order, with the columns of
        :data:`cosmos_datasets.evaluation.interactive.store.SCHEMA`. Where nothing is left to click on, the last answer
        stands for the rest, and the row's ``x``, ``y`` and ``positive`` are ``None``. Clicks of a batch of targets are
        decoded together; no more than the masks of one batch are held.
    """
    protocol = {"rule": clicking.rule, "previous_mask": clicking.previous_mask}
    for start in range(0, len(sample.targets), PROMPTS_AT_ONCE):
        batch = [
            _Dialogue(
                one, clicking.rule, user(clicking.seed, sample.row["image_id"], one.label, one.instance, one.rater)
            )
            for one in sample.targets[start : start + PROMPTS_AT_ONCE]
        ]
        blind = [0.0] * len(batch)
        for number in range(1, clicking.clicks + 1):
            given = [one.click() if len(one.clicks) == number - 1 else None for one in batch]
            # Equally many clicks each, so that they make one batch without padding.
            asking = [one for one, click in zip(batch, given, strict=True) if click is not None]
            for one, answer in zip(asking, _answers(adapter, embedding, sample, asking, clicking), strict=True):
                one.answer = answer
            if number == 1:
                blind = [_blind(one, sample, mean_areas[start + n]) for n, one in enumerate(batch)]
            for one, click, of_disc in zip(batch, given, blind, strict=True):
                assert one.answer is not None
                place = dict.fromkeys(("x", "y", "positive")) if click is None else vars(click)
                row = {**_identity(sample, one.target), **protocol, "click": number, **place, **one.answer.scores}
                one.rows.append({**row, "dice_blind": of_disc})
        for one in batch:
            yield from one.rows


def _answers(
    adapter: Adapter, embedding: Embedding, sample: Sample, dialogues: Sequence[_Dialogue], clicking: Clicking
) -> Iterator[Answer]:
    if not dialogues:
        return
    points = np.asarray([[(click.x, click.y) for click in one.clicks] for one in dialogues], dtype=np.float32)
    labels = np.asarray([[click.positive for click in one.clicks] for one in dialogues], dtype=np.int64)
    before = [one.answer.logits for one in dialogues if one.answer and clicking.previous_mask]
    given = torch.stack(before) if before else None
    logits, ious = adapter.decode(embedding, torch.from_numpy(points), torch.from_numpy(labels), masks=given)
    several = logits.shape[1]
    pixels = max(sample.height * sample.width, adapter.image_size**2)
    at_once = max(1, _PIXELS_AT_ONCE // (several * pixels))
    for start in range(0, len(dialogues), at_once):
        few = logits[start : start + at_once]
        full = adapter.upsample(few.flatten(0, 1), embedding) > adapter.mask_threshold
        masks = full.reshape(len(few), several, sample.height, sample.width)
        for n, one in enumerate(dialogues[start : start + at_once]):
            yield _answer(masks[n], few[n], ious[start + n], one.target)


def _answer(masks: torch.Tensor, logits: torch.Tensor, ious: torch.Tensor, target: Target) -> Answer:
    """Choose among the masks ``(several, height, width)`` of one prompt, and score both choices."""
    x0, y0, x1, y1 = target.bbox
    inside = masks[:, y0 : y1 + 1, x0 : x1 + 1] & torch.from_numpy(target.mask).to(masks.device)
    tp = inside.sum((-2, -1), dtype=torch.int32).cpu().numpy().astype(np.int64)
    areas = masks.sum((-2, -1), dtype=torch.int32).cpu().numpy().astype(np.int64)
    scores = dice(tp, areas, target.area)
    estimates = ious.cpu().numpy()
    row: Row = {"predicted_iou": float(estimates.max())}
    for choice, k in (("oracle", int(np.argmax(scores))), ("predicted", int(np.argmax(estimates)))):
        values = {"dice": float(scores[k]), "tp": int(tp[k]), "pred_area": int(areas[k]), "choice": k}
        row |= {f"{name}_{choice}": value for name, value in values.items()}
    k = row["choice_predicted"]
    mask, bbox = _cropped(masks[k].cpu().numpy(), target)
    # A view would keep its whole batch in memory.
    return Answer(mask, bbox, logits[k].clone(), row)


def _nothing(target: Target) -> tuple[Mask, Box]:
    """An empty mask; it needs a place too."""
    return np.zeros_like(target.mask), target.bbox


def _cropped(mask: Mask, target: Target) -> tuple[Mask, Box]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return _nothing(target)
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    # A view would keep its whole batch in memory.
    return mask[y0 : y1 + 1, x0 : x1 + 1].copy(), (x0, y0, x1, y1)


def _blind(dialogue: _Dialogue, sample: Sample, mean_area: float) -> float:
    first = dialogue.clicks[0]
    prompt = Prompt(points=np.asarray([[first.x, first.y]], dtype=np.float32), labels=np.ones(1, dtype=np.int64))
    return blind_dice("S2", dialogue.target, prompt, sample.height, sample.width, mean_area=mean_area)


def _identity(sample: Sample, target: Target) -> Row:
    names = {"object": target.object, "label": target.label, "instance": target.instance, "rater": target.rater}
    return {**{name: sample.row[name] for name in _OF_IMAGE}, **names, "area": target.area}
