"""S1, everything mode: masks for a grid of points, and for each target the one that fits it best.

The rules are those of SAM's and SAM 2's automatic mask generators with one crop, the whole image: three masks a point;
a mask survives if the model's IoU estimate and its stability are high enough, and if no survivor of higher estimate
has almost the same box.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cosmos_datasets.evaluation.models.adapter import Adapter, Embedding
from cosmos_datasets.evaluation.prompts import grid_points
from cosmos_datasets.evaluation.sample import Mask, Target

Box = tuple[int, int, int, int]

#: The thresholds of :func:`everything` that a run may choose.
FILTERS = ("iou_threshold", "stability_threshold", "nms_threshold")

# Masks are upsampled so many at a time that their float32 logits take 256 MiB at most (one mask, if it is larger).
_PIXELS_AT_ONCE = 1 << 26


@dataclass(frozen=True, eq=False)
class PackedMask:
    """A mask cropped to its box and compressed: thousands of candidates of a large image fit into memory.

    Attributes:
        bits: the pixels of the box in raster order, eight a byte, as a zlib stream.
        bbox: ``(x0, y0, x1, y1)`` in pixels of the image, ends inclusive.
        area: pixels of the mask.
        score: the model's own estimate of the IoU.
    """

    bits: bytes
    bbox: Box
    area: int
    score: float

    @classmethod
    def pack(cls, crop: Mask, bbox: Box, score: float) -> PackedMask:
        """Pack a mask that is cropped to ``bbox``."""
        # Level 1 is fast, and what is smooth shrinks to a few per cent anyway.
        return cls(zlib.compress(np.packbits(crop).tobytes(), 1), bbox, int(np.count_nonzero(crop)), score)

    def crop(self) -> Mask:
        """The mask, bool ``(y1 - y0 + 1, x1 - x0 + 1)``."""
        x0, y0, x1, y1 = self.bbox
        height, width = y1 - y0 + 1, x1 - x0 + 1
        packed = np.frombuffer(zlib.decompress(self.bits), dtype=np.uint8)
        return np.unpackbits(packed, count=height * width).reshape(height, width).view(np.bool_)


@dataclass(frozen=True, eq=False)
class Everything:
    """What everything mode finds in one image.

    Attributes:
        masks: the survivors, by falling score.
        index: int64 ``(targets,)``: the survivor of highest DICE, at equal DICE the one of higher score; -1 where
            none touches the target.
        tp: int64 ``(targets,)``: pixels that the target and its mask share; 0 where there is no mask.
        area: int64 ``(targets,)``: pixels of that mask; 0 where there is none.
        score: float32 ``(targets,)``: its score; NaN where there is none.
        nothing: for each target, why there is none, a key of :data:`cosmos_datasets.evaluation.results.NOTHING`;
            ``None`` where there is one.
    """

    masks: tuple[PackedMask, ...]
    index: NDArray[np.int64]
    tp: NDArray[np.int64]
    area: NDArray[np.int64]
    score: NDArray[np.float32]
    nothing: tuple[str | None, ...]

    def chosen(self, target: int) -> tuple[Mask, Box] | None:
        """The mask chosen for a target, cropped, and its box; None where there is none."""
        index = int(self.index[target])
        return None if index < 0 else (self.masks[index].crop(), self.masks[index].bbox)


def everything(
    adapter: Adapter,
    embedding: Embedding,
    targets: Sequence[Target],
    grid: int = 32,
    *,
    iou_threshold: float | None = None,
    stability_threshold: float = 0.95,
    stability_offset: float = 1.0,
    nms_threshold: float = 0.7,
    points_per_batch: int = 64,
) -> Everything:
    """Segment everything, then choose a mask for each target.

    A mask may be chosen for several targets. Besides one batch of the decoder, memory holds 256 MiB of upsampled
    logits and the candidates, compressed.

    Args:
        adapter: the model.
        embedding: of the image.
        targets: the references.
        grid: points a side.
        iou_threshold: keep masks whose own IoU estimate is above it; by default the adapter's. 0 keeps all.
        stability_threshold: keep masks whose stability is at least this: the area where the logit exceeds
            ``stability_offset`` above the mask threshold, over the area where it exceeds as much below it. 0 keeps
            all.
        stability_offset: in logits.
        nms_threshold: drop a mask whose box has a greater IoU with that of a survivor of higher estimate.
        points_per_batch: points decoded together. The results depend on it in their last digits.
    """
    points = torch.from_numpy(grid_points(grid, embedding.height, embedding.width))
    iou_threshold = adapter.iou_threshold if iou_threshold is None else iou_threshold
    candidates: list[PackedMask] = []
    sure = False
    for batch in torch.split(points, points_per_batch):
        labels = torch.ones((len(batch), 1), dtype=torch.int64)
        logits, scores = adapter.decode(embedding, batch[:, None], labels)
        logits, scores = logits.flatten(0, 1), scores.flatten()
        confident = scores > (iou_threshold or -torch.inf)
        sure |= bool(confident.any())
        candidates += _stable_masks(
            adapter,
            embedding,
            logits[confident],
            scores[confident],
            threshold=stability_threshold,
            offset=stability_offset,
        )
    kept = suppress(
        np.array([mask.bbox for mask in candidates]).reshape(-1, 4),
        np.array([mask.score for mask in candidates]),
        nms_threshold,
    )
    index, tp, area, score = _match(masks := [candidates[k] for k in kept], targets)
    missed = [target for target, found in zip(targets, index, strict=True) if found < 0]
    dropped = [mask for k, mask in enumerate(candidates) if k not in set(kept.tolist())] if missed else []
    touched = iter(np.atleast_1d(_shared_pixels(dropped, missed).any(axis=0)) if missed else np.zeros(0, dtype=bool))
    first = None if candidates else "stability" if sure else "iou"
    nothing = tuple(None if found >= 0 else first or ("nms" if next(touched) else "elsewhere") for found in index)
    return Everything(tuple(masks), index, tp, area, score, nothing)


def suppress(boxes: NDArray[np.int64], scores: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Greedy non-maximum suppression.

    Takes boxes by falling score (at equal scores the earlier first) and drops each whose IoU with one that was kept is
    above ``threshold``. Sides are ``x1 - x0``, as in SAM's generator: two boxes of no area never suppress each other.

    Args:
        boxes: int64 ``(N, 4)``, xyxy.
        scores: float64 ``(N,)``.
        threshold: 0-1.

    Returns:
        Indices of the kept boxes, by falling score.
    """
    corners = boxes.astype(np.float64)
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    left = np.argsort(-scores, kind="stable")
    kept = []
    while len(left):
        first, left = left[0], left[1:]
        kept.append(first)
        low = np.maximum(corners[first, :2], corners[left, :2])
        high = np.minimum(corners[first, 2:], corners[left, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        union = areas[first] + areas[left] - shared
        iou = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        left = left[iou <= threshold]
    return np.array(kept, dtype=np.int64)


def _stable_masks(
    adapter: Adapter,
    embedding: Embedding,
    logits: torch.Tensor,
    scores: torch.Tensor,
    *,
    threshold: float,
    offset: float,
) -> list[PackedMask]:
    """The stable ones of ``(N, h, w)`` logits, packed."""
    pixels = max(embedding.height * embedding.width, adapter.image_size**2)
    at_once = max(1, _PIXELS_AT_ONCE // pixels)
    packed: list[PackedMask] = []
    for few, their_scores in zip(torch.split(logits, at_once), torch.split(scores, at_once), strict=True):
        full = adapter.upsample(few, embedding)
        # int32 because torch adds up bools into int64 more slowly on a CPU
        inner = (full > adapter.mask_threshold + offset).sum((-2, -1), dtype=torch.int32)
        outer = (full > adapter.mask_threshold - offset).sum((-2, -1), dtype=torch.int32)
        # Nothing above the lower level: 0 / 0 is NaN, which no threshold keeps.
        stable = inner / outer >= threshold if threshold else torch.ones_like(inner, dtype=torch.bool)
        masks = full[stable] > adapter.mask_threshold
        for mask, bbox, score in zip(masks, _boxes(masks), their_scores[stable].tolist(), strict=True):
            x0, y0, x1, y1 = bbox
            packed.append(PackedMask.pack(mask[y0 : y1 + 1, x0 : x1 + 1].cpu().numpy(), bbox, score))
    return packed


def _boxes(masks: torch.Tensor) -> list[Box]:
    """Tight boxes of bool ``(N, H, W)``; an empty mask gets ``(0, 0, 0, 0)``, as in SAM's generator."""
    ends = []
    for across in (masks.any(dim=1), masks.any(dim=2)):
        size = across.shape[1]
        values = across.to(torch.uint8)
        last = size - 1 - values.flip(1).argmax(dim=1)
        ends.append((values.argmax(dim=1), torch.where(across.any(dim=1), last, 0)))
    (x0, x1), (y0, y1) = ends
    return [(box[0], box[1], box[2], box[3]) for box in torch.stack((x0, y0, x1, y1), dim=1).tolist()]


_Matched = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def _match(masks: Sequence[PackedMask], targets: Sequence[Target]) -> _Matched:
    """Choose for each target the mask of highest DICE among those that touch it: the first fields of the result."""
    index = np.full(len(targets), -1, dtype=np.int64)
    tp = np.zeros(len(targets), dtype=np.int64)
    area = np.zeros(len(targets), dtype=np.int64)
    score = np.full(len(targets), np.nan, dtype=np.float32)
    if masks and targets:
        shared = _shared_pixels(masks, targets)
        areas = np.array([mask.area for mask in masks], dtype=np.int64)
        sizes = np.array([target.area for target in targets], dtype=np.int64)
        dice = 2 * shared / (areas[:, None] + sizes)
        index = dice.argmax(axis=0)  # the first at a tie: masks come by falling score
        tp = shared[index, np.arange(len(targets))]
        area = np.where(tp > 0, areas[index], 0)
        score = np.where(tp > 0, np.array([mask.score for mask in masks], dtype=np.float32)[index], np.float32(np.nan))
        index = np.where(tp > 0, index, -1)
    return index, tp, area, score


def _shared_pixels(masks: Sequence[PackedMask], targets: Sequence[Target]) -> NDArray[np.int64]:
    """Pixels that each mask shares with each target, int64 ``(masks, targets)``; only where their boxes meet."""
    shared = np.zeros((len(masks), len(targets)), dtype=np.int64)
    theirs = np.array([target.bbox for target in targets])
    for m, mask in enumerate(masks):
        low = np.maximum(theirs[:, :2], mask.bbox[:2])
        high = np.minimum(theirs[:, 2:], mask.bbox[2:])
        meeting = np.flatnonzero((low <= high).all(axis=1))
        if not len(meeting):
            continue
        crop = mask.crop()
        for t in meeting.tolist():
            window = (*low[t].tolist(), *high[t].tolist())
            both = _window(crop, mask.bbox, window) & _window(targets[t].mask, targets[t].bbox, window)
            shared[m, t] = np.count_nonzero(both)
    return shared


def _window(crop: Mask, bbox: Box, window: tuple[int, ...]) -> Mask:
    """The part of a cropped mask that lies in a window of the image."""
    x0, y0, x1, y1 = window
    left, top = bbox[:2]
    return crop[y0 - top : y1 - top + 1, x0 - left : x1 - left + 1]
