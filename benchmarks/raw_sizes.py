"""Builds raw trees of real sizes and reports time and memory: ``python benchmarks/raw_sizes.py [--work FOLDER]``.

The trees are drawn: TotalSegmentator's subjects with 104 mask files each, fundus photographs of 4,288 x 2,848 pixels
with five masks, a picture of 4,096 x 4,096 pixels with 5,000 cells. Memory is the highest resident size of the process
that builds with one worker, less what it had after the imports.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import tifffile
from PIL import Image

from cosmos_datasets.loaders.totalsegmentator_classes import LABELS

_CLASSES = [label.name for label in LABELS if label.release in {"", "v1"}]

_BUILD = """
import json, resource, sys
from pathlib import Path
from cosmos_datasets.build.run import build
from cosmos_datasets.registry import get_source
import nibabel, imagecodecs, tifffile, PIL.Image, scipy.ndimage, SimpleITK
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if len(sys.argv) > 2:
    report = build(get_source(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), workers=1)
    print(json.dumps({"images": report.images, "masks": report.masks, "instances": report.instances}))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def subjects(folder: Path, shape: tuple[int, int, int] = (300, 300, 350), number: int = 2) -> int:
    """Subjects of TotalSegmentator v1; returns the bytes of one decoded CT."""
    rng = np.random.default_rng(0)
    affine = np.diag([1.5, 1.5, 1.5, 1])
    for subject in range(number):
        home = folder / f"s{subject:04d}"
        (home / "segmentations").mkdir(parents=True)
        ct = rng.normal(0, 20, shape).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(ct, affine), home / "ct.nii.gz")
        for order, name in enumerate(_CLASSES):
            mask = np.zeros(shape, np.uint8)
            row, column = divmod(order, 11)
            mask[25 * column + 5 : 25 * column + 22, 28 * row + 5 : 28 * row + 25, 40:300] = 1
            nibabel.save(nibabel.Nifti1Image(mask, affine), home / "segmentations" / f"{name}.nii.gz")
    return 2 * int(np.prod(shape))


def photographs(folder: Path, number: int = 4) -> int:
    """IDRiD; returns the bytes of one decoded photograph."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (89, 134, 3), dtype=np.uint8)
    photograph = Image.fromarray(coarse).resize((4288, 2848))
    images = folder / "A. Segmentation" / "1. Original Images" / "a. Training Set"
    images.mkdir(parents=True)
    kinds = {"1. Microaneurysms": "MA", "2. Haemorrhages": "HE", "3. Hard Exudates": "EX", "4. Soft Exudates": "SE"}
    for number_ in range(1, number + 1):
        photograph.save(images / f"IDRiD_{number_:02d}.jpg", quality=90)
        for name, code in {**kinds, "5. Optic Disc": "OD"}.items():
            home = folder / "A. Segmentation" / "2. All Segmentation Groundtruths" / "a. Training Set" / name
            home.mkdir(parents=True, exist_ok=True)
            mask = np.zeros((2848, 4288, 3), np.uint8)
            for x, y in rng.integers(100, 2700, (40, 2)):
                mask[y : y + 30, x : x + 30, 0] = 255
            Image.fromarray(mask).save(home / f"IDRiD_{number_:02d}_{code}.tif", compression="tiff_lzw")
    return 2848 * 4288 * 3


def cells(folder: Path, side: int = 4096, number: int = 5000) -> int:
    """One picture of NeurIPS 2022 Cell Segmentation; returns the bytes of the decoded picture."""
    images, labels = folder / "Training-labeled" / "images", folder / "Training-labeled" / "labels"
    images.mkdir(parents=True)
    labels.mkdir()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8)).save(images / "cell_00001.png")
    instances = np.zeros((side, side), np.uint16)
    across = int(np.ceil(number**0.5))
    step = side // across
    row, column = np.mgrid[:step, :step] - step / 2
    disc = row**2 + column**2 < (0.45 * step) ** 2
    for order in range(number):
        y, x = (step * place for place in divmod(order, across))
        instances[y : y + step, x : x + step][disc] = order + 1
    tifffile.imwrite(labels / "cell_00001_label.tiff", instances, compression="zlib")
    return side * side * 3


def listing(folder: Path, number: int = 1200) -> float:
    """Seconds that listing the cases of ``number`` subjects of TotalSegmentator takes, none of them opened."""
    from cosmos_datasets.registry import get_source

    for subject in range(number):
        home = folder / f"s{subject:04d}" / "segmentations"
        home.mkdir(parents=True)
        (home.parent / "ct.nii.gz").touch()
        for name in _CLASSES:
            (home / f"{name}.nii.gz").touch()
    began = time.monotonic()
    assert len(get_source("totalsegmentator").cases(folder)) == number
    return time.monotonic() - began


def main() -> None:
    """Draw, build and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder for trees and data sets (5 GB); a temporary one by default")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one worker\n")
    print("| source | decoded image | images | masks | instances | seconds | memory | memory / image |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        work = Path(name)
        trees: dict[str, Callable[[Path], int]] = {
            "totalsegmentator": subjects,
            "idrid": photographs,
            "cellseg_neurips22": cells,
        }
        for source, draw in trees.items():
            _measure(source, draw, work)
        seconds = listing(work / "list")
        print(f"\nlisting 1,200 subjects of TotalSegmentator with {len(_CLASSES)} masks each: {seconds:.1f} s")


def _measure(source: str, draw: Callable[[Path], int], work: Path) -> None:
    raw = work / "raw" / source
    raw.mkdir(parents=True)
    size = draw(raw)
    arguments = [sys.executable, "-c", _BUILD, source, str(raw), str(work / "out" / source)]
    began = time.monotonic()
    lines = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.splitlines()
    seconds = time.monotonic() - began
    counts, memory = json.loads(lines[-2]), int(lines[-1]) * 1024
    print(
        f"| {source} | {size / 1e6:.0f} MB | {counts['images']} | {counts['masks']} | {counts['instances']} "
        f"| {seconds:.0f} | {memory / 1e6:.0f} MB | {memory / size:.1f} |"
    )


if __name__ == "__main__":
    main()
