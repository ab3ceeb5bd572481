"""Working with rows that ``load_dataset`` or :meth:`CosmosDataset.rows` give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.encoding import decode_image, decode_mask


def as_array(media: Any) -> NDArray[Any]:
    """An image or mask as an array, whether it comes decoded (PIL) or as the struct that a shard stores.

    Returns:
        uint8 ``(height, width)`` or ``(height, width, 3)``; bool for a mask.
    """
    if not isinstance(media, Mapping):
        return np.asarray(media)
    data: bytes = media["bytes"]
    pixels = decode_image(data)
    return pixels if pixels.dtype != np.bool_ else decode_mask(data)


def full_mask(row: Mapping[str, Any], k: int) -> NDArray[np.bool_]:
    """The k-th mask of a row on the canvas of its image.

    Args:
        row: a row of the data set.
        k: position in ``row["objects"]``.

    Returns:
        bool, ``(height, width)``.
    """
    one = row["objects"][k]
    x0, y0, x1, y1 = one["bbox"]
    full = np.zeros((row["height"], row["width"]), dtype=np.bool_)
    full[y0 : y1 + 1, x0 : x1 + 1] = as_array(one["mask"])
    return full


def collate_fn(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Batch rows whose images differ in size and that hold different numbers of masks.

    Nothing is padded or resized: that belongs to the model's preprocessing. For a ``torch`` loader pass it as
    ``DataLoader(..., collate_fn=collate_fn)``.

    Args:
        rows: rows of the data set.

    Returns:
        ``images``: uint8 arrays; ``masks``: one list of cropped bool arrays an image; ``boxes``: int32
        ``(masks, 4)``, xyxy with ends inclusive; ``objects`` and ``labels``: names of every mask; and every other
        field of the rows as a list.
    """
    batch: dict[str, list[Any]] = {
        name: [row[name] for row in rows] for name in rows[0] if name not in {"image", "objects"}
    }
    batch["images"] = [as_array(row["image"]) for row in rows]
    batch["masks"] = [[as_array(one["mask"]) for one in row["objects"]] for row in rows]
    batch["boxes"] = [np.array([one["bbox"] for one in row["objects"]], dtype=np.int32).reshape(-1, 4) for row in rows]
    batch["objects"] = [[one["object"] for one in row["objects"]] for row in rows]
    batch["labels"] = [[one["label"] for one in row["objects"]] for row in rows]
    return batch
