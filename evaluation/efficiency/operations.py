"""What is timed of a model on an image: encoding, decoding of prompts, masks at the image's size, everything mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch

from cosmos_datasets.evaluation.efficiency.memory import Memory
from cosmos_datasets.evaluation.efficiency.timing import Spread, measure
from cosmos_datasets.evaluation.everything import Everything, everything
from cosmos_datasets.evaluation.models.adapter import Adapter, Embedding
from cosmos_datasets.evaluation.prompts import PROMPTED, Prompt, make_prompt
from cosmos_datasets.evaluation.sample import Sample
from cosmos_datasets.evaluation.scoring import PROMPTS_AT_ONCE

#: Side of the grid that warms everything mode up: 64 points, one full batch of the decoder.
WARM_GRID = 8
#: Measurements of one image: encoding, every strategy alone and in batches, masks, everything mode.
STEPS = 3 + 2 * len(PROMPTED)

Row = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """Something that is timed.

    Attributes:
        quantity: its name in the tables.
        strategy: whose prompts; empty where there are none.
        prompts_at_once: prompts that the decoder got together; 0 where it got none.
        per: what the seconds are divided by: ``image`` or ``prompt``.
    """

    quantity: str
    strategy: str
    prompts_at_once: int
    per: str


@dataclass
class Stopwatch:
    """The times of a model over images.

    Args:
        adapter: the model.
        grid: points a side of everything mode.
        repeats: how often each operation is timed on each image, after a warm-up.
        memory: gets the peaks of encoding, prompts and everything mode.
        tick: is called after each of the :data:`STEPS` of an image.
    """

    adapter: Adapter
    grid: int
    repeats: int
    memory: Memory
    tick: Callable[[], object] = lambda: None
    _seconds: dict[Operation, list[float]] = field(default_factory=dict)

    def time(self, sample: Sample) -> None:
        """Time every operation on one image; no more than its own embedding is held."""
        with self.memory.stage("encoding"):
            self._note(Operation("encoding", "", 0, "image"), lambda: self.adapter.encode([sample.image]))
        (embedding,) = self.adapter.encode([sample.image], [sample.row["image_id"]])
        with self.memory.stage("prompts"):
            for strategy in PROMPTED:
                self._prompts(strategy, sample, embedding)
            logits, _ = decode(self.adapter, embedding, [_prompts(sample, "S5")[0]])
            upsampling = Operation("masks at image size", "", 1, "prompt")
            self._note(upsampling, lambda: self.adapter.upsample(logits[0], embedding) > self.adapter.mask_threshold)
        with self.memory.stage("everything"):
            self._note(
                Operation("everything", "S1", 0, "image"),
                lambda: everything(self.adapter, embedding, [], self.grid),
                warm_up=lambda: everything(self.adapter, embedding, [], min(self.grid, WARM_GRID)),
            )

    def rows(self) -> Iterator[Row]:
        """The figures in seconds, in the order of the tables."""
        for operation, seconds in self._seconds.items():
            yield {**asdict(operation), "unit": "s", **asdict(Spread.of(seconds))}

    def _prompts(self, strategy: str, sample: Sample, embedding: Embedding) -> None:
        prompts = _prompts(sample, strategy)
        for at_once in (1, PROMPTS_AT_ONCE):
            batch = list(islice(cycle(prompts), at_once))
            operation = Operation("decoding", strategy, at_once, "prompt")
            self._note(operation, partial(decode, self.adapter, embedding, batch), parts=at_once)

    def _note(
        self,
        operation: Operation,
        work: Callable[[], object],
        *,
        warm_up: Callable[[], object] | None = None,
        parts: int = 1,
    ) -> None:
        seconds = measure(work, self.adapter.device, repeats=self.repeats, warm_up=warm_up)
        self._seconds.setdefault(operation, []).extend(one / parts for one in seconds)
        self.tick()


def decode(adapter: Adapter, embedding: Embedding, prompts: list[Prompt]) -> tuple[torch.Tensor, torch.Tensor]:
    """Decode prompts of one shape together; see :meth:`.Adapter.decode`."""
    boxes = [prompt.box for prompt in prompts if prompt.box is not None]
    return adapter.decode(
        embedding,
        torch.from_numpy(np.stack([prompt.points for prompt in prompts])),
        torch.from_numpy(np.stack([prompt.labels for prompt in prompts])),
        torch.from_numpy(np.stack(boxes)) if boxes else None,
    )


def _prompts(sample: Sample, strategy: str) -> list[Prompt]:
    """The prompts of the image's targets that have the first one's shape: such make one batch."""
    prompts = [make_prompt(strategy, target, sample.height, sample.width) for target in sample.targets]
    return [prompt for prompt in prompts if prompt.shape == prompts[0].shape]


@dataclass(frozen=True)
class GridTimes:
    """Everything mode of one grid on some images.

    Attributes:
        encoding: seconds of encoding each image.
        everything: seconds of everything mode on each embedding.
        kept: how many masks survive.
    """

    encoding: list[float]
    everything: list[float]
    kept: list[int]


def time_grid(adapter: Adapter, samples: Sequence[Sample], side: int, **filters: Any) -> GridTimes:
    """Time everything mode with ``side`` x ``side`` points once on each image, after a warm-up.

    Args:
        adapter: the model.
        samples: the images.
        side: points a side.
        filters: thresholds, see :func:`cosmos_datasets.evaluation.everything.everything`.
    """
    times = GridTimes([], [], [])
    for sample in samples:
        times.encoding.extend(measure(partial(adapter.encode, [sample.image]), adapter.device, repeats=1))
        (embedding,) = adapter.encode([sample.image], [sample.row["image_id"]])
        segment = partial(everything, adapter, embedding, [], **filters)

        def work(segment: Callable[[int], Everything] = segment) -> None:
            times.kept.append(len(segment(side).masks))

        warm_up = partial(segment, min(side, WARM_GRID))
        times.everything.extend(measure(work, adapter.device, repeats=1, warm_up=warm_up))
    return times
