"""What the steps of a study are about to take: counts from the index, times from a short calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.finetune.division import divide
from cosmos_datasets.evaluation.finetune.recipe import Recipe
from cosmos_datasets.evaluation.run import Request
from cosmos_datasets.evaluation.study.calibration import Speed
from cosmos_datasets.evaluation.study.question import Question
from cosmos_datasets.evaluation.study.steps import Step

#: Strategies with a prompt, S2 to S6.
_PROMPTED = 5
#: What the commands take where nothing is given.
_SIDES, _CLICKS, _REPEATS = "8,16,32,64,128,256", 10, 3
#: Images on which costs, and the sides of a grid, are timed, and how often.
_TIMED_COST, _TIMED_GRID, _REPEATED = 5, 3, 4
#: Prompts of a strategy that are timed together and one by one.
_TIMED_PROMPTS = 17
#: Seconds of a step that only reads results: assumed.
_READING = 30.0
#: Bytes of a result without its masks, in the file of a run; parts hold it a second time.
_ROW = 150
#: Training a mask: decoding forwards, and backwards for twice as long.
_TRAINING = 3


@dataclass(frozen=True)
class Estimate:
    """What a step takes.

    Attributes:
        images, masks: that it looks at.
        prompts: that the model answers; points of everything mode among them.
        seconds: with all processes.
        bytes: on the disk, at the most.
        why_not: the reason for which the step cannot be carried out, if there is one.
    """

    images: int = 0
    masks: int = 0
    prompts: int = 0
    seconds: float = _READING
    bytes: float = 0
    why_not: str = ""


@dataclass(frozen=True)
class Counts:
    """The chosen images and masks."""

    images: int
    masks: int


def estimate(step: Step, question: Question, speed: Speed, counts: Counts, processes: int) -> Estimate:
    """Estimate a step.

    Args:
        step: of the study.
        question: resolved.
        speed: of its model.
        counts: of what the study chooses.
        processes: that share the work.
    """
    if step.kind == "finetune":
        return _finetuning(step, question, speed, processes)
    images, masks = counts.images, counts.masks
    points, rows = (question.grid or 32) ** 2, _PROMPTED * masks
    prompts, shared, alone, size = 0, 0.0, speed.start, 0.0
    match step.kind:
        case "zero-shot":
            prompts = rows + images * points
            shared = images * (speed.encode + points * speed.point) + rows * speed.prompt
            size = 2 * (_PROMPTED + 1) * masks * (_ROW + 2 * speed.mask_bytes)
        case "randomness":
            ranges = len([one for one in question.jitter.split(",") if one.strip()])
            prompts = rows * (1 + ranges * (question.repeats or _REPEATS))
            shared = images * speed.encode + prompts * speed.prompt
            size = 2 * prompts * _ROW
        case "interactive":
            prompts = (question.clicks or _CLICKS) * masks
            shared = images * speed.encode + prompts * speed.click
            size = 2 * prompts * _ROW
        case "grid":
            sides = [int(side) ** 2 for side in (question.sides or _SIDES).split(",")]
            one = len(sides) * speed.encode + sum(sides) * speed.point
            prompts = images * sum(sides)
            shared, alone = images * one, alone + min(images, _TIMED_GRID) * one
            size = 2 * len(sides) * masks * _ROW
        case "efficiency":
            images = masks = min(images, _TIMED_COST)
            once = speed.encode + points * speed.point + _PROMPTED * _TIMED_PROMPTS * speed.prompt
            prompts, alone = images * _REPEATED * points, alone + images * _REPEATED * once
        case "factors":
            shared, alone, size = masks * speed.factors, _READING, masks * _ROW
        case "annotation":
            shared, alone = (_PROMPTED + 1) * masks * speed.correction, _READING
        case _:
            alone = _READING
    return Estimate(images, masks, prompts, alone + shared / processes, size)


def _finetuning(step: Step, question: Question, speed: Speed, processes: int) -> Estimate:
    request = Request(
        question.dataset,
        "",
        question.out,
        config=step.config or question.config,
        modality=question.modality,
        object=question.object,
        masks=question.masks,
    )
    try:
        division = divide(request.selected[1], train_cases=question.cases or None)
    except CosmosError as error:
        return Estimate(why_not=str(error))
    images, masks = division.counts("image_id"), division.counts()
    epochs = question.epochs or Recipe().epochs
    learnt = epochs * (_TRAINING * masks["train"] + masks["validation"])
    encoded = sum(images.values()) + images["test"]  # the held-out ones before and after
    seconds = encoded * speed.encode + (learnt + 2 * masks["test"]) * speed.prompt
    size = (images["train"] + images["validation"]) * speed.embedding_bytes
    total = sum(masks.values())
    return Estimate(sum(images.values()), total, learnt + 2 * masks["test"], speed.start + seconds / processes, size)


@dataclass(frozen=True)
class Line:
    """A line of the plan."""

    step: Step
    estimate: Estimate
    done: bool


def plan(
    steps: Sequence[Step],
    question: Question,
    speeds: Mapping[str, Speed],
    counts: Counts,
    processes: int,
    done: Sequence[str],
) -> list[Line]:
    """A line for every step; what is done takes no time any more.

    Args:
        steps: that are wanted.
        question: resolved.
        speeds: folder of a model -> its speed; that of a model of which everything is done is not needed.
        counts: of what the study chooses.
        processes: that share the work.
        done: names of the steps that are done.
    """
    lines: list[Line] = []
    coming = set(done)
    for step in steps:
        if lacking := [name for name in step.after if name not in coming]:
            lines.append(Line(step, Estimate(why_not=f"it needs {', '.join(lacking)}"), False))
            continue
        if step.name in done:
            lines.append(Line(step, Estimate(counts.images, counts.masks, seconds=0.0), True))
        elif step.model:
            lines.append(Line(step, estimate(step, question, speeds[step.model], counts, processes), False))
        else:
            lines.append(Line(step, replace(Estimate(), images=counts.images, masks=counts.masks), False))
        if not lines[-1].estimate.why_not:
            coming.add(step.name)
    return lines
