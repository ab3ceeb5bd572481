"""Prompts that are moved at random by a known number of pixels: how steady is a strategy when a user is not exact?

This is the study of Huang et al., Medical Image Analysis 92:103061 (2024), section 4.10 and Table 8: centres and boxes
are "moved / enlarged" by 0 to 10, 10 to 20 and 20 to 30 pixels. The article was read second-hand only, and it leaves
open how boxes change, how many points move, and how often it was repeated. Here:

* A **point** moves to a pixel of the image whose Euclidean distance from where it was lies in the range. Every whole
  number of pixels in the range is equally likely (distances are rounded for this), then every pixel so far away.
* ``who``: ``centre`` moves the first positive point (the centroid, where that lies in the target), the others stay;
  ``all`` moves every point, negative ones too, each by itself. An independent reproduction on CHAOS found that only
  ``centre`` makes five points as much steadier than one as the article prints (second-hand), so it is the default.
* ``box``: ``moved`` shifts the box rigidly, by the same rule for its centre, and cuts it at the image's border;
  ``enlarged`` moves its four sides outwards, each by a whole number of pixels in the range drawn by itself, up to the
  border. Which one the article means is not known; ``moved`` is the default, because it asks of a box what it asks
  of a point.
* S6 moves its box and its point, independently. S1 has no prompt of a target and stays out of the study.
* Where the image is too small for the range, the point goes as far as the image lets it, at most to the range's end.

What is drawn depends on the mask (image, label, instance, rater), the strategy and the variant alone.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.prompts import PROMPTED, Prompt
from cosmos_datasets.evaluation.sample import Target

Who = Literal["centre", "all"]
BoxRule = Literal["moved", "enlarged"]

#: Largest number of pixels by which a prompt is moved: all places up to it are listed.
FARTHEST = 1000
_GRAMMAR = re.compile(r"jitter=(\d+)-(\d+);who=(centre|all)(;box=enlarged)?;seed=(\d+)")


@dataclass(frozen=True)
class Jitter:
    """One way to move prompts.

    Attributes:
        low, high: pixels, both ends included, ``0 <= low <= high <= FARTHEST``.
        seed: number of the repeat.
        who: which points move.
        box: what happens to a box.
    """

    low: int
    high: int
    seed: int
    who: Who = "centre"
    box: BoxRule = "moved"

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= FARTHEST:
            raise CosmosError(
                f"prompts cannot be moved by {self.low}-{self.high} pixels: a range goes up, from 0 to {FARTHEST}"
            )
        if self.who not in get_args(Who) or self.box not in get_args(BoxRule):
            raise CosmosError(f"no way to move prompts: who={self.who}, box={self.box}")

    @property
    def variant(self) -> str:
        """As results name it: ``jitter=10-20;who=centre;seed=3``, with ``;box=enlarged`` before the seed if so."""
        box = "" if self.box == "moved" else f";box={self.box}"
        return f"jitter={self.low}-{self.high};who={self.who}{box};seed={self.seed}"

    @classmethod
    def parse(cls, variant: str) -> Jitter:
        """The opposite of :attr:`variant`; raises :class:`CosmosError`."""
        match = _GRAMMAR.fullmatch(variant)
        if match is None:
            raise CosmosError(f"{variant!r} does not say how prompts are moved (jitter=10-20;who=centre;seed=3)")
        low, high, who, enlarged, seed = match.groups()
        return cls(int(low), int(high), int(seed), cast("Who", who), "enlarged" if enlarged else "moved")

    def move(self, prompt: Prompt, strategy: str, image_id: str, target: Target, height: int, width: int) -> Prompt:
        """The prompt, moved; of the same shape.

        Args:
            prompt: of the target, points and box on whole pixels of the image.
            strategy: that made it.
            image_id: of the image.
            target: only what names it is used.
            height: rows of the image.
            width: columns of the image.
        """
        key = [image_id, target.label, target.instance, target.rater, strategy, self.variant]
        # The sequence of ``random()`` for a whole-number seed is promised to be the same in every Python.
        draws = random.Random(int.from_bytes(hashlib.sha256(json.dumps(key).encode()).digest()))
        box = None if prompt.box is None else self._box(prompt.box, draws, height, width)
        points = prompt.points.copy()
        for n in range(len(points) if self.who == "all" else min(1, len(points))):
            points[n] += self._offset(points[n], draws, height, width)
        return Prompt(points, prompt.labels, box)

    def _offset(self, point: NDArray[np.float32], draws: random.Random, height: int, width: int) -> NDArray[np.int64]:
        """How far a point moves, (dx, dy), to a pixel of the image."""
        offsets, distances = self._inside(self.low, point, height, width)
        if not len(offsets):
            offsets, distances = self._inside(0, point, height, width)
            offsets, distances = offsets[distances == distances.max()], distances[distances == distances.max()]
        there = np.unique(distances)
        ring = offsets[distances == there[_below(len(there), draws)]]
        return cast("NDArray[np.int64]", ring[_below(len(ring), draws)])

    def _inside(
        self, low: int, point: NDArray[np.float32], height: int, width: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        offsets, distances = _offsets(low, self.high)
        places = point.astype(np.int64) + offsets
        inside = np.all((places >= 0) & (places < [width, height]), axis=1)
        return offsets[inside], distances[inside]

    def _box(self, box: NDArray[np.float32], draws: random.Random, height: int, width: int) -> NDArray[np.float32]:
        if self.box == "enlarged":
            sides = [self.low + _below(self.high - self.low + 1, draws) for _ in range(4)]
            shift = np.asarray(sides) * [-1, -1, 1, 1]
        else:
            centre = np.floor((box[:2] + box[2:]) / 2)
            shift = np.tile(self._offset(centre, draws, height, width), 2)
        # Neither can become empty: the one holds the old box, the other its own centre, a pixel of the image.
        moved: NDArray[np.float32] = np.clip(box + shift, 0, [width - 1, height - 1] * 2).astype(np.float32)
        return moved


def _below(n: int, draws: random.Random) -> int:
    """A whole number from 0 to n - 1."""
    return int(draws.random() * n)


@lru_cache(maxsize=16)
def _offsets(low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All whole (dx, dy) of a length from low to high, int64 ``(n, 2)``, and their lengths rounded, ``(n,)``."""
    steps = np.arange(-high, high + 1)
    dy, dx = np.meshgrid(steps, steps, indexing="ij")
    squared = dx * dx + dy * dy
    inside = (squared >= low * low) & (squared <= high * high)
    lengths = np.rint(np.sqrt(squared[inside])).astype(np.int64)
    return np.stack([dx[inside], dy[inside]], axis=-1), lengths


def variants(ranges: Sequence[tuple[int, int]], repeats: int, who: Who, box: BoxRule) -> tuple[str, ...]:
    """The variants of a run: every range, each with the seeds 1 to ``repeats``; raises :class:`CosmosError`."""
    return tuple(Jitter(low, high, seed, who, box).variant for low, high in ranges for seed in range(1, repeats + 1))


def with_variants(strategies: Sequence[str], moved: Sequence[str]) -> tuple[str, ...]:
    """Every strategy, each with its variants behind (``S5``, ``S5 jitter=10-20;who=centre;seed=1``); S1 has none."""
    return tuple(
        named(strategy, variant)
        for strategy in strategies
        for variant in ("", *(moved if strategy in PROMPTED else ()))
    )


def named(strategy: str, variant: str | None) -> str:
    """A strategy and its variant in one word; the strategy alone where the prompt is not moved."""
    return f"{strategy} {variant}" if variant else strategy


def split_name(name: str) -> tuple[str, str]:
    """The strategy and the variant of :func:`named`."""
    strategy, _, variant = name.partition(" ")
    return strategy, variant
