"""A model as the experiments see it: encode images once, decode prompts on an embedding, upsample mask logits."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from cosmos_datasets.evaluation.models.checkpoint import ModelError
from cosmos_datasets.evaluation.models.preprocess import Normalisation, Pixels, check_image


@dataclass(frozen=True, eq=False)
class Embedding:
    """What an encoder makes of one image.

    Attributes:
        tensors: features on the model's device, each with a leading axis of 1.
        height: rows of the image.
        width: columns of the image.
        name: of the image, for messages.
    """

    tensors: tuple[torch.Tensor, ...]
    height: int
    width: int
    name: str = "an image"


class Adapter(ABC):
    """A promptable segmentation model.

    Attributes:
        architecture: the class of transformers.
        image_processor: the class of transformers that prepares images for it.
        usual: the normalisation of the family, for a checkpoint without settings of an image processor.
        name: the Hub id, or the name of the folder.
        digest: SHA-256 in hex of the model's files.
        learnt: of a fine-tuned model what it was trained on, see
            :func:`cosmos_datasets.evaluation.models.checkpoint.read_learnt`.
        device: where the model runs.
        dtype: the type of its weights and of its arithmetic.
        preprocess: name of the preprocessing profile.
        rounds: whether the resized image is rounded to 8 bits.
        image_size: side of the square that the encoder sees.
        mask_threshold: a logit above it is foreground.
        mask_limit: logits of a mask that is given back are cut off there.
        iou_threshold: everything mode keeps masks whose own IoU estimate is above it: the default of the family's own
            generator.
    """

    architecture: ClassVar[str]
    image_processor: ClassVar[str]
    usual: ClassVar[Normalisation] = Normalisation()
    rounds = True
    mask_threshold = 0.0
    mask_limit = math.inf
    iou_threshold = 0.88

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        digest: str,
        device: torch.device,
        dtype: torch.dtype,
        normalisation: Normalisation,
        preprocess: str,
        learnt: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.digest = digest
        self.learnt = learnt
        self.device = device
        self.dtype = dtype
        self.preprocess = preprocess
        self.rounds |= preprocess == "transformers"
        self.image_size = int(model.config.prompt_encoder_config.image_size)
        self._normalisation = normalisation
        self._model = _own_memory(model.eval().to(device=device, dtype=dtype))

    def encode(self, images: Sequence[Pixels], names: Sequence[str] | None = None) -> list[Embedding]:
        """Encode images in one forward pass.

        Args:
            images: each uint8, ``(H, W)`` or ``(H, W, 3)``, of any size.
            names: of the images, for messages.

        Returns:
            One embedding an image, in order.

        Raises:
            ValueError: an image is not uint8 or has another shape.
        """
        if not images:
            return []
        for image in images:
            check_image(image)
        with self._exact():
            features = self.features(self.pixels(images))
        return [
            Embedding(tuple(level[i : i + 1] for level in features), image.shape[0], image.shape[1], name)
            for i, (image, name) in enumerate(zip(images, names or [Embedding.name] * len(images), strict=True))
        ]

    def decode(
        self,
        embedding: Embedding,
        points: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        boxes: torch.Tensor | None = None,
        masks: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Decode prompts of one shape, all in one forward pass; each asks for its own three masks.

        A prompt's logits depend on how many are decoded together (in the last digits of float32, visibly in bfloat16):
        results are reproducible only with the same batches. Some 60 MB a prompt are needed for a 1024-pixel model.

        Args:
            embedding: of the image.
            points: float32 ``(P, n, 2)``, ``(x, y)`` in pixels of the image; None or n = 0 for boxes alone.
            labels: int ``(P, n)``, 1 for a positive and 0 for a negative point.
            boxes: float32 ``(P, 4)``, xyxy in pixels of the image; None for points alone.
            masks: float32 ``(P, h, w)``: of an earlier answer the logits of one mask a prompt, which it refines; the
                family's own code limits them to ±`mask_limit`. None to begin anew.

        Returns:
            Mask logits, float32 ``(P, 3, h, w)`` at the decoder's own size (see `upsample`), and the model's own
            estimates of their IoU, float32 ``(P, 3)``.

        Raises:
            ValueError: there is neither a point nor a box, or the shapes do not fit together.
            ModelError: the model gives NaN or infinite numbers, from which no mask follows.
        """
        if points is not None and points.ndim == 3 and points.shape[1] == 0:
            points = labels = None
        _check_prompts(points, labels, boxes, masks)
        scale = torch.tensor(self._scale(embedding.height, embedding.width), dtype=torch.float32, device=self.device)
        features, axis = embedding.tensors, 0
        if masks is not None:
            # transformers takes a mask an image, not a prompt: every prompt gets an image of its own.
            features, axis = tuple(level.expand(len(masks), *level.shape[1:]) for level in features), 1
            masks = masks[:, None].to(self.device, self.dtype).clamp(-self.mask_limit, self.mask_limit)
        with self._exact():
            output = self._model(
                **self._encoded(features),
                input_points=None if points is None else (points.to(self.device).float() * scale).unsqueeze(axis),
                input_labels=None if labels is None else labels.to(self.device).unsqueeze(axis),
                input_boxes=None
                if boxes is None
                else (boxes.to(self.device).float() * scale.repeat(2)).unsqueeze(axis),
                input_masks=masks,
                multimask_output=True,
            )
            found = output.pred_masks.flatten(0, 1).float(), output.iou_scores.flatten(0, 1).float()
        self.refuse_not_finite(embedding.name, *found)
        return found

    def refuse_not_finite(self, image: str, *found: torch.Tensor) -> None:
        """Raise a ModelError where the model gave NaN for an image, which exceeds no threshold: like an empty mask."""
        if all(bool(numbers.isfinite().all()) for numbers in found):
            return
        dtype = str(self.dtype).removeprefix("torch.")
        other = "" if dtype == "float32" else f", or {dtype} is too coarse for it: try --dtype float32"
        raise ModelError(
            f"{self.name} gives numbers that are not finite (NaN) for {image}: its weights are damaged{other}."
        )

    def upsample(self, logits: torch.Tensor, embedding: Embedding) -> torch.Tensor:
        """Bring mask logits to the size of the image.

        Args:
            logits: float32 ``(N, h, w)``, from `decode`.
            embedding: of the image.

        Returns:
            float32 ``(N, height, width)``. A mask is where they exceed `mask_threshold`.
        """
        if len(logits) == 0:
            return logits.new_zeros((0, embedding.height, embedding.width))
        with torch.inference_mode():
            return self._upsample(logits[:, None], embedding.height, embedding.width)[:, 0]

    # What follows are the same steps for training: with autograd, and images of one batch together.

    @property
    def resizing(self) -> str:
        """In what an image is resized, as results note it."""
        return "8 bits" if self.rounds else "floating point"

    @property
    def model(self) -> Any:
        """The model of transformers itself."""
        return self._model

    def pixels(self, images: Sequence[Pixels]) -> torch.Tensor:
        """The encoder's input, ``(B, 3, image_size, image_size)`` on the device."""
        return torch.stack([self._pixels(image) for image in images]).to(self.dtype)

    def features(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run the encoder on `pixels`; gradients flow where they are not switched off."""
        return self._features(pixels)

    def decode_boxes(self, features: tuple[torch.Tensor, ...], boxes: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Decode one box on each of N embeddings; gradients flow.

        Args:
            features: levels with a leading axis of N; the same image may be there several times.
            boxes: float32 ``(N, 4)``, xyxy in pixels of the encoder's input, see `to_input`.

        Returns:
            Mask logits, ``(N, 3, h, w)``, and estimates of their IoU, ``(N, 3)``.
        """
        output = self._model(**self._encoded(features), input_boxes=boxes[:, None], multimask_output=True)
        return output.pred_masks[:, 0], output.iou_scores[:, 0]

    def to_input(self, boxes: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Boxes ``(N, 4)`` of an image of this size in pixels of the encoder's input."""
        scale = torch.tensor(self._scale(height, width), dtype=torch.float32, device=boxes.device)
        return boxes * scale.repeat(2)

    def resample(self, logits: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """Mask logits ``(N, 3, h, w)`` at the size of the image, as `upsample`; gradients flow."""
        return self._upsample(logits, height, width)

    @abstractmethod
    def _pixels(self, image: Pixels) -> torch.Tensor:
        """The encoder's input for one image: float32 ``(3, image_size, image_size)`` on the device."""

    @abstractmethod
    def _features(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run the encoder on ``(B, 3, image_size, image_size)``; each level has a leading axis of B."""

    @abstractmethod
    def _image_embeddings(self, features: tuple[torch.Tensor, ...]) -> Any:
        """Features in the form that the model's forward takes as its image embeddings."""

    def _encoded(self, features: tuple[torch.Tensor, ...]) -> dict[str, Any]:
        """All that the model's forward takes in place of pixels."""
        return {"image_embeddings": self._image_embeddings(features)}

    @abstractmethod
    def _scale(self, height: int, width: int) -> tuple[float, float]:
        """Factors of x and y from pixels of the image to pixels of the encoder's input."""

    @abstractmethod
    def _upsample(self, logits: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """``(N, C, h, w)`` to ``(N, C, height, width)``."""

    @contextmanager
    def _exact(self) -> Iterator[None]:
        """Inference without autograd and, for float32, without TF32 (cuDNN's default for convolutions)."""
        with torch.inference_mode():
            if self.device.type != "cuda":
                yield
                return
            with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
                yield


def _own_memory(model: Any) -> Any:
    """Copy the weights out of the file that they may be mapped from, where they lie at any address.

    The last digits of a product depend on how its factors are aligned; torch aligns all that it allocates alike.
    """
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()
    return model


def _check_prompts(
    points: torch.Tensor | None, labels: torch.Tensor | None, boxes: torch.Tensor | None, masks: torch.Tensor | None
) -> None:
    if points is None and boxes is None:
        raise ValueError("a prompt needs a point or a box")
    if points is not None and (points.ndim != 3 or points.shape[2] != 2):
        raise ValueError(f"points are (P, n, 2), got {tuple(points.shape)}")
    if (None if points is None else points.shape[:2]) != (None if labels is None else labels.shape):
        raise ValueError("every point needs a label: points (P, n, 2) and labels (P, n)")
    if boxes is not None and (boxes.ndim != 2 or boxes.shape[1] != 4):
        raise ValueError(f"boxes are (P, 4), got {tuple(boxes.shape)}")
    if points is not None and boxes is not None and len(points) != len(boxes):
        raise ValueError(f"{len(points)} prompts have points, but {len(boxes)} have a box")
    prompts = len(points) if points is not None else len(boxes) if boxes is not None else 0
    if masks is not None and (masks.ndim != 3 or len(masks) != prompts):
        raise ValueError(f"masks are (P, h, w), one a prompt, got {tuple(masks.shape)} for {prompts} prompts")
    if any(given is not None and len(given) == 0 for given in (points, boxes)):
        raise ValueError("no prompts")
