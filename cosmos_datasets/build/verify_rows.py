"""What a row must hold to be true: fields in range, and pixels that fit them."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import Any

from PIL import Image

from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.encoding import decode_image, decode_mask
from cosmos_datasets.oddities import SPACING_MM
from cosmos_datasets.standardise import fold_of

_NAMES = ("modality", "source", "case_id", "subject_id", "group_id", "image_id", "split", "plane")


def row_problems(row: dict[str, Any], source: str, shard: Sealed) -> Iterator[str]:
    """Check one row with its pixels.

    Args:
        row: as the shard stores it.
        source: whose shard it lies in.
        shard: the shard's entry in the manifest.

    Yields:
        What is wrong, a sentence each.
    """
    for where in (*_fields(row, source, shard), *_pixels(row)):
        yield f"{printable(row['image_id'])}: {where}"


def printable(text: Any) -> str:
    """A text as it can be shown anywhere: control characters as their codes, 200 characters at most."""
    return str(text)[:200].encode("unicode_escape").decode("ascii")


def _fields(row: dict[str, Any], source: str, shard: Sealed) -> Iterator[str]:
    for name in _NAMES:
        text = row[name]
        if not text or not text.isascii() or not text.isprintable():
            yield f"{name} is no printable ASCII text"
    for name, expected in (("source", source), ("modality", shard.modality), ("split", shard.split)):
        if row[name] != expected:
            yield f"{name} is {printable(row[name])}, its shard holds {expected}"
    if row["fold"] != fold_of(row["group_id"]):
        yield f"fold {row['fold']} is not that of its group"
    if not str(row["image_id"]).startswith(f"{source}/{row['case_id']}"):
        yield "the id does not begin with source and case"
    if not (-1 <= row["slice_index"] < row["n_slices"]):
        yield f"slice {row['slice_index']} of {row['n_slices']}"
    for size in (*(row["spacing"] or ()), *([] if row["slice_spacing"] is None else [row["slice_spacing"]])):
        if not SPACING_MM[0] <= size <= SPACING_MM[1]:
            yield f"a spacing of {size:g} mm"
    if not all(math.isfinite(bound) for bound in row["intensity_range"]):
        yield "the intensity range is not finite"


def _pixels(row: dict[str, Any]) -> Iterator[str]:
    width, height = row["width"], row["height"]
    # The announced size first: a few bytes can announce gigabytes.
    if _announced(row["image"]["bytes"]) != (width, height):
        yield f"the image is not {height} x {width}"
    else:
        decode_image(row["image"]["bytes"])
    if not row["objects"]:
        yield "it has no mask"
    for one in row["objects"]:
        x0, y0, x1, y1 = one["bbox"]
        fits = 0 <= x0 <= x1 < width and 0 <= y0 <= y1 < height
        fits = fits and _announced(one["mask"]["bytes"]) == (x1 - x0 + 1, y1 - y0 + 1)
        if not fits or int(decode_mask(one["mask"]["bytes"]).sum()) != one["area"]:
            yield f"mask {printable(one['label'])} (instance {one['instance']}) does not fit its box, area or image"


def _announced(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size
