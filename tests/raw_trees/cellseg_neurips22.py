"""CellSeg: pictures of many formats and depths, compressed instance maps with gaps, parts that are not used."""

from pathlib import Path
from typing import Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import MaskKey, Truth, blob, exact_area, macos_junk

SHAPE = (64, 80)
#: How a picture is stored -> its file ending.
FORMATS = {
    "rgb8": ".bmp",
    "grey8": ".png",
    "grey16": ".tif",
    "channels first": ".tif",  # (3, H, W), one plane a channel
    "two channels first": ".tiff",  # (2, H, W), ImageJ's axes CYX
    "two pages": ".tif",  # (2, H, W), plain pages
    "two channels last": ".tif",  # (H, W, 2)
    "two used channels": ".tif",  # RGB, the last one empty
    "grey16 png": ".png",
    "jpeg": ".jpg",
}
_PARTS = {"Training-labeled": "train", "Tuning": "validation", "Testing/Public": "test"}


def write(root: Path, seed: int = 0) -> Truth:
    """Write ten training, two tuning and three public test pictures, and what the release holds besides."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    pictures = [(f"Training-labeled/cell_{at:05d}", kind) for at, kind in enumerate(FORMATS, start=1)]
    pictures += [("Tuning/cell_00001", "grey8"), ("Tuning/cell_00101", "channels first")]
    pictures += [("Testing/Public/OpenTest_001", "grey8"), ("Testing/Public/OpenTest_015", "grey16")]
    pictures += [("Testing/Public/OpenTest_051", "jpeg")]
    for at, (case, kind) in enumerate(pictures):
        part, stem = case.rsplit("/", 1)
        labels = _too_small() if stem == "OpenTest_051" else _cells(rng)
        folder = root / ("Testing" if part.startswith("Testing") else ".") / part  # Testing/Testing/Public
        _picture(folder / "images" / f"{stem}{FORMATS[kind]}", kind, labels, rng)
        _label_map(folder / "labels" / f"{stem}_label.tiff", labels, at)
        truth.add(
            f"cellseg_neurips22/{case}", _masks(labels), subject=case, modality="Histopathology", split=_PARTS[part]
        )
    _write_unused(root, rng)
    return truth


def _write_unused(root: Path, rng: np.random.Generator) -> None:
    """An unlabelled training picture, whole slides, a team's results on hidden pictures, unlabelled archives."""
    testing = root / "Testing" / "Testing"
    labels = _cells(rng)
    for image in (
        root / "Training-labeled" / "images" / "cell_01001.png",
        root / "train-unlabeled-part1" / "unlabeled_cell_00001.png",
        testing / "Hidden" / "images" / "TestHidden_001.png",
        testing / "Public" / "WSI" / "OpenTest_WSI.png",
    ):
        _picture(image, "grey8", labels, rng)
    _label_map(testing / "Hidden" / "osilab_seg" / "TestHidden_001_label.tiff", labels, 0)
    _label_map(testing / "Public" / "WSI-labels" / "OpenTest_WSI_label.tiff", labels, 0)
    macos_junk(root / "Training-labeled" / "labels", "cell_00001_label.tiff")
    macos_junk(root / "Training-labeled" / "images", "cell_00001.bmp")


def _cells(rng: np.random.Generator) -> NDArray[np.uint32]:
    """Twelve cells with numbers from 2 to 70000; one of 51 and one of 50 pixels, two that touch."""
    labels = np.zeros(SHAPE, np.uint32)
    numbers = [2, 3, 7, 255, 256, 300, 1001, 4000, 65535, 70000]
    for order, number in enumerate(numbers):
        row, column = divmod(order, 5)
        centre = 19 + 30 * row + rng.uniform(-1, 1), 8 + 16 * column + rng.uniform(-1, 1)
        labels[blob(SHAPE, centre, (10, 8.5), rng.uniform(-10, 10)) & (labels == 0)] = number
    labels[exact_area(SHAPE, 51, top=0, left=40)] = 512
    labels[exact_area(SHAPE, 50, top=0, left=55)] = 513
    return labels


def _too_small() -> NDArray[np.uint32]:
    """Two cells of 20 pixels: neither they nor their union are large enough."""
    first, second = (exact_area(SHAPE, 20, top=top) * np.uint32(number) for top, number in ((4, 9), (20, 1)))
    return np.asarray(first + second, np.uint32)


def _masks(labels: NDArray[np.uint32]) -> dict[MaskKey, NDArray[np.bool_]]:
    cells = {("cell", int(number), -1): labels == number for number in np.unique(labels) if number}
    return {("cell", 0, -1): labels > 0, **cells}


def _label_map(path: Path, labels: NDArray[np.uint32], at: int) -> None:
    """Write 32 bit, or 16 bit where no number is lost, with one compression after the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    compression: list[Literal["lzw", "zlib"] | None] = ["lzw", "zlib", None]
    if at % 2:
        labels[labels == 70000] = 69
    tifffile.imwrite(path, labels.astype(np.uint16 if at % 2 else np.uint32), compression=compression[at % 3])


def _picture(path: Path, kind: str, labels: NDArray[np.uint32], rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    wide = kind not in {"rgb8", "grey8", "jpeg"}
    dtype, bright = (np.uint16, 40000) if wide else (np.uint8, 150)
    channels = [(labels > 0) * bright + rng.integers(0, bright // 2, SHAPE) for _ in range(3)]
    red, green, blue = (channel.astype(dtype) for channel in channels)
    if kind == "channels first":
        tifffile.imwrite(path, np.stack([red, green, blue]), photometric="rgb", planarconfig="separate")
    elif kind == "two channels first":
        tifffile.imwrite(path, np.stack([red, green]), imagej=True, metadata={"axes": "CYX"})
    elif kind == "two pages":
        tifffile.imwrite(path, np.stack([red, green]), photometric="minisblack")
    elif kind == "two channels last":
        tifffile.imwrite(path, np.stack([red, green], axis=-1), photometric="minisblack")
    elif kind == "two used channels":
        tifffile.imwrite(path, np.stack([red, green, np.zeros_like(blue)], axis=-1), photometric="rgb")
    elif kind == "grey16":
        tifffile.imwrite(path, red, compression="zlib")
    else:
        Image.fromarray(np.stack([red, green, blue], axis=-1) if kind in {"rgb8", "jpeg"} else red).save(path)
