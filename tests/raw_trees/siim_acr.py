"""A small SIIM-ACR: JPEG-compressed DICOM files, and tables of run lengths of stage 1 and stage 2."""

from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate
from raw_trees.phantom import Truth, blob, exact_area, macos_junk

SHAPE = (1024, 1024)
_UID = "1.2.276.0.7230010.3.1.{}.8323329.{}.1517875162.258080"
#: Regions of each image, one row of the table each; they overlap, and none is a healthy chest.
_REGIONS: dict[str, tuple[NDArray[np.bool_], ...]] = {
    "train_300": (blob(SHAPE, (300, 250), (90, 60), 20),),
    "train_301": (blob(SHAPE, (600, 700), (50, 80)), blob(SHAPE, (560, 720), (70, 40), 45)),
    "train_302": (),
    "train_303": (exact_area(SHAPE, 50, top=400, left=300),),
    "train_304": (exact_area(SHAPE, 51, top=0, left=0),),
    "test_305": (blob(SHAPE, (950, 980), (60, 30)),),
}


def name(key: str) -> str:
    """The UID of an image, which is its name."""
    return _UID.format(4, key.partition("_")[2])


def write(root: Path, seed: int = 0) -> Truth:
    """Write the DICOM files and both tables below ``root/pneumothorax``; one file has no row at all."""
    base, truth = root / "pneumothorax", Truth()
    for key in (*_REGIONS, "train_399"):
        part, _, number = key.partition("_")
        folder = base / f"dicom-images-{part}" / _UID.format(2, number) / _UID.format(3, number)
        _dicom(folder / f"{name(key)}.dcm", _pixels(seed + int(number)))
    for key, regions in _REGIONS.items():
        masks = {("pneumothorax", 0, -1): np.any(regions, axis=0)} if regions else {}
        truth.add(f"siim_acr/{name(key)}", masks, subject=name(key), modality="X-ray", split=key.partition("_")[0])
    train = [key for key in _REGIONS if key.startswith("train")]
    _table(base / "train-rle.csv", "ImageId, EncodedPixels", ", ", train)
    _table(base / "stage_2_train.csv", "ImageId,EncodedPixels", ",", list(_REGIONS))
    (base / "stage_2_sample_submission.csv").write_text("ImageId,EncodedPixels\nID_0,-1\n")
    macos_junk(folder, f"{name(key)}.dcm")
    return truth


def write_png(root: Path, seed: int = 0) -> None:
    """Write the PNG copy of the same images below ``root``."""
    rows: dict[str, list[str]] = {"train": [], "test": []}
    for key, regions in _REGIONS.items():
        part = key.partition("_")[0]
        file = f"{len(rows[part])}_{part}_{int(bool(regions))}_.png"
        rows[part].append(f"{file},{name(key)},{int(bool(regions))}")
        mask = np.any(regions, axis=0) if regions else np.zeros(SHAPE, bool)
        for folder, pixels in (("png_images", _pixels(seed)), ("png_masks", mask * np.uint8(255))):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / folder / file)
    for part, lines in rows.items():
        (root / f"stage_1_{part}_images.csv").write_text("\n".join(["new_filename,ImageId,has_pneumo", *lines]))


def _table(path: Path, header: str, comma: str, keys: Sequence[str]) -> None:
    lines = [f"{name(key)}{comma}{text}" for key in keys for text in map(_runs, _REGIONS[key] or (None,))]
    path.write_text("\n".join([header, *lines]) + "\n")


def _runs(region: NDArray[np.bool_] | None) -> str:
    """Gap and length of each run, down the columns, the gap counted from the end of the run before."""
    if region is None:
        return "-1"
    words, at = [], 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], region.T.ravel(), [0]]).astype(int)))
    for start, end in edges.reshape(-1, 2):
        words += [str(start - at), str(end - start)]
        at = end
    return " ".join(words)


def _pixels(seed: int) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(0, 12, SHAPE)
    return np.asarray(np.linspace(20, 220, SHAPE[0])[:, None] + noise, np.uint8)


def _dicom(path: Path, pixels: NDArray[np.uint8]) -> None:
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.JPEGBaseline8Bit
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.SecondaryCaptureImageStorage, path.stem
    dataset.PatientName = dataset.PatientID = "9f3c1d2e-private"
    dataset.PatientAge, dataset.PatientSex, dataset.Modality, dataset.ViewPosition = "051Y", "F", "CR", "PA"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.PixelSpacing = ["0.143", "0.143"]
    dataset.PixelData = encapsulate([imagecodecs.jpeg8_encode(pixels, level=80)])
    dataset["PixelData"].VR = "OB"
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
