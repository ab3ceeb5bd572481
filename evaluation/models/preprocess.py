"""From an image to the pixel values of an encoder, without torchvision and without an image processor.

Each family is resized as its own code does: SAM on 8-bit values with Pillow, SAM 2 in floating point. Both run on the
CPU, so that the input of the encoder is the same on every device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# The bounds of the released code of the paper: the lower one is 0.95, not 0.5.
PERCENTILES = (0.95, 99.5)


@dataclass(frozen=True)
class Normalisation:
    """``(value * rescale - mean) / std`` for 8-bit values, with a mean and a std for each of R, G, B."""

    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    rescale: float = 1 / 255

    @classmethod
    def from_processor(cls, processor: Mapping[str, Any], usual: Normalisation | None = None) -> Normalisation:
        """The normalisation that the settings of an image processor ask for; the usual one where they say nothing.

        Args:
            processor: the settings.
            usual: that of the family, by default ImageNet's.

        Raises:
            ValueError: the mean or the std does not have three numbers.
        """
        usual = usual or cls()
        rescale = float(processor.get("rescale_factor", 1 / 255)) if processor.get("do_rescale", True) else 1.0
        if not processor.get("do_normalize", True):
            return cls((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), rescale)
        return cls(
            _three(processor.get("image_mean") or usual.mean),
            _three(processor.get("image_std") or usual.std),
            rescale,
        )

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Normalise ``(..., 3, height, width)``, values 0-255, to float32 of the same shape."""
        mean = torch.tensor(self.mean, dtype=torch.float64)[:, None, None] / self.rescale
        std = torch.tensor(self.std, dtype=torch.float64)[:, None, None] / self.rescale
        return (pixels.float() - mean.float().to(pixels.device)) / std.float().to(pixels.device)


def _three(values: Any) -> tuple[float, float, float]:
    numbers = tuple(float(value) for value in values)
    if len(numbers) != 3:
        raise ValueError(f"expected one number for each of R, G, B, got {numbers}")
    return numbers


def check_image(image: Pixels) -> None:
    """Refuse what is not an 8-bit picture.

    Raises:
        ValueError: the image is not uint8 ``(H, W)`` or ``(H, W, 3)``, or has no pixel.
    """
    shaped = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if image.dtype != np.uint8 or not shaped or image.size == 0:
        raise ValueError(f"an image is uint8 (H, W) or (H, W, 3), got {image.dtype} {image.shape}")


def longest_side(height: int, width: int, size: int) -> tuple[int, int]:
    """Height and width after the longer side is scaled to ``size``: each rounded half up (SAM's rule), at least 1."""
    scale = size / max(height, width)
    return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))


def resize(
    image: Pixels, height: int, width: int, *, resample: Image.Resampling = Image.Resampling.BILINEAR
) -> torch.Tensor:
    """Resize with antialiasing.

    Args:
        image: uint8, ``(H, W)`` or ``(H, W, 3)``.
        height: rows of the result.
        width: columns of the result.
        resample: Pillow's filter.

    Returns:
        uint8 ``(3, height, width)`` on the CPU; of a greyscale image three views of one plane.
    """
    if image.shape[:2] == (height, width):
        resized = np.array(image)
    else:
        resized = np.array(Image.fromarray(np.ascontiguousarray(image)).resize((width, height), resample))
    pixels = torch.from_numpy(resized)
    return pixels.expand(3, -1, -1) if pixels.ndim == 2 else pixels.permute(2, 0, 1)


def resize_unrounded(image: Pixels, height: int, width: int) -> torch.Tensor:
    """Resize with antialiasing in floating point: nothing is rounded to whole grey levels.

    Bilinear, or where a side gets shorter the triangle filter over all pixels that fall together: what torchvision's
    ``Resize`` does with a tensor (``antialias=True``, its default since 0.17), and so SAM 2's own ``SAM2Transforms``.

    Args:
        image: uint8, ``(H, W)`` or ``(H, W, 3)``.
        height: rows of the result.
        width: columns of the result.

    Returns:
        float32 ``(3, height, width)``, 0 to 255, on the CPU; of a greyscale image three views of one plane.
    """
    pixels = torch.from_numpy(np.array(image, dtype=np.float32))
    planes = pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)
    resized = F.interpolate(planes[None], (height, width), mode="bilinear", align_corners=False, antialias=True)
    return resized[0].expand(3, -1, -1)


def pad_to_square(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """Pad ``(..., height, width)`` with zeros on the right and at the bottom to ``(..., size, size)``."""
    return F.pad(pixels, (0, size - pixels.shape[-1], 0, size - pixels.shape[-2]))


def scale_to_unit(pixels: torch.Tensor) -> torch.Tensor:
    """Min-max over all pixels to 0-1, float32: what MedSAM's encoder was trained on. A constant image becomes 0."""
    values = pixels.float()
    low, high = values.amin(), values.amax()
    return (values - low) / (high - low).clamp(min=1e-8)


def clip_percentiles(image: Pixels) -> Pixels:
    """Clip to the 0.95th and 99.5th percentile of all values, stretch to 0-255, keep 0 at 0.

    The normalisation of the released code of "Segment Anything Model for Medical Images?" (`pre_grey_rgb2D.py`), which
    takes the percentiles over the three colour channels together and truncates to uint8. A constant image becomes 0.

    Args:
        image: uint8, ``(H, W)`` or ``(H, W, 3)``.

    Returns:
        uint8 of the same shape.
    """
    # Greyscale is repeated to three channels first, which moves the interpolation between neighbouring ranks.
    values = np.repeat(image.ravel(), 3) if image.ndim == 2 else image.ravel()
    low, high = np.percentile(values, PERCENTILES)
    clipped = np.clip(image.astype(np.float64), low, high)
    # Not low and high themselves: a percentile may fall between the values that occur.
    low, high = clipped.min(), clipped.max()
    if high == low:
        return np.zeros_like(image)
    stretched = (clipped - low) / (high - low) * 255.0
    stretched[image == 0] = 0
    truncated: Pixels = stretched.astype(np.uint8)
    return truncated
