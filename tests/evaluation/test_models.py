"""The adapters against transformers called directly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from direct_families import MADE, Family
from PIL import Image
from tiny_families import timm_edgetam, tiny_sam_hq
from tiny_models import save, tiny_sam
from transformers import SamModel

from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.models.adapter import Embedding

WEIGHTS = Path(__file__).parents[2].parent / "shared" / "weights" / "sam2-hiera-tiny"
SIZES = [(90, 120), (200, 131), (128, 128), (37, 300), (35, 122)]

# Three prompts of each strategy, on a picture of 40 x 100.
_DRAWN = torch.rand((3, 10, 2), generator=torch.Generator().manual_seed(0)) * torch.tensor([99.0, 39.0])
LABELS = torch.tensor([[1] * 5 + [0] * 5]).expand(3, -1)
BOXES = torch.tensor([[5.0, 6.0, 60.0, 30.0], [20.0, 10.0, 90.0, 35.0], [0.0, 0.0, 70.0, 36.0]])
PROMPTS = {
    "S2": (_DRAWN[:, :1], LABELS[:, :1], None),
    "S3": (_DRAWN[:, :5], LABELS[:, :5], None),
    "S4": (_DRAWN, LABELS, None),
    "S5": (None, None, BOXES),
    "S6": (_DRAWN[:, :1], LABELS[:, :1], BOXES),
}
POINTS, LABELS = _DRAWN[:, :2], LABELS[:, 4:6]


def picture(height: int, width: int, *, colour: bool = False, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    image = np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    return image if colour else image[..., 0].copy()


@pytest.fixture(scope="module", params=MADE)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Family:
    architecture, make = MADE[request.param]
    return Family(architecture, save(make(), tmp_path_factory.mktemp(request.param)))


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_encoding_agrees_with_transformers(family: Family, size: tuple[int, int], colour: bool) -> None:
    image = picture(*size, colour=colour)
    (embedding,) = family.adapter.encode([image])
    assert (embedding.height, embedding.width) == size
    levels = family.embeddings(image)
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


@pytest.mark.parametrize("strategy", PROMPTS)
def test_decoding_agrees_prompt_by_prompt(family: Family, strategy: str) -> None:
    image, prompt = picture(40, 100), PROMPTS[strategy]
    (embedding,) = family.adapter.encode([image])
    logits, scores = family.adapter.decode(embedding, *prompt)
    assert logits.shape[:2] == scores.shape == (3, 3)
    assert logits.dtype == scores.dtype == torch.float32
    for k in range(3):
        alone = [None if part is None else part[k : k + 1] for part in prompt]
        expected = family.call(image, *alone)
        torch.testing.assert_close(logits[k], expected.pred_masks[0, 0], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(scores[k], expected.iou_scores[0, 0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("strategy", ["S4", "S5", "S6"])
def test_refining_a_mask_agrees_prompt_by_prompt(family: Family, strategy: str) -> None:
    image, prompt = picture(40, 100), PROMPTS[strategy]
    (embedding,) = family.adapter.encode([image])
    anew, _ = family.adapter.decode(embedding, *prompt)
    earlier = torch.stack([anew[k, k] for k in range(3)]) * 40
    logits, scores = family.adapter.decode(embedding, *prompt, masks=earlier)
    assert (logits - anew).abs().max() > 0.01
    # SAM 2's own predictor gives logits back between -32 and 32, SAM's as they are.
    if not family.pads:
        earlier = earlier.clamp(-32, 32)
    for k in range(3):
        alone = [None if part is None else part[k : k + 1] for part in prompt]
        expected = family.call(image, *alone, input_masks=earlier[k][None, None])
        torch.testing.assert_close(logits[k], expected.pred_masks[0, 0], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(scores[k], expected.iou_scores[0, 0], rtol=1e-4, atol=1e-4)


def test_every_prompt_refines_a_mask_of_its_own(family: Family) -> None:
    (embedding,) = family.adapter.encode([picture(40, 100)])
    with pytest.raises(ValueError, match="one a prompt"):
        family.adapter.decode(embedding, boxes=BOXES, masks=torch.zeros((2, 32, 32)))


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
    expected = family.full(logits, size)
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


@pytest.mark.parametrize("name", ["sam2", "edgetam"])
@pytest.mark.parametrize("size", SIZES)
def test_the_profile_transformers_rounds_the_resized_image(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    architecture, make = MADE[name]
    folder = save(make(), tmp_path)
    rounded, own = Family(architecture, folder, "transformers"), load_model(str(folder), device="cpu")
    image = picture(*size)
    pixels = rounded.adapter.pixels([image])
    torch.testing.assert_close(pixels, rounded.pixels(image), rtol=1e-5, atol=1e-5)
    assert (rounded.adapter.resizing, own.resizing) == ("8 bits", "floating point")
    apart = (pixels - own.pixels([image])).abs().amax() * 0.225 * 255
    assert apart < 1.02
    assert (apart > 0.4) == (size != (128, 128))


def test_masks_of_sam_hq_are_the_sum_of_both_kinds(tmp_path: Path) -> None:
    family = Family("SamHQModel", save(tiny_sam_hq(), tmp_path))
    image = picture(40, 100)
    logits, scores = family.adapter.decode(family.adapter.encode([image])[0], boxes=BOXES[:1])
    token = family.call(image, None, None, BOXES[:1], hq_token_only=True).pred_masks[0]
    assert token.shape[1] == 1
    model = family.model.mask_decoder
    with torch.no_grad():
        for layer in (model.hq_mask_mlp.proj_out.weight, model.hq_mask_mlp.proj_out.bias):
            layer.zero_()
    plain = family.call(image, None, None, BOXES[:1]).pred_masks[0]
    torch.testing.assert_close(logits, plain + token, rtol=1e-4, atol=1e-3)
    assert scores[0].tolist() == sorted(scores[0].tolist(), reverse=True)


def test_an_embedding_of_sam_hq_holds_what_its_decoder_reads(tmp_path: Path) -> None:
    family = Family("SamHQModel", save(tiny_sam_hq(), tmp_path))
    image = picture(40, 100)
    (embedding,) = family.adapter.encode([image])
    without = Embedding(embedding.tensors[:1], 40, 100)
    expected = family.call(image, None, None, BOXES).pred_masks[0]
    torch.testing.assert_close(family.adapter.decode(embedding, boxes=BOXES)[0], expected, rtol=1e-4, atol=1e-3)
    assert (family.adapter.decode(without, boxes=BOXES)[0] - expected).abs().max() > 0.1


def test_edgetam_with_its_own_encoder(tmp_path: Path) -> None:
    pytest.importorskip("timm", reason="timm is not installed", exc_type=ImportError)
    family = Family("EdgeTamModel", save(timm_edgetam(), tmp_path))
    image = picture(40, 100)
    (embedding,) = family.adapter.encode([image])
    for prompt in PROMPTS.values():
        logits, scores = family.adapter.decode(embedding, *prompt)
        expected = family.call(image, *prompt)
        torch.testing.assert_close(logits, expected.pred_masks[0], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(scores, expected.iou_scores[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["sam-hq", "edgetam", "sam3"])
def test_boxes_of_several_images_together(name: str, tmp_path: Path) -> None:
    """As in training: one box on each of several embeddings."""
    architecture, make = MADE[name]
    family = Family(architecture, save(make(), tmp_path))
    images = [picture(40, 100, seed=k) for k in range(3)]
    adapter = family.adapter
    with torch.no_grad():
        features = adapter.features(adapter.pixels(images))
        logits, scores = adapter.decode_boxes(features, adapter.to_input(BOXES, 40, 100))
    for k, image in enumerate(images):
        expected = family.call(image, None, None, BOXES[k : k + 1])
        torch.testing.assert_close(logits[k], expected.pred_masks[0, 0], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(scores[k], expected.iou_scores[0, 0], rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_real_weights() -> None:
    if not WEIGHTS.is_dir():
        pytest.skip(f"{WEIGHTS} is not here")
    real = Family("Sam2Model", WEIGHTS)
    image = picture(300, 220)
    (embedding,) = real.adapter.encode([image])
    logits, scores = real.adapter.decode(embedding, boxes=BOXES)
    for k in range(2):
        expected = real.call(image, None, None, BOXES[k : k + 1])
        torch.testing.assert_close(logits[k], expected.pred_masks[0, 0], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(scores[k], expected.iou_scores[0, 0], rtol=1e-4, atol=1e-4)
