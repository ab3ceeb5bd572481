"""The training itself: epochs of steps over all processes, validation, and states to go on from.

Every step takes the same images in the same order whatever the number of processes: they divide its images, and the
gradients of the sum over all its masks are added up. Order, jitter and drawn masks follow from the seed, the epoch and
the image, so a position in the epoch is all that has to be remembered of chance.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed
from tqdm import tqdm

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.finetune.examples import Entry, Example
from cosmos_datasets.evaluation.finetune.journal import Journal
from cosmos_datasets.evaluation.finetune.network import Network, Shown
from cosmos_datasets.evaluation.finetune.recipe import Recipe
from cosmos_datasets.evaluation.finetune.state import BEST, Position, load_state, save_state, save_weights
from cosmos_datasets.evaluation.processes import Process

_NOTES = ("loss", "dice", "iou_error")
#: Examples that are read ahead.
_AHEAD = 2


class Training:
    """Trains a network in place, and goes on where an interrupted training stopped.

    Args:
        network: the model.
        recipe: its hyperparameters.
        train, validation: the images.
        read: opens one of them.
        folder: for states and the log.
        process: this process among its ranks.
        save_every: steps after which a state is written, beside the one after every epoch.
        progress: show bars on standard error.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        train: Sequence[Entry],
        validation: Sequence[Entry],
        read: Callable[[Entry], Example],
        folder: Path,
        process: Process,
        *,
        save_every: int,
        progress: bool,
    ) -> None:
        self._network, self._recipe, self._read = network, recipe, read
        self._train, self._validation = train, validation
        self._folder, self._process, self._save_every = folder, process, save_every
        self._first = process.rank == 0
        self._bars = None if progress and self._first else True
        self._weights = network.trained
        self._optimiser = torch.optim.AdamW(
            self._weights.values(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self._device = network.adapter.device
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=recipe.mixed_precision == "fp16")
        self._images_a_step = recipe.batch_size * recipe.gradient_accumulation

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-len(self._train) // self._images_a_step)

    def run(self) -> Position:
        """Train all epochs that are left, and leave the best one's weights in ``best.safetensors``.

        Raises:
            CosmosError: if more epochs are done than asked for, a state is damaged, or the loss is not finite.
        """
        position = load_state(self._folder, self._weights, self._optimiser) or Position()
        if position.epoch - 1 > self._recipe.epochs:
            raise CosmosError(
                f"{position.epoch - 1} epochs are done already, {self._recipe.epochs} are asked for: the kept weights "
                "may be those of a later one. Give --out a new folder, or ask for as many."
            )
        if position.scaler:
            self._scaler.load_state_dict(position.scaler)
        if not self._first:
            return self._epochs(position, None)
        with closing(Journal(self._folder, position.total, position.epoch - 1)) as journal:
            return self._epochs(position, journal)

    def _epochs(self, position: Position, journal: Journal | None) -> Position:
        if position.untouched is None:
            position.untouched = self._validate("validate the untouched model")
            if journal:
                journal.epoch(0, 0, position.untouched)
            self._save(position)
        while position.epoch <= self._recipe.epochs:
            self._epoch(position, journal)
            dice = self._validate(f"validate epoch {position.epoch}")
            if journal:
                journal.epoch(position.epoch, position.total, dice)
            if dice > position.best_dice:
                position.best_epoch, position.best_dice = position.epoch, dice
                if self._first:
                    save_weights(self._folder / BEST, self._weights)
            position.epoch, position.step = position.epoch + 1, 0
            self._save(position)
        return position

    def _epoch(self, position: Position, journal: Journal | None) -> None:
        self._network.training(True)
        label = f"epoch {position.epoch} of {self._recipe.epochs}"
        order = np.random.default_rng([self._recipe.seed, position.epoch]).permutation(len(self._train)).tolist()
        with (
            tqdm(total=self.steps, initial=position.step, unit="step", desc=label, disable=self._bars) as bar,
            ThreadPoolExecutor(1) as pool,
        ):
            for step in range(position.step, self.steps):
                images = [self._train[n] for n in order[step * self._images_a_step :][: self._images_a_step]]
                values = self._step(images, position.epoch, step, pool)
                position.step, position.total = step + 1, position.total + 1
                bar.update()
                bar.set_postfix_str(f"loss {values['loss']:.3f} DICE {values['dice']:.3f}", refresh=False)
                if journal:
                    journal.step(position.total, position.epoch, values)
                if position.total % self._save_every == 0:
                    self._save(position)

    def _step(self, images: Sequence[Entry], epoch: int, step: int, pool: ThreadPoolExecutor) -> dict[str, float]:
        """One step of the optimiser; the means over its masks."""
        recipe = self._recipe
        self._optimiser.zero_grad(set_to_none=True)
        masks = sum(min(one.masks, recipe.masks_per_image) for one in images)
        batches = [
            images[start : start + recipe.batch_size][self._process.rank :: self._process.ranks]
            for start in range(0, len(images), recipe.batch_size)
        ]
        sums = dict.fromkeys(_NOTES, 0.0)
        for number, batch in enumerate(self._shown(batches, epoch, pool)):
            if not batch:
                continue
            # For the dropout that a configuration of peft may ask for.
            torch.manual_seed(_mixed(recipe.seed, epoch, step, number, self._process.rank))
            loss, notes = self._network.loss(batch)
            self._scaler.scale(loss / masks).backward()
            sums = {name: value + notes[name] for name, value in sums.items()}
        totals = self._added_up([sums[name] for name in _NOTES])
        if not np.isfinite(totals[0]):
            raise CosmosError(
                f"the loss of step {step + 1} of epoch {epoch} is not finite; try a smaller --learning-rate, or "
                "--mixed-precision no. Delete the folder before."
            )
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return dict(zip(_NOTES, (total / masks for total in totals), strict=True))

    def _shown(
        self, batches: Sequence[Sequence[Entry]], epoch: int, pool: ThreadPoolExecutor
    ) -> Iterator[list[Shown]]:
        """Read the images of a batch while the model works on the one before."""
        coming = [pool.submit(self._drawn, batch, epoch) for batch in batches[:_AHEAD]]
        for number in range(len(batches)):
            ready = coming.pop(0).result()
            if number + _AHEAD < len(batches):
                coming.append(pool.submit(self._drawn, batches[number + _AHEAD], epoch))
            yield ready

    def _drawn(self, batch: Sequence[Entry], epoch: int) -> list[Shown]:
        return [draw(self._read(entry), entry.image_id, epoch, self._recipe) for entry in batch]

    def _added_up(self, notes: Sequence[float]) -> list[float]:
        """Add up the gradients and the notes of all processes."""
        if self._process.ranks == 1:
            return list(notes)
        # A process without an image of this step has no gradients, and some weights never have one: those stay as they
        # are everywhere, without the decay that a gradient of zero would bring.
        parameters = list(self._weights.values())
        known = torch.tensor([float(one.grad is not None) for one in parameters], device=self._device)
        flat = torch.cat(
            [one.detach().new_zeros(one.numel()) if one.grad is None else one.grad.flatten() for one in parameters]
        )
        facts = torch.tensor(notes, dtype=torch.float64, device=self._device)
        for tensor in (known, flat, facts):
            torch.distributed.all_reduce(tensor)
        place = 0
        for count, one in zip(known.tolist(), parameters, strict=True):
            one.grad = flat[place : place + one.numel()].view_as(one).clone() if count else None
            place += one.numel()
        return [float(value) for value in facts.tolist()]

    def _validate(self, label: str) -> float:
        """Mean DICE over the validation masks; the same number in all processes."""
        self._network.training(False)
        rank, ranks = self._process.rank, self._process.ranks
        starts = np.cumsum([0, *(one.masks for one in self._validation)]).tolist()
        # Every process fills in its own: the sum is the same, bit for bit, for any number of processes.
        scores = torch.zeros(starts[-1], dtype=torch.float64)
        share = range(rank, len(self._validation), ranks)
        for n in tqdm(share, unit="image", desc=label, disable=self._bars, leave=False):
            entry = self._validation[n]
            scored = self._network.validate(self._read(entry), entry.image_id)
            scores[starts[n] : starts[n + 1]] = torch.tensor(scored, dtype=torch.float64)
        if ranks > 1:
            torch.distributed.all_reduce(scores, group=self._process.group)
        return float(scores.mean())

    def _save(self, position: Position) -> None:
        if self._first:
            position.scaler = self._scaler.state_dict() or None
            save_state(self._folder, position, self._weights, self._optimiser)


def draw(example: Example, image_id: str, epoch: int, recipe: Recipe) -> Shown:
    """Which masks of an image an epoch shows, and their boxes: tight, or with every edge moved a little."""
    rng = np.random.default_rng([recipe.seed, epoch, zlib.crc32(image_id.encode())])
    total = len(example.boxes)
    chosen = np.sort(rng.permutation(total)[: recipe.masks_per_image])
    boxes = example.boxes[chosen].astype(np.int64)
    if recipe.jitter:
        moved = boxes + rng.integers(-recipe.jitter, recipe.jitter, size=boxes.shape, endpoint=True)
        height, width = example.size
        moved = np.clip(moved, 0, [width - 1, height - 1] * 2)
        corners = np.sort(moved.reshape(-1, 2, 2), axis=1)  # a small box may have been turned inside out
        boxes = corners.reshape(-1, 4)
    return Shown(example, chosen, boxes.astype(np.float32))


def _mixed(*numbers: Any) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
