"""SIIM-ACR: chest X-rays with pneumothorax, as DICOM with run lengths in a table, or re-released as PNG pairs."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Reader, Split
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import DicomPicture, Picture, RunLengths
from cosmos_datasets.source import Label, Source

_SHAPE = (1024, 1024)


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the X-rays that show a pneumothorax; the others have an empty mask."""
    files = list(below(root))
    tables = named(files, r"(stage_2_train|train-rle)\.csv")
    if tables:
        table = tables.get("stage_2_train", next(iter(tables.values())))
        scans = named(files, r"(\d[\d.]+)\.dcm")
        for name, runs in _runs(table).items():
            # The table lists the whole release: an image that is not there was not downloaded.
            if image := scans.get(name):
                is_test = "dicom-images-test" in image.parts
                yield _case(name, DicomPicture(image), RunLengths(image, table, runs, _SHAPE), is_test=is_test)
        return
    names = _original_names(files)
    images, masks = (
        named((path for path in files if path.parent.name == folder), r"(\d+_(?:train|test)_1)_\.png")
        for folder in ("png_images", "png_masks")
    )
    for name, image, mask in pairs(images, masks, every_image=True):
        drawn = Picture(mask, channels="max")
        yield _case(names.get(image.name, name), Picture(image), drawn, is_test="_test_" in name)


def _case(name: str, image: Reader, mask: Reader, *, is_test: bool) -> Case:
    split: Split = "test" if is_test else "train"
    return Case(name, name, "X-ray", image, (Annotation(mask, label="pneumothorax"),), split=split)


def _rows(table: Path, *columns: str) -> Iterator[list[str]]:
    with table.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        header = [name.strip() for name in next(reader, [])]
        if not set(columns) <= set(header):
            raise LayoutError(f"{table} has no column {' or '.join(columns)} but {', '.join(header) or 'nothing'}.")
        places = [header.index(column) for column in columns]
        yield from ([row[place].strip() for place in places] for row in reader if len(row) >= len(header))


def _runs(table: Path) -> dict[str, tuple[str, ...]]:
    """The run lengths of every image that has some, one text for each of its rows."""
    runs: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for name, text in _rows(table, "ImageId", "EncodedPixels"):
        if text not in {"", "-1"}:
            runs[name] += (text,)
    return runs


def _original_names(files: list[Path]) -> dict[str, str]:
    """Names of the PNG copy -> names of the DICOM files."""
    tables = named(files, r"(stage_1_t(?:rain|est)_images)\.csv").values()
    return {new: name for table in tables for new, name in _rows(table, "new_filename", "ImageId")}


SOURCE = Source(
    id="siim_acr",
    title="SIIM-ACR Pneumothorax Segmentation (Kaggle 2019)",
    homepage="https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation",
    licence="competition rules: any use by those who accepted them, no redistribution",
    redistributable="no",
    access="account",
    obtain=(
        "Accept the rules at https://www.kaggle.com/c/siim-acr-pneumothorax-segmentation and download "
        "stage_2_train.csv. The DICOM files of stage 1 are no longer all there: take them, with train-rle.csv, from "
        "https://www.kaggle.com/datasets/jesperdramsch/siim-acr-pneumothorax-segmentation-data. The PNG copy "
        "https://www.kaggle.com/datasets/vbookshelf/pneumothorax-chest-xray-images-and-masks works too."
    ),
    modalities=("X-ray",),
    labels=(Label("pneumothorax", "pneumothorax"),),
    layout="""
pneumothorax/
  dicom-images-train/<study UID>/<series UID>/<image UID>.dcm ...
  dicom-images-test/    the same; labelled by stage_2_train.csv only
  train-rle.csv         or stage_2_train.csv, which is preferred
(or the PNG copy)
siim-acr-pneumothorax/
  png_images/0_train_1_.png ... 0_test_1_.png ...
  png_masks/            the same names
  stage_1_train_images.csv, stage_1_test_images.csv
""",
    citation="""
@misc{zawacki2019siimacr,
  title = {{SIIM-ACR} Pneumothorax Segmentation},
  author = {Zawacki, Anna and Wu, Carol and Shih, George and Elliott, Julia and Fomitchev, Mikhail and others},
  publisher = {Kaggle}, year = {2019}
}
""",
    expected={"cases": 2669, "subjects": 2669},
    find_cases=find_cases,
    markers=("train-rle.csv", "stage_2_train.csv", "*/train-rle.csv", "*/stage_2_train.csv", "png_masks"),
    plane="native",
    pitfalls=(
        "Each run starts relative to the end of the one before and goes down the columns; a decoder for other Kaggle "
        "contests draws plausible nonsense.",
        "An image may have several rows: its mask is their union.",
        "Images without pneumothorax (-1), and some thirty without a row, are left out: they have no mask.",
        "Test images of stage 1 are labelled in stage_2_train.csv; they are the split test, also in the PNG copy.",
    ),
    unverified=(
        "That no two X-rays show the same person.",
        "2,669 images with a pneumothorax: counted in the PNG copy, training and test part together.",
    ),
)
