"""The training set: which picture has which number, and how a picture becomes the input of a model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cosmos_datasets.evaluation.models.preprocess import Normalisation, longest_side, pad_to_square, resize
from cosmos_sam_tiny.micrographs import make_micrograph
from cosmos_sam_tiny.real_images import Template, load_template, mni_picture, photograph_crop, photographs
from cosmos_sam_tiny.shapes import Picture, make_picture
from cosmos_sam_tiny.teacher import CHANNELS, SIZE, load_teacher

#: Side of the student's input, and of its embedding.
IMAGE_SIZE = 512
GRID = 32
#: The teacher sees the pictures of the first numbers; they alone have photographs among them, and no micrographs.
TEACHER_PICTURES = 1600
#: Pictures of validation have numbers, and so seeds, that training never reaches; the micrographs come last.
HELD_OUT = 10_000_000
HELD_OUT_MICROGRAPHS = 20_000_000

_normalise = Normalisation()


@dataclass
class Pictures:
    """Picture number ``n`` of the training set, for every ``n`` below :data:`HELD_OUT`; held-out ones above it.

    Of ten pictures two are slices of the MNI152 template. Of the first :data:`TEACHER_PICTURES` one in ten is a crop
    of a photograph, of the others three are drawn micrographs; the rest are other drawings.

    Attributes:
        kept: a folder where pictures are kept once they are made; none by default.
    """

    kept: Path | None = None

    @cached_property
    def _template(self) -> Template:
        return load_template()

    @cached_property
    def _photographs(self) -> list[NDArray[np.uint8]]:
        return photographs()

    def __getitem__(self, number: int) -> Picture:
        """Draw, cut or crop it; the same number always gives the same picture."""
        if self.kept is None:
            return self._make(number)
        file = self.kept / f"{number}.npz"
        if not file.is_file():
            picture = self._make(number)
            masks = np.packbits(picture.masks, axis=-1) if picture.masks else np.zeros((0, 1, 1), dtype=np.uint8)
            np.savez(file, image=picture.image, masks=masks, kind=picture.kind)
            return picture
        with np.load(file) as stored:
            image = stored["image"]
            masks = np.unpackbits(stored["masks"], axis=-1, count=image.shape[1]).astype(np.bool_)
            return Picture(image, list(masks), str(stored["kind"]))

    def _make(self, number: int) -> Picture:
        if number >= HELD_OUT_MICROGRAPHS:
            return make_micrograph(number)
        if number >= HELD_OUT:
            return mni_picture(self._template, number, held_out=True) if number % 3 == 0 else make_picture(number)
        if number % 10 in (4, 8):
            return mni_picture(self._template, number)
        if number < TEACHER_PICTURES:
            return photograph_crop(self._photographs, number) if has_no_masks(number) else make_picture(number)
        return make_micrograph(number) if number % 10 in (1, 5, 9) else make_picture(number)


def has_no_masks(number: int) -> bool:
    """Whether a training picture is a photograph."""
    return number < TEACHER_PICTURES and number % 10 == 9


def to_input(image: NDArray[np.uint8], size: int = IMAGE_SIZE) -> torch.Tensor:
    """What SAM's encoder sees of an image: float32 ``(3, size, size)``, longer side scaled, normalised, padded."""
    pixels = resize(image, *longest_side(image.shape[0], image.shape[1], size))
    return pad_to_square(_normalise(pixels), size)


def teacher_embeddings(weights: Path, count: int, file: Path, rank: int = 0, ranks: int = 1) -> NDArray[np.float16]:
    """Compute one process's share of the teacher's embeddings of the first ``count`` training pictures.

    Args:
        weights: of MobileSAM.
        count: number of pictures.
        file: where they are kept; it must exist, and an unfinished one is continued.
        rank: number of this process.
        ranks: number of processes.

    Returns:
        float16 ``(count, 256, 32, 32)``, mapped from the file.
    """
    stored = np.lib.format.open_memmap(file, "r+")
    # A layer norm never gives zeros everywhere: what is zero has not been computed.
    missing = [number for number in range(rank, count, ranks) if not stored[number, :, 0, 0].any()]
    teacher, pictures = load_teacher(weights), Pictures()
    for number in missing:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            stored[number] = teacher(to_input(pictures[number].image, SIZE)[None])[0].half().numpy()
    stored.flush()
    return stored


def reserve(count: int, file: Path) -> None:
    """Make the file of the embeddings, all zero, unless it is there."""
    if not file.exists():
        np.lib.format.open_memmap(file, "w+", np.float16, (count, CHANNELS, GRID, GRID)).flush()
