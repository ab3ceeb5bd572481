"""The adapters against transformers called directly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_models import save, tiny_sam, tiny_sam2
from transformers import Sam2Model, SamModel
from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.adapter import Adapter, Embedding

WEIGHTS = Path(__file__).parents[2].parent / "shared" / "weights" / "sam2-hiera-tiny"
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)
SIZES = [(90, 120), (200, 131), (128, 128), (37, 300)]

POINTS = torch.tensor([[[30.0, 40.0], [50.0, 20.0]], [[10.0, 8.0], [80.0, 33.0]], [[5.0, 30.0], [60.0, 12.0]]])
LABELS = torch.tensor([[1, 0], [1, 1], [0, 1]])
BOXES = torch.tensor([[5.0, 6.0, 60.0, 30.0], [20.0, 10.0, 90.0, 35.0], [0.0, 0.0, 70.0, 36.0]])
PROMPTS = [(POINTS, LABELS, None), (None, None, BOXES), (POINTS, LABELS, BOXES), (POINTS[:, :1], LABELS[:, :1], BOXES)]


def picture(height: int, width: int, *, colour: bool = False, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    image = np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    return image if colour else image[..., 0].copy()


def three_channels(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def sam_pixels(image: np.ndarray, size: int) -> torch.Tensor:
    processor = SamImageProcessorPil(
        size={"longest_edge": size}, pad_size={"height": size, "width": size}, image_mean=MEAN, image_std=STD
    )
    return processor(three_channels(image), return_tensors="pt")["pixel_values"]


def sam2_pixels(image: np.ndarray, size: int) -> torch.Tensor:
    square = np.array(Image.fromarray(three_channels(image)).resize((size, size), Image.Resampling.BILINEAR))
    values = (square.astype(np.float32) / 255 - MEAN) / STD
    return torch.from_numpy(values).permute(2, 0, 1)[None]


class Family:
    """An adapter beside the model that it wraps."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.adapter: Adapter = load_model(str(folder), device="cpu")
        architecture = SamModel if name == "sam" else Sam2Model
        self.model: Any = architecture.from_pretrained(folder, dtype=torch.float32).eval()
        self.size = self.adapter.image_size

    def pixels(self, image: np.ndarray) -> torch.Tensor:
        return (sam_pixels if self.name == "sam" else sam2_pixels)(image, self.size)

    def scale(self, image: np.ndarray) -> torch.Tensor:
        height, width = image.shape[:2]
        if self.name == "sam2":
            return torch.tensor([self.size / width, self.size / height])
        factor = self.size / max(height, width)
        return torch.tensor([int(width * factor + 0.5) / width, int(height * factor + 0.5) / height])

    def call(self, image: np.ndarray, points: Any, labels: Any, boxes: Any) -> Any:
        scale = self.scale(image)
        with torch.no_grad():
            return self.model(
                pixel_values=self.pixels(image),
                input_points=None if points is None else points[None] * scale,
                input_labels=None if labels is None else labels[None],
                input_boxes=None if boxes is None else boxes[None] * scale.repeat(2),
                multimask_output=True,
            )


@pytest.fixture(scope="module", params=["sam", "sam-256", "sam2"])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Family:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sam2":
        return Family("sam2", save(tiny_sam2(), folder))
    return Family("sam", save(tiny_sam(image_size=256 if request.param == "sam-256" else 128), folder))


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_encoding_agrees_with_transformers(family: Family, size: tuple[int, int], colour: bool) -> None:
    image = picture(*size, colour=colour)
    with torch.no_grad():
        expected = family.model.get_image_embeddings(family.pixels(image))
    (embedding,) = family.adapter.encode([image])

    assert (embedding.height, embedding.width) == size
    levels = [expected] if isinstance(expected, torch.Tensor) else expected
    assert len(levels) == len(embedding.tensors)
    for level, tensor in zip(levels, embedding.tensors, strict=True):
        torch.testing.assert_close(tensor, level, rtol=1e-4, atol=1e-4)


def test_images_of_any_size_share_a_batch(family: Family) -> None:
    images = [picture(*size, colour=k % 2 == 1, seed=k) for k, size in enumerate(SIZES)]
    for image, embedding in zip(images, family.adapter.encode(images), strict=True):
        (alone,) = family.adapter.encode([image])
        assert (embedding.height, embedding.width) == image.shape[:2]
        for together, single in zip(embedding.tensors, alone.tensors, strict=True):
            torch.testing.assert_close(together, single, rtol=1e-4, atol=1e-4)


def test_nothing_to_encode(family: Family) -> None:
    assert family.adapter.encode([]) == []


@pytest.mark.parametrize("prompt", PROMPTS, ids=["points", "box", "points and box", "point and box"])
def test_decoding_agrees_prompt_by_prompt(family: Family, prompt: tuple[Any, Any, Any]) -> None:
    image = picture(40, 100)
    (embedding,) = family.adapter.encode([image])
    logits, scores = family.adapter.decode(embedding, *prompt)
    assert logits.shape[:2] == scores.shape == (3, 3)
    assert logits.dtype == scores.dtype == torch.float32
    for k in range(3):
        alone = [None if part is None else part[k : k + 1] for part in prompt]
        expected = family.call(image, *alone)
        torch.testing.assert_close(logits[k], expected.pred_masks[0, 0], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(scores[k], expected.iou_scores[0, 0], rtol=1e-4, atol=1e-4)


def test_prompts_are_told_apart(family: Family) -> None:
    (embedding,) = family.adapter.encode([picture(40, 100)])
    logits, _ = family.adapter.decode(embedding, boxes=BOXES)
    assert (logits[0] - logits[1]).abs().max() > 0.1


def test_no_points_is_the_box_alone(family: Family) -> None:
    (embedding,) = family.adapter.encode([picture(40, 100)])
    without = family.adapter.decode(embedding, boxes=BOXES)
    empty = family.adapter.decode(embedding, torch.zeros((3, 0, 2)), torch.zeros((3, 0), dtype=torch.int64), BOXES)
    assert torch.equal(without[0], empty[0])


@pytest.mark.parametrize("size", SIZES)
def test_upsampling_agrees_with_transformers(family: Family, size: tuple[int, int]) -> None:
    logits = torch.randn((5, 32, 32), generator=torch.Generator().manual_seed(0))
    actual = family.adapter.upsample(logits, Embedding((), *size))
    if family.name == "sam":
        factor = family.size / max(size)
        resized = tuple(int(side * factor + 0.5) for side in size)
        (expected,) = SamImageProcessorPil().post_process_masks(
            logits[None, :, None],
            [size],
            [resized],
            binarize=False,
            pad_size={"height": family.size, "width": family.size},
        )
        expected = expected[:, 0]
    else:
        expected = torch.nn.functional.interpolate(logits[:, None], size, mode="bilinear", align_corners=False)[:, 0]
    assert actual.shape == (5, *size)
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-6)


def test_upsampling_nothing(family: Family) -> None:
    assert family.adapter.upsample(torch.zeros((0, 32, 32)), Embedding((), 12, 34)).shape == (0, 12, 34)


def test_a_point_hits_what_it_points_at(family: Family) -> None:
    """The logits at native size belong to the same pixels as the prompt: both go through the same geometry."""
    height, width = 60, 150
    embedding = Embedding((), height, width)
    x, y = 120.0, 15.0
    resized_x, resized_y = torch.tensor([x, y]) * family.scale(np.zeros((height, width)))
    logits = torch.full((1, 32, 32), -1.0)
    logits[0, int(resized_y / family.size * 32), int(resized_x / family.size * 32)] = 1.0
    full = family.adapter.upsample(logits, embedding)[0]
    found = (full == full.max()).nonzero().float().mean(0)
    assert abs(found[0] - y) <= height / 8
    assert abs(found[1] - x) <= width / 16


@pytest.mark.parametrize(
    ("points", "labels", "boxes"),
    [
        (None, None, None),
        (POINTS[:, :0], LABELS[:, :0], None),
        (POINTS, None, None),
        (None, LABELS, None),
        (POINTS, LABELS[:, :1], None),
        (POINTS[0], LABELS[0], None),
        (POINTS, LABELS, BOXES[:2]),
        (None, None, BOXES[0]),
        (None, None, BOXES[:0]),
    ],
)
def test_prompts_that_make_no_sense(family: Family, points: Any, labels: Any, boxes: Any) -> None:
    (embedding,) = family.adapter.encode([picture(40, 100)])
    with pytest.raises(ValueError, match=r"point|box|prompts"):
        family.adapter.decode(embedding, points, labels, boxes)


@pytest.mark.parametrize("image", [np.zeros((5, 5)), np.zeros((5, 5, 4), np.uint8), np.zeros(5, np.uint8)])
def test_only_8_bit_pictures_are_encoded(family: Family, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        family.adapter.encode([image])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_reduced_precision_is_near_and_gives_float32(family: Family, dtype: str) -> None:
    reduced = load_model(str(family.folder), device="cpu", dtype=dtype)
    image = picture(90, 120)
    logits, scores = reduced.decode(reduced.encode([image])[0], boxes=BOXES)
    exact, _ = family.adapter.decode(family.adapter.encode([image])[0], boxes=BOXES)
    assert reduced.dtype == getattr(torch, dtype)
    assert logits.dtype == scores.dtype == torch.float32
    assert torch.corrcoef(torch.stack([logits.flatten(), exact.flatten()]))[0, 1] > 0.9


def test_weights_lie_where_torch_puts_them(family: Family) -> None:
    """Mapped from their file they lie at any address, and the last digits of the results depend on it."""
    model = family.adapter._model
    assert all(tensor.data_ptr() % 64 == 0 for tensor in (*model.parameters(), *model.buffers()))


def test_results_need_no_gradient(family: Family) -> None:
    (embedding,) = family.adapter.encode([picture(40, 100)])
    logits, scores = family.adapter.decode(embedding, boxes=BOXES)
    assert not (logits.requires_grad or scores.requires_grad or embedding.tensors[0].requires_grad)


def test_medsam_sees_the_squashed_image_between_0_and_1(tmp_path: Path) -> None:
    folder = save(tiny_sam(), tmp_path)
    adapter = load_model(str(folder), device="cpu", preprocess="medsam")
    image = picture(60, 150, colour=True)
    square = np.array(Image.fromarray(image).resize((128, 128), Image.Resampling.BICUBIC)).astype(np.float32)
    unit = (square - square.min()) / (square.max() - square.min())
    model = SamModel.from_pretrained(folder).eval()
    scale = torch.tensor([128 / 150, 128 / 60, 128 / 150, 128 / 60])
    with torch.no_grad():
        expected = model(
            pixel_values=torch.from_numpy(unit).permute(2, 0, 1)[None], input_boxes=BOXES[None] * scale
        ).pred_masks[0]
    (embedding,) = adapter.encode([image])
    logits, _ = adapter.decode(embedding, boxes=BOXES)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-3)
    straight = torch.nn.functional.interpolate(logits[0][:, None], (128, 128), mode="bilinear", align_corners=False)
    straight = torch.nn.functional.interpolate(straight, (60, 150), mode="bilinear", align_corners=False)[:, 0]
    torch.testing.assert_close(adapter.upsample(logits[0], embedding), straight)


@pytest.mark.slow
def test_real_weights() -> None:
    if not WEIGHTS.is_dir():
        pytest.skip(f"{WEIGHTS} is not here")
    real = Family("sam2", WEIGHTS)
    image = picture(300, 220)
    (embedding,) = real.adapter.encode([image])
    logits, scores = real.adapter.decode(embedding, boxes=BOXES)
    for k in range(2):
        expected = real.call(image, None, None, BOXES[k : k + 1])
        torch.testing.assert_close(logits[k], expected.pred_masks[0, 0], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(scores[k], expected.iou_scores[0, 0], rtol=1e-4, atol=1e-4)
