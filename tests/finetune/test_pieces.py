"""Loss, drawn prompts, stored examples, states."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.engine import ChunkReader
from cosmos_datasets.evaluation.finetune.examples import Example, Store
from cosmos_datasets.evaluation.finetune.journal import Journal
from cosmos_datasets.evaluation.finetune.loss import mask_loss
from cosmos_datasets.evaluation.finetune.recipe import Recipe
from cosmos_datasets.evaluation.finetune.state import Position, load_state, save_state
from cosmos_datasets.evaluation.finetune.training import draw
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.selection import select
from cosmos_datasets.load.access import open_dataset


def square() -> torch.Tensor:
    target = torch.zeros(1, 20, 20, dtype=torch.bool)
    target[:, 5:15, 5:15] = True
    return target


def shifted(by: int, height: float) -> torch.Tensor:
    mask = torch.roll(square(), by, dims=2)
    return torch.where(mask, height, -height)


def test_the_loss_of_a_perfect_mask_is_nothing() -> None:
    logits = shifted(0, 30.0)[:, None].expand(1, 3, 20, 20)
    loss, notes = mask_loss(logits, torch.ones(1, 3), square())
    assert float(loss) == pytest.approx(0, abs=1e-5)
    assert notes["dice"] == pytest.approx(1)
    assert notes["iou_error"] == pytest.approx(0)


def test_only_the_best_of_three_masks_gets_the_gradient() -> None:
    logits = torch.stack([shifted(by, 1.0) for by in (6, 1, 3)], dim=1).requires_grad_()
    loss, _ = mask_loss(logits, torch.zeros(1, 3), square())
    loss.backward()
    assert logits.grad is not None
    assert [bool(logits.grad[0, n].any()) for n in range(3)] == [False, True, False]


def test_every_estimate_of_iou_learns_the_true_one_and_the_log_has_the_mask_that_they_choose() -> None:
    logits = torch.stack([shifted(by, 1.0) for by in (5, 0, 10)], dim=1)
    scores = torch.tensor([[0.9, 0.2, 0.1]], requires_grad=True)
    loss, notes = mask_loss(logits, scores, square())
    loss.backward()
    true = torch.tensor([1 / 3, 1.0, 0.0])
    assert notes["iou_error"] == pytest.approx(float((scores[0].detach() - true).abs().mean()))
    assert notes["dice"] == pytest.approx(0.5)
    assert scores.grad is not None
    assert scores.grad[0].sign().tolist() == [1.0, -1.0, 1.0]


def example(masks: int = 6) -> Example:
    boxes = np.asarray([[2 * n, n, 2 * n + 1, n + 5] for n in range(masks)], dtype=np.int32)
    crops = tuple(np.ones((6, 2), dtype=np.bool_) for _ in range(masks))
    return Example(np.zeros((20, 12), np.uint8), boxes, crops, ())


def test_prompts_are_tight_boxes() -> None:
    shown = draw(example(), "a", 1, Recipe())
    assert shown.chosen.tolist() == list(range(6))
    assert shown.boxes.tolist() == example().boxes.tolist()


def test_jitter_moves_edges_within_bounds_anew_in_every_epoch_and_always_alike() -> None:
    recipe = Recipe(jitter=3)
    boxes = [draw(example(), name, epoch, recipe).boxes for name in "abcdef" for epoch in range(1, 30)]
    moved = np.stack(boxes) - example().boxes
    assert abs(moved).max() == 3
    assert len({one.tobytes() for one in boxes}) > 150
    for one in boxes:
        assert (one[:, :2] <= one[:, 2:]).all()
        assert (one >= 0).all()
        assert (one[:, [0, 2]] <= 11).all()
        assert (one[:, [1, 3]] <= 19).all()
    assert draw(example(), "a", 2, recipe).boxes.tolist() == draw(example(), "a", 2, recipe).boxes.tolist()


def test_many_masks_take_turns() -> None:
    recipe = Recipe(masks_per_image=2)
    chosen = [draw(example(), "a", epoch, recipe).chosen.tolist() for epoch in range(1, 20)]
    assert {len(one) for one in chosen} == {2}
    assert {n for one in chosen for n in one} == set(range(6))


def test_examples_come_back_as_they_were(data: Path, models: dict[str, Path], tmp_path: Path) -> None:
    opened = open_dataset(data)
    selection = select(opened, config="msd", object_="liver,hippocampus")
    adapter = load_model(str(models["sam2"]), "cpu")
    store = Store(tmp_path, selection.data_revision, adapter, torch.float32)
    store.prepare(opened, selection, progress=False)
    assert not store.missing(selection)
    samples = [sample for chunk in selection.chunks for sample in ChunkReader(opened).read(chunk)]
    entries = store.entries(selection)
    assert [one.image_id for one in entries] == [sample.row["image_id"] for sample in samples]
    for entry, sample in zip(entries, samples, strict=True):
        read = store.read(entry)
        assert entry.masks == len(sample.targets)
        assert np.array_equal(read.image, sample.image)
        for k, target in enumerate(sample.targets):
            assert np.array_equal(read.full(k), target.full(*read.size))
        expected = adapter.encode([sample.image])[0].tensors
        assert all(torch.equal(one, other) for one, other in zip(read.features, expected, strict=True))


def test_embeddings_of_another_model_or_type_are_others(data: Path, models: dict[str, Path], tmp_path: Path) -> None:
    selection = select(open_dataset(data), config="acdc")
    stores = [
        Store(tmp_path, selection.data_revision, load_model(str(models[name]), "cpu", preprocess=profile), dtype)
        for name, profile, dtype in (
            ("sam", "sam", torch.float16),
            ("sam", "medsam", torch.float16),
            ("sam", "sam", torch.float32),
            ("sam2", "sam", torch.float16),
        )
    ]
    assert len({store.entries(selection)[0].features for store in stores}) == 4
    assert len({store.entries(selection)[0].picture for store in stores}) == 1


def test_a_state_comes_back_bit_for_bit(tmp_path: Path) -> None:
    def steps(count: int, weights: dict[str, torch.nn.Parameter], optimiser: torch.optim.Optimizer) -> None:
        for n in range(count):
            optimiser.zero_grad()
            (weights["a"].sin() * torch.arange(7.0) + n).square().sum().backward()
            optimiser.step()

    def made() -> tuple[dict[str, torch.nn.Parameter], torch.optim.Optimizer]:
        weights = {"a": torch.nn.Parameter(torch.arange(7.0)), "unused": torch.nn.Parameter(torch.ones(2))}
        return weights, torch.optim.AdamW(weights.values(), lr=0.1)

    assert load_state(tmp_path, *made()) is None
    first = made()
    steps(3, *first)
    position = Position(
        epoch=2, step=1, total=3, untouched=0.5, best_epoch=1, best_dice=0.1 + 0.2, scaler={"scale": 2.0}
    )
    save_state(tmp_path, position, *first)
    second = made()
    assert load_state(tmp_path, *second) == position
    for one in (first, second):
        steps(3, *one)
    assert torch.equal(first[0]["a"], second[0]["a"])
    assert torch.equal(second[0]["unused"], torch.ones(2))
    other = {"b": torch.nn.Parameter(torch.ones(2))}
    with pytest.raises(CosmosError, match="damaged or of another training"):
        load_state(tmp_path, other, torch.optim.AdamW(other.values()))


def test_the_log_forgets_what_comes_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 0, 0)
    journal.epoch(0, 0, 0.5)
    for step in (1, 2, 3):
        journal.step(step, 1, {"loss": 1.0 / step})
    journal.epoch(1, 3, 0.6)
    journal.step(4, 2, {"loss": 0.1})
    journal.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 5, "lo')
    Journal(tmp_path, 3, 0).close()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ['{"validated": 0', '{"step": 1', '{"step": 2', '{"step": 3']


def test_an_interrupted_preparation_goes_on_behind_what_it_has_written(
    data: Path, models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dataset(data)
    selection = select(opened, config="acdc")
    store = Store(tmp_path, selection.data_revision, load_model(str(models["sam2"]), "cpu"), torch.float16)
    encode, encoded = Adapter.encode, []

    def stopping(self: Adapter, images: Any) -> Any:
        encoded.append(1)
        if len(encoded) == 6:
            raise KeyboardInterrupt
        return encode(self, images)

    monkeypatch.setattr(Adapter, "encode", stopping)
    with pytest.raises(KeyboardInterrupt):
        store.prepare(opened, selection, progress=False)
    store.prepare(opened, selection, progress=False)
    assert len(encoded) == selection.images + 1
    assert not store.missing(selection)


def test_a_disk_that_is_too_small_is_found_with_the_first_image(
    data: Path, models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_dataset(data)
    selection = select(opened, config="acdc")
    store = Store(tmp_path, selection.data_revision, load_model(str(models["sam2"]), "cpu"), torch.float32)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(CosmosError, match=r"the embeddings need .* MB more, .* 1.0 MB left: name a folder"):
        store.prepare(opened, selection, progress=False)
    assert len(list(tmp_path.glob("embeddings-*/*"))) == 1
