"""What is timed of a model, with one whose times and calls are known."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

from cosmos_datasets.evaluation.efficiency.memory import Memory
from cosmos_datasets.evaluation.efficiency.operations import STEPS, Stopwatch, time_grid
from cosmos_datasets.evaluation.models.adapter import Adapter, Embedding
from cosmos_datasets.evaluation.sample import Sample, Target

ENCODING, DECODING, UPSAMPLING = 0.02, 0.004, 0.003
SIZE = 32


class Sleeper(Adapter):
    """A model that takes its time; what it is asked for is noted."""

    device = torch.device("cpu")
    image_size = SIZE

    def __init__(self) -> None:
        self.encoded: list[int] = []
        self.decoded: list[tuple[int, int, bool]] = []
        self.upsampled: list[int] = []

    def encode(self, images: Any, names: Any = None) -> list[Embedding]:
        self.encoded.append(len(images))
        time.sleep(ENCODING * len(images))
        return [Embedding((), *image.shape[:2]) for image in images]

    def decode(self, embedding: Embedding, points: Any = None, labels: Any = None, boxes: Any = None) -> Any:
        self.decoded.append((len(points), points.shape[1], boxes is not None))
        time.sleep(DECODING * len(points))
        logits = torch.full((len(points), 3, embedding.height, embedding.width), -9.0)
        for p, (x, y) in enumerate(points[:, 0].int().tolist() if points.shape[1] else [(5, 5)] * len(points)):
            logits[p, :, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2] = 9.0
        return logits, torch.full((len(points), 3), 0.95)

    def upsample(self, logits: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        self.upsampled.append(len(logits))
        time.sleep(UPSAMPLING)
        return logits

    _pixels = _features = _image_embeddings = _scale = _upsample = None  # type: ignore[assignment]


def sample(*places: int) -> Sample:
    """An image with squares of ten pixels along its diagonal."""
    targets = [Target(np.ones((10, 10), dtype=bool), (at, at, at + 9, at + 9), "square", "square") for at in places]
    return Sample(np.zeros((SIZE, SIZE), dtype=np.uint8), tuple(targets), {"image_id": "drawn"})


def test_every_operation_is_timed_on_every_image() -> None:
    adapter, ticks = Sleeper(), []
    watch = Stopwatch(adapter, 10, 2, Memory(adapter.device), lambda: ticks.append(1))
    watch.time(sample(2, 9))
    watch.time(sample(4))
    rows = list(watch.rows())
    assert len(ticks) == 2 * STEPS and len(rows) == STEPS
    assert all(row["measurements"] == 2 * 2 and row["unit"] == "s" for row in rows)
    times = {(row["quantity"], row["strategy"], row["prompts_at_once"]): row["median"] for row in rows}
    assert times["encoding", "", 0] >= ENCODING
    assert times["masks at image size", "", 1] >= UPSAMPLING
    assert times["everything", "S1", 0] >= 100 * DECODING + UPSAMPLING
    for strategy in ("S2", "S3", "S4", "S5", "S6"):
        assert times["decoding", strategy, 1] >= DECODING
        assert times["decoding", strategy, 16] >= DECODING, "per prompt, not per batch"


def test_prompts_come_alone_and_in_the_engine_s_batches() -> None:
    adapter = Sleeper()
    Stopwatch(adapter, 2, 3, Memory(adapter.device)).time(sample(2, 9))
    shapes = {"S2": (1, False), "S3": (5, False), "S4": (10, False), "S5": (0, True), "S6": (1, True)}
    # A warm-up and three repeats each; then the one whose masks are brought to size, and the grid of four points.
    expected = [(at_once, *shape) for shape in shapes.values() for at_once in (1, 16) for _ in range(4)]
    assert adapter.decoded == [*expected, (1, 0, True), *[(4, 1, False)] * 4]
    assert adapter.encoded == [1] * 5
    assert adapter.upsampled[:4] == [3] * 4


def test_large_grids_are_warmed_up_by_one_batch() -> None:
    adapter = Sleeper()
    times = time_grid(adapter, [sample(2)], 9)
    assert [count for count, *_ in adapter.decoded] == [64, 64, 17]
    assert times.everything[0] >= 81 * DECODING
    assert times.encoding[0] >= ENCODING
    # Squares of one side, less those that nearly cover each other.
    assert len(times.kept) == 1 and 0 < times.kept[0] <= 81


@pytest.mark.parametrize("places", [(2,), (2, 9, 20)])
def test_peaks_of_the_stages_are_kept(places: tuple[int, ...]) -> None:
    adapter = Sleeper()
    memory = Memory(adapter.device)
    Stopwatch(adapter, 2, 1, memory).time(sample(*places))
    assert list(memory.stages) == ["encoding", "prompts", "everything"]
