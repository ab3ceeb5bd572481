"""A digest of content: decoded pixels and metadata, whatever the versions of the compressors."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from cosmos_datasets.encoding import decode_image, decode_mask

Row = dict[str, Any]


def row_digest(row: Row) -> str:
    """SHA-256 of one row: every field as JSON, images and masks by their decoded pixels.

    Floating-point fields enter as the 32-bit values that the shard holds.
    """
    digest = hashlib.sha256()
    metadata = {name: _plain(value) for name, value in row.items() if name not in {"image", "objects"}}
    digest.update(json.dumps(metadata, sort_keys=True).encode())
    _add_pixels(digest, decode_image(row["image"]["bytes"]))
    for mask in row["objects"]:
        fields = {name: _plain(value) for name, value in mask.items() if name != "mask"}
        digest.update(json.dumps(fields, sort_keys=True).encode())
        _add_pixels(digest, decode_mask(mask["mask"]["bytes"]))
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(np.float32(value))
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _add_pixels(digest: Any, pixels: np.ndarray[Any, Any]) -> None:
    digest.update(str(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
