"""Real images that installed packages carry: the MNI152 template with its tissue maps, and photographs.

The template (nilearn, BSD-3-Clause) gives masks: whole brain, grey and white matter, and pieces of them. The
photographs (scikit-image) have none: the student sees only what the teacher makes of them. Nothing here is part of
any data set that the model is judged on.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from cosmos_sam_tiny.canvas import Mask
from cosmos_sam_tiny.shapes import LEAST_PIXELS, Picture

#: In the public domain or CC0, or without known copyright, as scikit-image's own notes say.
PHOTOGRAPHS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "clock_motion.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "microaneurysms.png",
    "retina.jpg",
    "rocket.jpg",
)
#: Every fifth slab of this many slices is kept for validation.
SLAB = 8


@dataclass(frozen=True, eq=False)
class Template:
    """The MNI152 template at 1 mm.

    Attributes:
        head: T1 grey values, float32 ``(i, j, k)``, RAS+, 0 to 1.
        grey, white: tissue probabilities, float32 of the same shape.
    """

    head: NDArray[np.float32]
    grey: NDArray[np.float32]
    white: NDArray[np.float32]


def load_template() -> Template:
    """Read the template from nilearn's wheel."""
    from nilearn.datasets import load_mni152_gm_template, load_mni152_template, load_mni152_wm_template

    volumes = [
        np.asarray(load(resolution=1).get_fdata(), dtype=np.float32)
        for load in (load_mni152_template, load_mni152_gm_template, load_mni152_wm_template)
    ]
    return Template(*(volume / volume.max() for volume in volumes))


def mni_picture(template: Template, seed: int, *, held_out: bool = False) -> Picture:
    """A slice of the template, or a part of one, in one of many contrasts.

    Args:
        template: see :func:`load_template`.
        seed: decides everything.
        held_out: from the slabs that are kept for validation, or from the others.
    """
    rng = np.random.default_rng([seed, int(held_out)])
    while True:
        axis = int(rng.integers(3))
        index = int(rng.integers(15, template.head.shape[axis] - 15))
        if (index // SLAB % 5 == 4) != held_out:
            continue
        head, grey, white = (
            np.rot90(volume.take(index, axis)) for volume in (template.head, template.grey, template.white)
        )
        window = _window(rng, head.shape)
        head, grey, white = head[window], grey[window], white[window]
        masks = _tissues(rng, grey, white)
        if masks:
            return Picture(_contrast(rng, head, grey, white), masks, "mni")


def _window(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[slice, slice]:
    if rng.random() < 0.5:
        return slice(None), slice(None)
    sides = [int(rng.integers(34, 110)) for _ in range(2)]
    starts = [int(rng.integers(10, max(11, length - side - 10))) for length, side in zip(shape, sides, strict=True)]
    return slice(starts[0], starts[0] + sides[0]), slice(starts[1], starts[1] + sides[1])


def _tissues(rng: np.random.Generator, grey: NDArray[np.float32], white: NDArray[np.float32]) -> list[Mask]:
    brain = ndimage.binary_fill_holes(ndimage.binary_opening(grey + white > 0.4))
    inner = ndimage.binary_fill_holes(white > 0.5)
    holes = ndimage.binary_opening(brain & ((grey + white < 0.4) | (inner & (white + grey < 0.5))))
    masks = [brain, grey > 0.5, white > 0.5]
    for tissue, most in ((grey > 0.5, 3), (white > 0.5, 3), (inner & (grey > 0.5), 6), (holes, 4)):
        pieces, count = ndimage.label(tissue)
        sizes = ndimage.sum_labels(tissue, pieces, range(1, count + 1))
        masks += [pieces == 1 + piece for piece in np.argsort(sizes)[::-1][:most]]
    kept = [mask for mask in masks if LEAST_PIXELS < mask.sum() < 0.95 * mask.size]
    return [kept[k] for k in rng.permutation(len(kept))]


def _contrast(
    rng: np.random.Generator, head: NDArray[np.float32], grey: NDArray[np.float32], white: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The template's own contrast, or the tissues in new tones over a ghost of it."""
    values: NDArray[np.floating] = head
    if rng.random() < 0.4:
        tones = rng.uniform(0, 1, 3)
        rest = np.clip(1 - grey - white, 0, 1)
        values = tones[0] * grey + tones[1] * white + rest * (tones[2] * head if rng.random() < 0.5 else tones[2])
        values = values + rng.uniform(0, 0.4) * head
    values = ndimage.gaussian_filter(values, rng.uniform(0, 0.8))
    values = values + rng.uniform(0, 0.05) * ndimage.gaussian_filter(rng.normal(size=head.shape), rng.uniform(0.2, 1))
    low, high = np.percentile(values, (0.1, 99.9))
    unit = np.clip((values - low) / max(high - low, 1e-3), 0, 1) ** np.exp(rng.normal(0, 0.3))
    if rng.random() < 0.1:
        unit = 1 - unit
    pixels: NDArray[np.uint8] = np.rint(255 * rng.uniform(0.6, 1) * unit).astype(np.uint8)
    return pixels


def photographs() -> list[NDArray[np.uint8]]:
    """Read the photographs from scikit-image's wheel without importing it; uint8 ``(H, W)`` or ``(H, W, 3)``.

    Raises:
        FileNotFoundError: scikit-image is not installed.
    """
    package = importlib.util.find_spec("skimage")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("scikit-image is not installed: pip install -r requirements.txt")
    folder = Path(package.submodule_search_locations[0]) / "data"
    images = []
    for name in PHOTOGRAPHS:
        with Image.open(folder / name) as image:
            images.append(np.asarray(image.convert("L" if image.mode in {"L", "1", "I", "I;16"} else "RGB")))
    return images


def photograph_crop(photographs: list[NDArray[np.uint8]], seed: int) -> Picture:
    """A crop of a photograph, mirrored and turned at random, in colour or grey; without masks."""
    rng = np.random.default_rng([seed, 2])
    photograph = photographs[int(rng.integers(len(photographs)))]
    side = int(min(photograph.shape[:2]) * rng.uniform(0.35, 1))
    top, left = (int(rng.integers(length - side + 1)) for length in photograph.shape[:2])
    crop = np.rot90(photograph[top : top + side, left : left + side], int(rng.integers(4)))
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    if crop.ndim == 3 and rng.random() < 0.5:
        crop = crop[..., int(rng.integers(3))]
    if rng.random() < 0.2:
        crop = 255 - crop
    small = int(np.clip(side, 64, 512) * rng.uniform(0.4, 1))
    return Picture(np.asarray(Image.fromarray(np.ascontiguousarray(crop)).resize((small, small))), [], "photograph")
