"""The pieces of the training that can be wrong without anybody noticing."""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from cosmos_sam_tiny.batches import Batches, Turn
from cosmos_sam_tiny.data import TEACHER_PICTURES, to_input
from cosmos_sam_tiny.finetune import covered_share, mask_loss
from cosmos_sam_tiny.student import build_student, grown, sharpened


def test_a_turn_moves_image_and_embedding_alike():
    rng = np.random.default_rng(0)
    for shape in ((64, 64), (64, 32)):
        for _ in range(8):
            turn = Turn.draw(rng, shape)
            image = rng.integers(0, 256, shape, dtype=np.uint8)
            patches = to_input(image, 64).reshape(3, 4, 16, 4, 16).mean((2, 4)).numpy()
            turned = to_input(turn(image), 64).reshape(3, 4, 16, 4, 16).mean((2, 4)).numpy()
            assert np.allclose(turn(patches, first=1), turned, atol=1e-4)


def test_the_mask_loss_prefers_the_mask():
    mask = np.zeros((60, 40), dtype=np.bool_)
    mask[10:40, 8:30] = True
    wanted = covered_share(mask, 128)[None, None]
    right = F.avg_pool2d((wanted - 0.5) * 20, 2)
    flipped = -right
    logits = torch.stack([flipped, right, flipped], dim=2)
    loss, notes = mask_loss(logits, torch.tensor([[[0.0, 1.0, 0.0]]]), wanted)
    worse, _ = mask_loss(flipped[:, :, None].expand(-1, -1, 3, -1, -1), torch.zeros(1, 1, 3), wanted)
    # The outline runs between the places of the logits.
    assert notes["dice"] > 0.95
    assert loss < worse


def test_the_share_of_a_mask_counts_its_pixels():
    mask = np.zeros((128, 128), dtype=np.bool_)
    mask[0:6, 0:4] = True
    mask[100, 101] = True
    share = covered_share(mask, 128)
    assert share.shape == (64, 64)
    assert share[2, 1] == 1
    assert share[3, 1] == 0
    assert share[50, 50] == 0.25
    assert float(share.sum()) * 4 == mask.sum()


def test_the_share_of_a_coarse_mask_has_no_ramp():
    mask = np.zeros((16, 16), dtype=np.bool_)
    mask[4:12, 4:12] = True
    share = covered_share(mask, 128)
    inside = share[17:47, 17:47]
    # All but the corners, which a straight line cuts.
    assert float((inside == 1).float().mean()) > 0.98
    assert float(((share > 0) & (share < 1)).float().mean()) < 0.02


def test_the_teacher_has_embeddings_of_its_own_pictures_alone(tmp_path):
    embeddings = np.lib.format.open_memmap(tmp_path / "teacher.npy", "w+", np.float16, (TEACHER_PICTURES, 1, 2, 2))
    embeddings[1590] = [[[1, 2], [3, 4]]]
    (tmp_path / "pictures").mkdir()
    numbers = [1590, TEACHER_PICTURES]
    drawn = Batches(tmp_path, numbers).draw(np.random.default_rng(0), 12)
    for one in drawn:
        known = one.embedding is not None
        assert one.picture.image.shape == (one.turn(one.picture.masks[0])).shape
        if known:
            assert np.array_equal(one.embedding, one.turn(np.asarray(embeddings[1590]), first=1))
    assert 0 < sum(one.embedding is None for one in drawn) < 12
    kept = Batches(tmp_path, numbers).draw(np.random.default_rng(0), 12)
    for first, again in zip(drawn, kept, strict=True):
        assert np.array_equal(first.picture.image, again.picture.image)
        assert all(np.array_equal(a, b) for a, b in zip(first.picture.masks, again.picture.masks, strict=True))


def test_a_grown_student_keeps_its_weights():
    torch.manual_seed(0)
    small = build_student(64)
    large = grown(small, 128)
    assert large.config.prompt_encoder_config.image_embedding_size == 8
    assert large.vision_encoder.pos_embed.shape[1:3] == (8, 8)
    name = "vision_encoder.layers.3.mlp.lin1.weight"
    assert torch.equal(small.state_dict()[name], large.state_dict()[name])
    assert small.state_dict()[name].std() > 0.01


def test_sharper_logits_are_the_same_masks():
    torch.manual_seed(0)
    student = build_student(64).eval()
    prompt = {"image_embeddings": torch.randn(1, 256, 4, 4), "input_boxes": torch.tensor([[[8.0, 8.0, 40.0, 50.0]]])}
    with torch.inference_mode():
        before, after = student(**prompt), sharpened(student, 8.0)(**prompt)
    torch.testing.assert_close(after.pred_masks, 8 * before.pred_masks)
    assert torch.equal(after.iou_scores, before.iou_scores)
