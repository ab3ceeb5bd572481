"""What both stages share: the optimiser, its schedule, one step, the log, and the state to go on from."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers

from cosmos_sam_tiny.parallel import average_gradients

_LOG_EVERY = 50
_SAVE_EVERY = 100


@dataclass(frozen=True)
class Stage:
    """One stage of the training.

    Attributes:
        name: of its log lines and its file of weights.
        size: side of the input.
        steps: of the optimiser's schedule.
        batch: images a step and process.
        rate: the highest learning rate; it rises over the first steps and falls as a cosine to ``last`` of it.
        pictures: how many of the training pictures are used.
        last: see ``rate``.
        teacher: weight of the embedding's loss beside the mask loss, for pictures that the teacher saw.
        own: share of prompts that are the experiments' own; the others are random.
        until: the step after which the stage ends, if not at the end of the schedule.
    """

    name: str
    size: int
    steps: int
    batch: int
    rate: float
    pictures: int
    last: float = 0.02
    teacher: float = 0.0
    own: float = 0.5
    until: int | None = None

    @property
    def end(self) -> int:
        """The number of steps that are made."""
        return self.until or self.steps


def train_stage(
    student: transformers.SamModel,
    stage: Stage,
    loss_of: Callable[[int], tuple[torch.Tensor, dict[str, float]]],
    folder: Path,
    rank: int,
) -> None:
    """Run the steps of a stage and save the student's weights; goes on where an interrupted stage stopped.

    Args:
        student: trained in place.
        stage: see :class:`Stage`.
        loss_of: of a step's number the loss and what the log says about it.
        folder: for ``log.jsonl`` and ``<stage>.pt``.
        rank: of this process; the first one writes.
    """
    parameters = [parameter for parameter in student.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=stage.rate, weight_decay=0.02, betas=(0.9, 0.98))
    unfinished, first = folder / f"{stage.name}.unfinished.pt", 0
    if unfinished.is_file():
        saved = torch.load(unfinished, weights_only=True)
        student.load_state_dict(saved["student"])
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["step"]
    student.train()
    sums: dict[str, float] = {}
    began, count = time.monotonic(), 0
    for step in range(first, stage.end):
        for group in optimiser.param_groups:
            group["lr"] = _rate(stage, step)
        optimiser.zero_grad(set_to_none=True)
        loss, notes = loss_of(step)
        loss.backward()
        average_gradients(parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if rank != 0:
            continue
        sums = {name: sums.get(name, 0.0) + value for name, value in notes.items()}
        count += 1
        if count == _LOG_EVERY or step == stage.end - 1:
            means = {name: round(value / count, 5) for name, value in sums.items()}
            log(folder, stage=stage.name, step=step + 1, seconds=round(time.monotonic() - began), **means)
            sums, count = {}, 0
        if (step + 1) % _SAVE_EVERY == 0:
            state = {"student": student.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
            torch.save(state, unfinished.with_suffix(".part"))
            unfinished.with_suffix(".part").replace(unfinished)
    if rank == 0:
        torch.save(student.state_dict(), folder / f"{stage.name}.pt")
        unfinished.unlink(missing_ok=True)


def _rate(stage: Stage, step: int) -> float:
    warm = max(1, min(100, stage.steps // 10))
    if step < warm:
        return stage.rate * (step + 1) / warm
    done = (step - warm) / max(1, stage.steps - warm)
    return stage.rate * (stage.last + (1 - stage.last) * 0.5 * (1 + math.cos(math.pi * done)))


def log(folder: Path, **facts: object) -> None:
    """Append one line of JSON to the log, and print it."""
    line = json.dumps(facts)
    print(line, flush=True)
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
