"""What the `evaluate` modules dice, hd and their siblings share: masks in, checked; one score a pair; their mean out.

`evaluate` keeps what it is given in an Arrow file until ``compute``. A mask is kept there as an image of one
bit a pixel, uncompressed, which is many times faster to write and read than the PNG that `datasets` would
make of it.
"""

from __future__ import annotations

import io
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import evaluate
import numpy as np
from PIL import Image

from cosmos_datasets.evaluation.distances import diagonal
from cosmos_datasets.evaluation.sample import Mask

CITATION = """@article{huang2024segment,
  title={Segment anything model for medical images?},
  author={Huang, Yuhao and Yang, Xin and Liu, Lian and Zhou, Han and Chang, Ao and Zhou, Xinrui and others},
  journal={Medical Image Analysis},
  volume={92},
  pages={103061},
  year={2024}
}
"""

INPUTS = """
Args:
    predictions: the predicted masks: a list of PIL images, picture files, arrays, tensors or nested lists
        (height, width), or one array (n, height, width). Values False and True, 0 and 1, or 0 and 255.
    references: the reference masks, likewise, each of the height and width of its prediction.
    average: "mean" (the default), or None for one value a mask pair.
    convention: how empty masks score, "standard" (the default) or "released"; see the module's README.
"""


class MaskMetric(evaluate.Metric, ABC):  # type: ignore[misc]  # evaluate is not typed
    """A metric over pairs of masks; a subclass says what it is and how one pair scores.

    It is abstract because `evaluate.load` takes the first class of a module that is not.
    """

    summary = ""
    key = ""
    #: Whether a pair can be without a score: the mean is then over the others, and their number is told beside it.
    may_be_undefined = False
    #: Whether it is a length: where one mask alone is empty, the image's diagonal counts in the mean.
    is_length = False

    @abstractmethod
    def score(self, prediction: Mask, reference: Mask, **options: Any) -> float:
        """The score of one pair of masks of the same shape; NaN where it is undefined."""

    def _info(self) -> Any:
        image = datasets.Image(decode=False)
        return evaluate.MetricInfo(
            description=self.summary,
            citation=CITATION,
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": image, "references": image}),
        )

    def add(self, *, prediction: Any = None, reference: Any = None, **kwargs: Any) -> None:
        """Add one pair of masks.

        Raises:
            ValueError: as for ``add_batch``.
        """
        # evaluate's own examples call it with predictions= and references= as well
        pair = {"predictions": prediction, "references": reference, **kwargs}
        self.add_batch(**{name: None if mask is None else [mask] for name, mask in pair.items()})

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add pairs of masks.

        Raises:
            ValueError: the numbers of masks differ, a pair differs in shape, or something is not a mask.
        """
        predicted, reference = _masks("predictions", predictions), _masks("references", references)
        if len(predicted) != len(reference):
            raise ValueError(f"{len(predicted)} predictions for {len(reference)} references")
        for place, (a, b) in enumerate(zip(predicted, reference, strict=True)):
            if a.shape != b.shape:
                message = f"predictions[{place}] is {_size(a)} pixels (height x width), its reference {_size(b)}"
                raise ValueError(f"{message}: bring the prediction to the size of the reference first")
        encoded = {
            "predictions": [_packed(a) for a in predicted],
            "references": [_packed(b) for b in reference],
        }
        super().add_batch(**encoded, **kwargs)

    def _compute(
        self,
        predictions: Sequence[dict[str, Any]],
        references: Sequence[dict[str, Any]],
        average: str | None = "mean",
        **options: Any,
    ) -> dict[str, Any]:
        if average not in ("mean", "none", None):
            raise ValueError(f'average is "mean", "none" or None, not {average!r}')
        scores, counted = [], []
        spacing = options.get("spacing", (1.0, 1.0))
        for packed in zip(predictions, references, strict=True):
            prediction, reference = map(_unpacked, packed)
            scores.append(self.score(prediction, reference, **options))
            missed = self.is_length and bool(prediction.any() != reference.any())
            counted.append(diagonal(len(prediction), prediction.shape[1], spacing) if missed else scores[-1])
        if average != "mean":
            return {self.key: scores}
        mean = {self.key: _mean(counted)}
        if self.is_length:
            mean[f"{self.key}_defined"] = _mean(scores)
        return {**mean, "undefined": sum(map(math.isnan, scores))} if self.may_be_undefined else mean


def _mean(scores: Sequence[float]) -> float:
    """The plain mean of those that are defined, every mask alike."""
    defined = [score for score in scores if not math.isnan(score)]
    return math.fsum(defined) / len(defined) if defined else math.nan


def as_mask(value: Any) -> Mask:
    """Bring anything that stands for a mask to a bool array ``(height, width)``.

    Args:
        value: PIL image, array, tensor, nested lists; picture file, its bytes, ``{"bytes": …, "path": …}``.

    Raises:
        ValueError: it is not two-dimensional, or holds other values than 0 and 1 or 0 and 255.
    """
    array = np.asarray(_opened(value))
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "buif":
        raise ValueError(f"a mask is an array of numbers (height, width), not {array.dtype} of shape {array.shape}")
    if array.dtype == np.bool_:
        return array
    mask = np.asarray(array != 0)
    highest = array.max()
    if highest not in (0, 1, 255) or not np.array_equal(array, mask * highest):
        found = ", ".join(str(level) for level in np.unique(array)[:6])
        raise ValueError(f"a mask holds 0 and 1, 0 and 255, or False and True; this one holds {found}")
    return mask


def _opened(value: Any) -> Any:
    """Pictures in files and bytes opened, tensors brought to the host; the rest as it is."""
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return Image.open(io.BytesIO(value))
    if isinstance(value, (str, Path)):
        return Image.open(value)
    return value.detach().cpu() if hasattr(value, "detach") else value


def _masks(name: str, values: Any) -> list[Mask]:
    if values is None:
        raise ValueError(f"{name} are missing")
    masks = []
    for place, value in enumerate(values):
        try:
            masks.append(as_mask(value))
        except ValueError as error:
            raise ValueError(f"{name}[{place}]: {error}") from error
    return masks


def _size(mask: Mask) -> str:
    return " x ".join(str(side) for side in mask.shape)


def _packed(mask: Mask) -> dict[str, Any]:
    """A mask as `datasets.Image` stores a picture: a portable bitmap, one bit a pixel, 1 for black."""
    height, width = mask.shape
    header = f"P4\n{width} {height}\n".encode("ascii")
    return {"bytes": header + np.packbits(~mask, axis=1).tobytes(), "path": None}


def _unpacked(stored: dict[str, Any]) -> Mask:
    return np.asarray(Image.open(io.BytesIO(stored["bytes"])), dtype=np.bool_)
