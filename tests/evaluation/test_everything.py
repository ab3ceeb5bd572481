"""Everything mode against a slow and plain implementation of the same rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import save, tiny_sam, tiny_sam2

from cosmos_datasets.evaluation import everything as module
from cosmos_datasets.evaluation.everything import Everything, PackedMask, everything, suppress
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.adapter import Adapter, Embedding
from cosmos_datasets.evaluation.sample import Target

# Random models are neither sure nor stable: with these thresholds a good part of their masks survives.
SETTINGS: dict[str, Any] = {
    "grid": 7,
    "iou_threshold": 0.5,
    "stability_threshold": 0.6,
    "stability_offset": 0.3,
    "nms_threshold": 0.97,
    "points_per_batch": 20,
}
HEIGHT, WIDTH = 90, 121


def target(full: np.ndarray) -> Target:
    rows, columns = np.flatnonzero(full.any(1)), np.flatnonzero(full.any(0))
    x0, x1, y0, y1 = int(columns[0]), int(columns[-1]), int(rows[0]), int(rows[-1])
    return Target(full[y0 : y1 + 1, x0 : x1 + 1].copy(), (x0, y0, x1, y1), "thing", "thing")


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


TARGETS = [target(disc(30, 40, 12)), target(disc(90, 30, 25)), target(disc(60, 60, 50)), target(disc(2, 88, 6))]


@pytest.fixture(scope="module", params=["sam", "sam2"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Adapter, Embedding]:
    model = tiny_sam(seed=2) if request.param == "sam" else tiny_sam2(seed=6)
    adapter = load_model(str(save(model, tmp_path_factory.mktemp(request.param))), device="cpu")
    image = (200 * disc(30, 40, 15) + np.random.default_rng(0).integers(0, 50, (HEIGHT, WIDTH))).astype(np.uint8)
    return adapter, adapter.encode([image])[0]


def iou(a: Any, b: Any) -> float:
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union else 0.0


def plainly(adapter: Adapter, embedding: Embedding) -> list[tuple[float, np.ndarray]]:
    """All survivors at full size, by falling score."""
    points = [((i + 0.5) / 7 * WIDTH, (j + 0.5) / 7 * HEIGHT) for j in range(7) for i in range(7)]
    found: list[tuple[float, np.ndarray, Any]] = []
    for start in range(0, 49, 20):
        batch = torch.tensor(points[start : start + 20])[:, None]
        logits, scores = adapter.decode(embedding, batch, torch.ones((len(batch), 1), dtype=torch.int64))
        for p in range(len(batch)):
            for k in range(3):
                full = adapter.upsample(logits[p, k][None], embedding)[0].numpy()
                inner, outer = (full > 0.3).sum(), (full > -0.3).sum()
                if scores[p, k] > 0.5 and outer and inner / outer >= 0.6:
                    mask = full > 0
                    found.append((scores[p, k].item(), mask, target(mask).bbox))
    kept: list[tuple[float, np.ndarray, Any]] = []
    for candidate in sorted(found, key=lambda entry: -entry[0]):
        if all(iou(candidate[2], other[2]) <= 0.97 for other in kept):
            kept.append(candidate)
    assert 2 < len(kept) < len(found) < 147, "the thresholds of this test filter nothing"
    return [(score, mask) for score, mask, _ in kept]


def test_agrees_with_the_plain_implementation(scene: tuple[Adapter, Embedding]) -> None:
    adapter, embedding = scene
    survivors = plainly(adapter, embedding)
    result = everything(adapter, embedding, TARGETS, **SETTINGS)

    assert len(result.masks) == len(survivors)
    for (score, mask), packed in zip(survivors, result.masks, strict=True):
        assert packed.score == score
        assert packed.bbox == target(mask).bbox
        assert np.array_equal(packed.crop(), target(mask).mask)
    for t, reference in enumerate(TARGETS):
        full = reference.full(HEIGHT, WIDTH)
        dices = [2 * (full & mask).sum() / (full.sum() + mask.sum()) for _, mask in survivors]
        best = int(np.argmax(dices))
        assert dices[best] > 0
        assert result.index[t] == best
        assert result.tp[t] == (full & survivors[best][1]).sum()
        assert result.area[t] == survivors[best][1].sum()
        assert result.score[t] == np.float32(survivors[best][0])
        chosen = result.chosen(t)
        assert chosen is not None
        assert chosen[1] == target(survivors[best][1]).bbox
        assert np.array_equal(chosen[0], target(survivors[best][1]).mask)


def test_upsampling_in_pieces_changes_nothing(
    scene: tuple[Adapter, Embedding], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = everything(*scene, TARGETS, **SETTINGS)
    monkeypatch.setattr(module, "_PIXELS_AT_ONCE", 2 * 128 * 128)
    pieces = everything(*scene, TARGETS, **SETTINGS)
    assert [mask.bbox for mask in whole.masks] == [mask.bbox for mask in pieces.masks]
    assert np.array_equal(whole.tp, pieces.tp)
    assert np.array_equal(whole.index, pieces.index)


def test_nothing_survives(scene: tuple[Adapter, Embedding]) -> None:
    result = everything(*scene, TARGETS, grid=3, iou_threshold=99.0)
    assert len(result.masks) == 0
    assert result.index.tolist() == [-1] * 4
    assert result.tp.tolist() == result.area.tolist() == [0] * 4
    assert np.isnan(result.score).all()
    assert result.chosen(0) is None
    assert result.nothing == ("iou",) * 4


def test_no_targets(scene: tuple[Adapter, Embedding]) -> None:
    result = everything(*scene, [], **SETTINGS)
    assert len(result.masks) > 0
    assert len(result.index) == len(result.tp) == len(result.area) == len(result.score) == 0


class Dots(Adapter):
    """A model whose masks are known: each point gives a square around itself, an empty and a full mask."""

    device = torch.device("cpu")
    image_size = 64

    def __init__(self) -> None:
        pass

    def decode(self, embedding: Embedding, points: Any = None, labels: Any = None, boxes: Any = None) -> Any:
        logits = torch.full((len(points), 3, embedding.height, embedding.width), -9.0)
        logits[:, 2] = 9.0
        for p, (x, y) in enumerate(points[:, 0].int().tolist()):
            logits[p, 0, y - 2 : y + 3, x - 2 : x + 3] = 9.0
        return logits, torch.tensor([0.95, 0.99, 0.90]).repeat(len(points), 1)

    def upsample(self, logits: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        return logits

    _pixels = _features = _image_embeddings = _scale = _upsample = None  # type: ignore[assignment]


def test_duplicates_and_empty_masks_go() -> None:
    square = np.zeros((32, 48), dtype=np.bool_)
    square[2:7, 4:9] = True
    far = np.zeros((32, 48), dtype=np.bool_)
    far[15:17, 23:25] = True
    result = everything(Dots(), Embedding((), 32, 48), [target(square), target(far)], grid=4)
    # Sixteen squares that do not touch, and of the sixteen full masks one; the empty ones are never stable.
    assert len(result.masks) == 17
    assert [mask.area for mask in result.masks] == [25] * 16 + [32 * 48]
    assert result.index.tolist() == [0, 16]
    assert result.tp.tolist() == [25, 4]
    assert result.area.tolist() == [25, 32 * 48]


def test_equal_masks_go_to_the_more_confident() -> None:
    mask = np.ones((3, 3), dtype=np.bool_)
    masks = [PackedMask.pack(mask, (0, 0, 2, 2), 0.99), PackedMask.pack(mask, (2, 2, 4, 4), 0.98)]
    between = Target(mask, (1, 1, 3, 3), "thing", "thing")
    index, tp, area, score = module._match(masks, [between])
    assert (index[0], tp[0], area[0], score[0]) == (0, 4, 9, np.float32(0.99))


def test_where_no_mask_touches_the_target_there_is_none_and_the_reason_is_told() -> None:
    """Squares of five pixels about sixteen points, and the whole image."""
    square, between = (np.zeros((32, 48), dtype=np.bool_) for _ in range(2))
    square[2:7, 4:9], between[10:12, 14:16] = True, True
    targets = [target(square), target(between)]

    def found(**options: Any) -> Everything:
        result = everything(Dots(), Embedding((), 32, 48), targets, grid=4, **options)
        missed = [reason is not None for reason in result.nothing]
        assert (result.index < 0).tolist() == [result.chosen(k) is None for k in range(2)] == missed
        assert (result.tp == 0).tolist() == (result.area == 0).tolist() == np.isnan(result.score).tolist() == missed
        return result

    assert found().nothing == (None, None)
    sure = found(iou_threshold=0.92)  # without the whole image
    assert (sure.index.tolist(), sure.nothing) == ([0, -1], (None, "elsewhere"))
    assert found(iou_threshold=0.99).nothing == ("iou", "iou")
    assert found(iou_threshold=0.97).nothing == ("stability", "stability")
    # The empty masks too: their boxes have no area, so none is a duplicate.
    assert len(found(stability_threshold=0).masks) == len(found().masks) + 16


class Twins(Dots):
    """Two masks of one box: the more confident is its frame, the other its middle."""

    def decode(self, embedding: Embedding, points: Any = None, labels: Any = None, boxes: Any = None) -> Any:
        logits = torch.full((len(points), 3, embedding.height, embedding.width), -9.0)
        logits[:, :2, 8:24, 8:40] = 9.0
        logits[:, 0, 12:20, 12:36] = -9.0
        return logits, torch.tensor([0.99, 0.95, 0.90]).repeat(len(points), 1)


def test_a_mask_that_was_taken_for_a_duplicate_is_a_reason() -> None:
    middle = np.zeros((32, 48), dtype=np.bool_)
    middle[14:16, 20:22] = True
    result = everything(Twins(), Embedding((), 32, 48), [target(middle)], grid=1)
    assert (len(result.masks), result.nothing) == (1, ("nms",))
    assert everything(Twins(), Embedding((), 32, 48), [target(middle)], grid=1, nms_threshold=1.0).nothing == (None,)


def test_each_family_has_the_threshold_of_its_own_generator(scene: tuple[Adapter, Embedding]) -> None:
    adapter, embedding = scene
    assert adapter.iou_threshold == {"SamAdapter": 0.88, "Sam2Adapter": 0.8}[type(adapter).__name__]
    loose = {"stability_threshold": 0.0, "nms_threshold": 1.0}
    adapter.iou_threshold, kept = 0.5, adapter.iou_threshold
    by_default = everything(adapter, embedding, TARGETS, 7, **loose)
    adapter.iou_threshold = kept
    asked = everything(adapter, embedding, TARGETS, 7, iou_threshold=0.5, **loose)
    assert [one.score for one in by_default.masks] == [one.score for one in asked.masks]
    assert (
        0 < len(asked.masks) < len(everything(adapter, embedding, TARGETS, 7, iou_threshold=0, **loose).masks) == 147
    )


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.integers(0, 12),
            st.integers(0, 8),
            st.integers(0, 8),
            st.sampled_from([0.9, 0.95, 1.0]),
        ),
        max_size=12,
    ),
    st.sampled_from([0.0, 0.3, 0.7, 1.0]),
)
@settings(max_examples=200)
def test_suppression_keeps_what_no_better_box_covers(boxes: list[Any], threshold: float) -> None:
    corners = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in boxes], dtype=np.int64).reshape(-1, 4)
    scores = np.array([score for *_, score in boxes], dtype=np.float64)
    kept = suppress(corners, scores, threshold).tolist()
    order = sorted(range(len(boxes)), key=lambda k: (-scores[k], k))
    expected: list[int] = []
    for k in order:
        if all(iou(corners[k], corners[j]) <= threshold for j in expected):
            expected.append(k)
    assert kept == expected


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_packing_loses_nothing(height: int, width: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    packed = PackedMask.pack(mask, (5, 6, 4 + width, 5 + height), 0.5)
    assert np.array_equal(packed.crop(), mask)
    assert packed.area == mask.sum()


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_boxes_are_tight(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks = rng.random((4, height, width)) < rng.choice([0.02, 0.3])
    for mask, box in zip(masks, module._boxes(torch.from_numpy(masks)), strict=True):
        assert box == (target(mask).bbox if mask.any() else (0, 0, 0, 0))
