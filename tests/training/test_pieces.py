"""The pieces of the training that can be wrong without anybody noticing."""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from cosmos_sam_tiny.data import to_input
from cosmos_sam_tiny.distil import Turn
from cosmos_sam_tiny.finetune import covered_share, mask_loss
from cosmos_sam_tiny.student import build_student, grown


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
    right = (wanted - 0.5) * 20
    flipped = -right
    logits = torch.stack([flipped, right, flipped], dim=2)
    loss, notes = mask_loss(logits, torch.tensor([[[0.0, 1.0, 0.0]]]), wanted)
    worse, _ = mask_loss(flipped[:, :, None].expand(-1, -1, 3, -1, -1), torch.zeros(1, 1, 3), wanted)
    assert notes["dice"] > 0.99
    assert loss < worse


def test_the_share_of_a_mask_counts_its_pixels():
    mask = np.zeros((128, 128), dtype=np.bool_)
    mask[0:6, 0:4] = True
    share = covered_share(mask, 128)
    assert share.shape == (32, 32)
    assert share[0, 0] == 1
    assert share[1, 0] == 0.5
    assert float(share.sum()) * 16 == mask.sum()


def test_a_grown_student_keeps_its_weights():
    torch.manual_seed(0)
    small = build_student(64)
    large = grown(small, 128)
    assert large.config.prompt_encoder_config.image_embedding_size == 8
    assert large.vision_encoder.pos_embed.shape[1:3] == (8, 8)
    name = "vision_encoder.layers.3.mlp.lin1.weight"
    assert torch.equal(small.state_dict()[name], large.state_dict()[name])
    assert small.state_dict()[name].std() > 0.01
