"""One image under the strategies: prompts, masks, the two choices among them, and the scores of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cosmos_datasets.evaluation.baselines import blind_dice
from cosmos_datasets.evaluation.contour_share import Contour, contour, contour_shares_mm
from cosmos_datasets.evaluation.distances import Points, diagonal, distance_scores_mm, surface_points
from cosmos_datasets.evaluation.everything import FILTERS, everything
from cosmos_datasets.evaluation.jitter import Jitter, split_name
from cosmos_datasets.evaluation.metrics import Convention, dice, jaccard
from cosmos_datasets.evaluation.models.adapter import Adapter, Embedding
from cosmos_datasets.evaluation.prompts import Prompt, make_prompt
from cosmos_datasets.evaluation.results import DISTANCES, DISTANCES_MM, SCORES
from cosmos_datasets.evaluation.sample import Mask, Sample, Target

#: Prompts that are decoded together: fixed, because the last digits of the logits depend on it.
PROMPTS_AT_ONCE = 16
#: Masks are upsampled so many at a time that their float32 logits take 256 MiB at most (one prompt, if it is larger).
_PIXELS_AT_ONCE = 1 << 26

Row = dict[str, Any]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Settings:
    """What decides the scores beside model and data.

    Attributes:
        strategies: of S1 to S6; one with moved prompts has its variant behind a space, see
            :func:`cosmos_datasets.evaluation.jitter.named`.
        grid: points a side of S1.
        iou_threshold, stability_threshold, nms_threshold: of S1, see
            :func:`cosmos_datasets.evaluation.everything.everything`.
        convention: how empty predictions score, see :data:`cosmos_datasets.evaluation.metrics.CONVENTIONS`.
        distances: whether HD, HD95, ASD and NSD are computed.
        tolerance: of NSD in pixels, 0 or more.
        tolerance_mm: of NSD in millimetres, likewise.
    """

    strategies: tuple[str, ...]
    grid: int = 32
    iou_threshold: float | None = None
    stability_threshold: float = 0.95
    nms_threshold: float = 0.7
    convention: Convention = "standard"
    distances: bool = True
    tolerance: float = 2.0
    tolerance_mm: float = 2.0

    def only(self, strategies: tuple[str, ...]) -> Settings:
        """The same settings for fewer strategies."""
        return replace(self, strategies=strategies)


@dataclass(frozen=True, eq=False)
class Predicted:
    """One mask that the model gave, cropped to where it is not empty.

    Attributes:
        mask, bbox: the crop and its place (xyxy, ends inclusive); ``None`` where the mask is empty.
        tp: pixels shared with the target.
        area: pixels of the mask.
        choice: which of the masks it was; ``None`` where there was none to choose.
        score: the model's own estimate of its IoU; NaN where there was no mask to choose.
    """

    mask: Mask | None
    bbox: Box | None
    tp: int
    area: int
    choice: int | None
    score: float


def score_sample(
    adapter: Adapter, embedding: Embedding, sample: Sample, settings: Settings, mean_areas: Sequence[float]
) -> Iterator[Row]:
    """Score every target of an image under every strategy.

    Args:
        adapter: the model.
        embedding: of the image.
        sample: the image and its targets.
        settings: the strategies and their parameters.
        mean_areas: for every target the mean pixels of its class, for the blind disc.

    Yields:
        One result row a target and strategy, strategies in order, targets in order, with the columns of
        :data:`cosmos_datasets.evaluation.results.SCHEMA`; masks as :class:`Predicted`, not encoded yet. Whoever takes
        the rows keeps these masks or drops them: no more than a batch of prompts is held back here. Upsampled logits
        and what is made of them take less than 1 GiB, or six times the bytes of one mask in float32 if that is more.
    """
    surfaces = [_surface(target.mask, target.bbox) for target in sample.targets] if settings.distances else None
    spacing = sample.spacing
    for name in settings.strategies:
        strategy, variant = split_name(name)
        if strategy == "S1":
            found = _everything(adapter, embedding, sample, settings)
        else:
            found = _prompted(adapter, embedding, sample, strategy, variant)
        for k, (prompt, oracle, own, nothing) in enumerate(found):
            target = sample.targets[k]
            surface = surfaces[k] if surfaces else None
            scores = _scores(oracle, target, surface, spacing, settings)
            own_scores = scores if own is oracle else _scores(own, target, surface, spacing, settings)
            yield {
                **_identity(sample, target, strategy, variant),
                "prompt": prompt.to_json() if prompt else f'{{"grid":{settings.grid}}}',
                "dice_blind": blind_dice(
                    strategy, target, prompt, sample.height, sample.width, mean_area=mean_areas[k]
                ),
                **{f"{score}_oracle": value for score, value in scores.items()},
                **{f"{score}_predicted": value for score, value in own_scores.items()},
                "predicted_iou": None if own is None else own.score,
                "diagonal": diagonal(sample.height, sample.width) if surface else None,
                "diagonal_mm": diagonal(sample.height, sample.width, spacing) if surface and spacing else None,
                "nothing_found": nothing,
            }


#: The prompt, the best mask, the model's own choice, and why everything mode found nothing.
_Choice = tuple[Prompt | None, Predicted, Predicted | None, str | None]


def _everything(adapter: Adapter, embedding: Embedding, sample: Sample, settings: Settings) -> Iterator[_Choice]:
    filters = {name: getattr(settings, name) for name in FILTERS}
    found = everything(adapter, embedding, sample.targets, settings.grid, **filters)
    for k in range(len(sample.targets)):
        index, tp, area = int(found.index[k]), int(found.tp[k]), int(found.area[k])
        mask, bbox = found.chosen(k) or (None, None)
        best = Predicted(mask, bbox, tp, area, None if index < 0 else index, float(found.score[k]))
        # No mask of everything mode belongs to a target, so there is no choice of the model's own.
        yield None, best, None, found.nothing[k]


def _prompted(
    adapter: Adapter, embedding: Embedding, sample: Sample, strategy: str, variant: str
) -> Iterator[_Choice]:
    """The choices for every target, in order; prompts of one shape are decoded together, shortly before their turn."""
    height, width = sample.height, sample.width
    prompts = [make_prompt(strategy, target, height, width) for target in sample.targets]
    if variant:
        jitter, image_id = Jitter.parse(variant), sample.row["image_id"]
        pairs = zip(prompts, sample.targets, strict=True)
        prompts = [jitter.move(prompt, strategy, image_id, target, height, width) for prompt, target in pairs]
    batches = _batches(prompts)
    ready: dict[int, _Choice] = {}
    for k in range(len(prompts)):
        if k not in ready:
            batch = batches[k]
            logits, scores = _decode(adapter, embedding, [prompts[n] for n in batch])
            choices = _choices(adapter, embedding, sample, batch, logits, scores)
            ready |= {n: (prompts[n], oracle, own, None) for n, (oracle, own) in zip(batch, choices, strict=True)}
        yield ready.pop(k)


def _batches(prompts: Sequence[Prompt]) -> dict[int, list[int]]:
    """For the first prompt of every batch its members: of one shape, in order."""
    shapes: dict[tuple[int, bool], list[int]] = {}
    for k, prompt in enumerate(prompts):
        shapes.setdefault(prompt.shape, []).append(k)
    starts = [(same, start) for same in shapes.values() for start in range(0, len(same), PROMPTS_AT_ONCE)]
    return {same[start]: same[start : start + PROMPTS_AT_ONCE] for same, start in starts}


def _decode(adapter: Adapter, embedding: Embedding, prompts: list[Prompt]) -> tuple[torch.Tensor, torch.Tensor]:
    boxes = [prompt.box for prompt in prompts if prompt.box is not None]
    return adapter.decode(
        embedding,
        torch.from_numpy(np.stack([prompt.points for prompt in prompts])),
        torch.from_numpy(np.stack([prompt.labels for prompt in prompts])),
        torch.from_numpy(np.stack(boxes)) if boxes else None,
    )


def _choices(
    adapter: Adapter,
    embedding: Embedding,
    sample: Sample,
    batch: list[int],
    logits: torch.Tensor,
    scores: torch.Tensor,
) -> Iterator[tuple[Predicted, Predicted]]:
    """For each prompt of a batch the mask of highest DICE, and the one that the model itself holds best."""
    several = logits.shape[1]
    pixels = max(sample.height * sample.width, adapter.image_size**2)
    at_once = max(1, _PIXELS_AT_ONCE // (several * pixels))
    for start in range(0, len(batch), at_once):
        few = logits[start : start + at_once]
        full = adapter.upsample(few.flatten(0, 1), embedding) > adapter.mask_threshold
        masks = full.reshape(len(few), several, sample.height, sample.width)
        areas = masks.sum((-2, -1), dtype=torch.int32).cpu().numpy()
        for n, k in enumerate(batch[start : start + at_once]):
            target = sample.targets[k]
            x0, y0, x1, y1 = target.bbox
            inside = masks[n, :, y0 : y1 + 1, x0 : x1 + 1] & torch.from_numpy(target.mask).to(masks.device)
            tp = inside.sum((-2, -1), dtype=torch.int32).cpu().numpy()
            own_scores = scores[start + n].cpu().numpy()
            oracle = int(np.argmax(dice(tp, areas[n], target.area)))
            own = int(np.argmax(own_scores))
            first = _predicted(masks[n], oracle, tp, areas[n], own_scores)
            yield first, first if own == oracle else _predicted(masks[n], own, tp, areas[n], own_scores)


def _predicted(
    masks: torch.Tensor, choice: int, tp: NDArray[Any], areas: NDArray[Any], scores: NDArray[np.float32]
) -> Predicted:
    mask, bbox = _crop(masks[choice]) if areas[choice] else (None, None)
    return Predicted(mask, bbox, int(tp[choice]), int(areas[choice]), choice, float(scores[choice]))


def _crop(mask: torch.Tensor) -> tuple[Mask, Box]:
    """Cut a mask that is not empty to its box and bring it to the CPU."""
    rows = torch.nonzero(mask.any(dim=1))
    columns = torch.nonzero(mask.any(dim=0))
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    crop = mask[y0 : y1 + 1, x0 : x1 + 1].cpu().numpy()
    # A view would keep its whole batch in memory.
    return crop.copy(), (x0, y0, x1, y1)


#: What distances are measured between.
_Surface = tuple[Points, Contour]


def _surface(mask: Mask, bbox: Box) -> _Surface:
    origin = bbox[1], bbox[0]
    return surface_points(mask, origin), contour(mask, origin)


_NO_SURFACE: _Surface = _surface(np.zeros((0, 0), dtype=np.bool_), (0, 0, 0, 0))


def _identity(sample: Sample, target: Target, strategy: str, variant: str) -> Row:
    return {
        **{
            name: sample.row[name]
            for name in ("source", "modality", "image_id", "case_id", "group_id", "split", "fold")
        },
        "object": target.object,
        "label": target.label,
        "instance": target.instance,
        "rater": target.rater,
        "strategy": strategy,
        "variant": variant,
        "area": target.area,
    }


def _scores(
    one: Predicted | None,
    target: Target,
    surface: _Surface | None,
    spacing: tuple[float, float] | None,
    settings: Settings,
) -> Row:
    if one is None:
        return dict.fromkeys((*SCORES, "tp", "pred_area", "choice", "mask"))
    return {
        "dice": dice(one.tp, one.area, target.area),
        "jac": jaccard(one.tp, one.area, target.area),
        **_distances(one, surface, spacing, settings),
        "tp": one.tp,
        "pred_area": one.area,
        "choice": one.choice,
        "mask": None if one.mask is None else one,
    }


def _distances(
    one: Predicted, surface: _Surface | None, spacing: tuple[float, float] | None, settings: Settings
) -> dict[str, float | None]:
    """In pixels and in mm; what is undefined or not wanted is ``None``."""
    if surface is None:
        return dict.fromkeys((*DISTANCES, *DISTANCES_MM))
    predicted = _NO_SURFACE if one.mask is None or one.bbox is None else _surface(one.mask, one.bbox)
    given: dict[str, Any] = {name: getattr(settings, name) for name in ("tolerance", "tolerance_mm", "convention")}
    pixels, mm = distance_scores_mm(predicted[0], surface[0], spacing, **given)
    share, share_mm = contour_shares_mm(predicted[1], surface[1], spacing, **given)
    in_mm = [None] * len(DISTANCES_MM) if mm is None else [*mm, share_mm]
    values = zip((*DISTANCES, *DISTANCES_MM), (*pixels, share, *in_mm), strict=True)
    return {name: None if value is None or np.isnan(value) else value for name, value in values}
