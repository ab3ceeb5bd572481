"""What is drawn of one image: a window about a target, its outline, predicted masks and prompts, ready for SVG."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.measure import find_contours

from cosmos_datasets.evaluation.prompts import Prompt
from cosmos_datasets.evaluation.sample import Box, Mask, Target, pasted

#: A window is this many times as wide as its target, so that the negative points of S4 (in the doubled box) are in it.
_SURROUNDINGS = 2.2
#: The least side of a window, in pixels.
_SMALLEST = 96
#: A window that would show this much of the image's longer side shows all of it.
_WHOLE = 0.7
#: Larger windows are reduced by a whole factor: no screen shows more of a small picture.
_LONGEST = 400


@dataclass(frozen=True, eq=False)
class View:
    """A window of an image about one target; see :meth:`of`.

    Attributes:
        pixels: uint8 ``(h, w)`` or ``(h, w, 3)``: the window.
        left, top: its place in the image.
        height, width: of the whole image.
        target: what is outlined.
    """

    pixels: NDArray[np.uint8]
    left: int
    top: int
    height: int
    width: int
    target: Target

    @classmethod
    def of(cls, image: NDArray[np.uint8], target: Target) -> View:
        """Cut the window about a target out of its image: twice its size, or everything where that is not much more.

        Args:
            image: uint8 ``(height, width)`` or ``(height, width, 3)``.
            target: one of its reference masks.
        """
        height, width = image.shape[:2]
        x0, y0, x1, y1 = target.bbox
        side = max(_SMALLEST, math.ceil(_SURROUNDINGS * max(x1 - x0 + 1, y1 - y0 + 1)))
        if side >= _WHOLE * max(height, width):
            return cls(image, 0, 0, height, width, target)
        w, h = min(side, width), min(side, height)
        left = min(max((x0 + x1 + 1 - w) // 2, 0), width - w)
        top = min(max((y0 + y1 + 1 - h) // 2, 0), height - h)
        return cls(image[top : top + h, left : left + w].copy(), left, top, height, width, target)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the window."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def is_whole(self) -> bool:
        """Whether the window is the whole image."""
        return self.shape == (self.height, self.width)

    @property
    def _factor(self) -> int:
        return math.ceil(max(self.shape) / _LONGEST)

    def image(self) -> str:
        """The pixels of the window, as the address of an inlined PNG."""
        picture = Image.fromarray(np.ascontiguousarray(self.pixels))
        return _inlined(picture.reduce(self._factor) if self._factor > 1 else picture)

    def filled(self, mask: Mask, bbox: Box, colour: tuple[int, int, int]) -> str:
        """A mask in one colour on nothing, as the address of an inlined PNG of the window's shape.

        Args:
            mask: bool, cropped to ``bbox``.
            bbox: xyxy in pixels of the image, ends inclusive.
            colour: red, green, blue.
        """
        picture = Image.fromarray(self._inside(mask, bbox).astype(np.uint8))
        picture.putpalette([0, 0, 0, *colour])
        return _inlined(picture, bits=1, transparency=0)

    def outline(self) -> str:
        """The target's outline as the data of an SVG path, in pixels of the window."""
        return outline(self._inside(self.target.mask, self.target.bbox), self._factor / 2)

    def prompt(self, prompt: Prompt) -> dict[str, Any]:
        """A prompt in pixels of the window: ``positive`` and ``negative`` points (SVG path data), ``box`` (xywh)."""
        # Coordinates name pixels, so a point is drawn at the centre of its pixel and a box around its end pixels.
        places = prompt.points - (self.left - 0.5, self.top - 0.5)
        dots = ["".join(f"M{x:g} {y:g}h0" for x, y in places[prompt.labels == label]) for label in (1, 0)]
        box = None
        if prompt.box is not None:
            x0, y0, x1, y1 = (float(value) for value in prompt.box)
            box = (x0 - self.left, y0 - self.top, x1 - x0 + 1, y1 - y0 + 1)
        return {"positive": dots[0], "negative": dots[1], "box": box}

    def grid(self, m: int) -> dict[str, float]:
        """The grid of S1 in pixels of the window: its origin, the distances of its points, and a radius for them."""
        dx, dy = self.width / m, self.height / m
        radius = min(dx / 5, dy / 5, max(self.shape) / 110)
        return {"x": -self.left, "y": -self.top, "dx": dx, "dy": dy, "r": radius}

    def _inside(self, mask: Mask, bbox: Box) -> Mask:
        """The part of a cropped mask in the window, reduced as the window is: a block counts that is half covered."""
        h, w = self.shape
        canvas = pasted(mask, bbox, (self.left, self.top, self.left + w - 1, self.top + h - 1))
        if self._factor == 1:
            return canvas
        return np.asarray(Image.fromarray(canvas.astype(np.uint8) * 255).reduce(self._factor)) >= 128


def outline(mask: Mask, scale: float = 0.5) -> str:
    """The border of a mask as the data of an SVG path, to be filled by the even-odd rule.

    The path joins the middles of the sides between foreground and background: it leaves the sides by half a pixel at
    most, and steps become slopes.

    Args:
        mask: bool, ``(height, width)``.
        scale: length of half a pixel.

    Returns:
        Closed loops of relative moves, with (0, 0) at the outer corner of the first pixel; empty for an empty mask.
    """
    loops = []
    for loop in find_contours(np.pad(mask, 1), 0.5, fully_connected="high"):
        middles = (2 * loop[:-1, ::-1] - 1).astype(np.int64)  # in half pixels
        steps = np.roll(middles, -1, axis=0) - middles
        turns = np.flatnonzero((steps != np.roll(steps, 1, axis=0)).any(axis=1))
        corners = middles[turns]
        moves = np.diff(corners, axis=0) * scale
        start = corners[0] * scale
        loops.append(f"M{start[0]:g} {start[1]:g}l" + " ".join(f"{x:g} {y:g}" for x, y in moves) + "z")
    return "".join(loops)


def _inlined(picture: Image.Image, **options: Any) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True, **options)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
