"""The dialogue of user and model: with a model that knows the reference, and with small real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.interactive import RULES, Clicking
from cosmos_datasets.evaluation.interactive.session import click_through
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.adapter import Adapter, Embedding
from cosmos_datasets.evaluation.sample import Sample, Target

SIZE = 48
ROW = dict.fromkeys(("source", "modality", "image_id", "case_id", "group_id", "split"), "x") | {"fold": 0}


def sample(count: int = 20) -> Sample:
    """Rectangles beside each other, more than one batch."""
    generator = np.random.default_rng(0)
    targets = []
    for k in range(count):
        x, y = 9 * (k % 5), 9 * (k // 5)
        width, height = generator.integers(3, 9, size=2)
        mask = np.ones((height, width), dtype=bool)
        targets.append(Target(mask, (x, y, x + int(width) - 1, y + int(height) - 1), "cell", "cell", k + 1))
    return Sample(generator.integers(0, 255, (SIZE, SIZE)).astype(np.uint8), tuple(targets), ROW)


class Knowing:
    """Answers with the target under the first click, changed by what a test asks; notes what it was asked."""

    image_size, mask_threshold = SIZE, 0.0

    def __init__(self, one: Sample, answer: Any) -> None:
        self._sample, self._answer, self.asked = one, answer, cast(list[tuple[int, ...]], [])
        self.given = cast(list[torch.Tensor | None], [])

    def decode(
        self, _: Any, points: torch.Tensor, labels: torch.Tensor, *, masks: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self.asked.append(tuple(points.shape))
        self.given.append(masks)
        full_masks = []
        for given, positive in zip(points, labels, strict=True):
            x, y = (int(value) for value in given[0])
            full = next(one for t in self._sample.targets if (one := t.full(SIZE, SIZE))[y, x])
            full_masks.append(np.stack([~full, self._answer(full, given, positive), np.zeros_like(full)]))
        logits = torch.from_numpy(np.stack(full_masks)).float() - 0.5
        return logits, torch.tensor([[0.1, 0.9, 0.2]]).repeat(len(points), 1)

    def upsample(self, logits: torch.Tensor, _: Any) -> torch.Tensor:
        return logits


def talk(answer: Any, clicks: int = 5, **protocol: Any) -> tuple[list[dict[str, Any]], Knowing]:
    one = sample()
    model = Knowing(one, answer)
    embedding = Embedding((), SIZE, SIZE)
    clicking, areas = Clicking(clicks, **protocol), [30.0] * len(one.targets)
    rows = list(click_through(cast(Adapter, model), embedding, one, clicking, areas))
    return rows, model


@pytest.mark.parametrize("rule", RULES)
def test_a_perfect_model_needs_one_click(rule: str) -> None:
    rows, model = talk(lambda full, *_: full, rule=rule)
    assert {(row["rule"], row["previous_mask"]) for row in rows} == {(rule, True)}
    assert len(rows) == 20 * 5
    assert [row["click"] for row in rows[:5]] == [1, 2, 3, 4, 5]
    assert {row[f"dice_{choice}"] for row in rows for choice in ("oracle", "predicted")} == {1.0}
    assert {(row["x"] is None) == (row["click"] > 1) for row in rows} == {True}
    # Clicks of equally many points go together, 16 at a time; a finished mask is never asked for again.
    assert model.asked == [(16, 1, 2), (4, 1, 2)]
    assert all(0 < row["dice_blind"] < 1 for row in rows)


def test_what_the_user_misses_or_sees_too_much_decides_the_sign() -> None:
    rows, model = talk(lambda full, points, _: full if len(points) > 1 else np.zeros_like(full), 3)
    assert {row["positive"] for row in rows if row["click"] == 2} == {True}
    assert {row["dice_predicted"] for row in rows if row["click"] == 1} == {0.0}
    rows, model = talk(lambda full, points, _: full if len(points) > 2 else np.ones_like(full), 3)
    assert {row["positive"] for row in rows if row["click"] == 2} == {False}
    assert {row["dice_predicted"] for row in rows if row["click"] == 3} == {1.0}
    assert model.asked == [(16, k, 2) for k in (1, 2, 3)] + [(4, k, 2) for k in (1, 2, 3)]


def test_the_predicted_choice_is_shown_and_the_oracle_is_the_best() -> None:
    rows, _ = talk(lambda full, *_: np.roll(full, 1, axis=1), 4)
    assert {row["choice_predicted"] for row in rows} == {1}
    assert all(row["dice_oracle"] >= row["dice_predicted"] for row in rows)
    for row in rows:
        assert row["dice_predicted"] == 2 * row["tp_predicted"] / (row["pred_area_predicted"] + row["area"])
    places = [(row["instance"], row["x"], row["y"]) for row in rows if row["x"] is not None]
    assert len(places) == len(set(places)), "the user never clicks twice on one pixel"


def test_the_mask_shown_goes_back_in_unless_it_is_not_wanted() -> None:
    _, model = talk(lambda full, *_: np.roll(full, 1, axis=1), 3)
    assert [None if one is None else tuple(one.shape) for one in model.given[:3]] == [
        None,
        (16, SIZE, SIZE),
        (16, SIZE, SIZE),
    ]
    first = np.roll(sample().targets[0].full(SIZE, SIZE), 1, axis=1)
    assert model.given[1] is not None
    assert np.array_equal(model.given[1][0].numpy() > 0, first)
    _, model = talk(lambda full, *_: np.roll(full, 1, axis=1), 3, previous_mask=False)
    assert model.given == [None] * 6


def test_an_empty_reference_is_refused() -> None:
    one = sample(1)
    empty = replace(one, targets=(replace(one.targets[0], mask=np.zeros_like(one.targets[0].mask)),))
    for rule in RULES:
        with pytest.raises(CosmosError, match="empty"):
            list(click_through(cast(Adapter, None), Embedding((), SIZE, SIZE), empty, Clicking(1, rule), [30.0]))


@pytest.mark.parametrize("previous_mask", [True, False])
@pytest.mark.parametrize("name", ["sam", "sam2"])
def test_answers_are_those_of_a_direct_call(name: str, previous_mask: bool, models: dict[str, Path]) -> None:
    one = sample(3)
    adapter = load_model(str(models[name]), "cpu")
    embedding = adapter.encode([one.image])[0]
    rows = list(click_through(adapter, embedding, one, Clicking(3, previous_mask=previous_mask), [30.0] * 3))
    before = None
    for number in (1, 2, 3):
        of_masks = [[row for row in rows if row["instance"] == k + 1][:number] for k in range(3)]
        if any(row["x"] is None for of_mask in of_masks for row in of_mask):
            break
        points = torch.tensor([[(row["x"], row["y"]) for row in of_mask] for of_mask in of_masks]).float()
        labels = torch.tensor([[int(row["positive"]) for row in of_mask] for of_mask in of_masks])
        logits, ious = adapter.decode(embedding, points, labels, masks=before)
        before = torch.stack([logits[k, int(ious[k].argmax())] for k in range(3)]) if previous_mask else None
        for k, of_mask in enumerate(of_masks):
            own = int(ious[k].argmax())
            mask = (adapter.upsample(logits[k], embedding)[own] > 0).numpy()
            full = one.targets[k].full(SIZE, SIZE)
            assert of_mask[-1]["choice_predicted"] == own
            assert of_mask[-1]["dice_predicted"] == 2 * (mask & full).sum() / (mask.sum() + full.sum())
