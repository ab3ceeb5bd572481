"""SIIM-ACR: chest X-rays with pneumothorax, as DICOM with run lengths in a table, or re-released as PNG pairs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Reader, Split
from cosmos_datasets.errors import TableError
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import DicomPicture, Picture, Refused, RunLengths
from cosmos_datasets.source import Label, Source
from cosmos_datasets.splits import split_by_folder
from cosmos_datasets.tables import file_name, notice_absent, read_table, unnamed

_SHAPE = (1024, 1024)
#: What the table states for an image without pneumothorax.
_HEALTHY = {"", "-1"}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the X-rays that show a pneumothorax; the others have an empty mask.

    Raises:
        TableError: if a table is damaged, or cut short.
    """
    files = list(below(root))
    tables = named(files, r"(stage_2_train|train-rle)\.csv")
    if not tables and named(files, r"(\d[\d.]+)\.dcm"):
        raise TableError(
            f"{root} holds DICOM files and neither stage_2_train.csv nor train-rle.csv, which label them."
        )
    yield from _with_table(root, files, tables) if tables else _with_masks(files)


def _with_table(root: Path, files: list[Path], tables: Mapping[str, Path]) -> Iterator[Case]:
    table = tables.get("stage_2_train", next(iter(tables.values())))
    runs: dict[str, dict[str, None]] = defaultdict(dict)
    for row in read_table(table, "ImageId", "EncodedPixels"):
        runs[file_name(row["ImageId"]).removesuffix(".dcm")][row["EncodedPixels"]] = None
    scans = named(files, r"(\d[\d.]+)\.dcm")
    labelled = {"dicom-images-train"} | ({"dicom-images-test"} if table.stem.lower() == "stage_2_train" else set())
    for name in unnamed(table.name, runs, [one for one, path in scans.items() if labelled & set(path.parts)]):
        notice("warning", f"{table.name} does not name an X-ray; it is left out, as some thirty are", scans[name])
    drawn_on = [name for name, texts in runs.items() if texts.keys() - _HEALTHY]
    notice_absent(table.name, drawn_on, scans)
    for name, texts in runs.items():
        # The table lists the whole release: an image that is not there was not downloaded.
        if (image := scans.get(name)) and (drawn := tuple(text for text in texts if text not in _HEALTHY)):
            mask = RunLengths(image, table, drawn, _SHAPE)
            reader: Reader = DicomPicture(image)
            if len(drawn) < len(texts):
                reader = Refused((image,), f"{table.name} says that {name} has a pneumothorax, and that it has none.")
            yield _case(name, reader, mask, split_by_folder(image, root) or "train")


def _with_masks(files: list[Path]) -> Iterator[Case]:
    images, masks = (
        named((path for path in files if path.parent.name == folder), r"(\d+_(?:train|test)_1)_\.png")
        for folder in ("png_images", "png_masks")
    )
    tables = named(files, r"stage_1_(train|test)_images\.csv")
    names = {part: _original_names(table) for part, table in tables.items()}
    for part in ("train", "test"):
        here = [path.name for name, path in images.items() if f"_{part}_" in name]
        if part in names:
            unnamed(tables[part].name, names[part], here)
        elif here:
            notice("warning", f"stage_1_{part}_images.csv is not there: its X-rays are called by numbers of the copy")
    for name, image, mask in pairs(images, masks, every_image=True):
        part = "test" if "_test_" in name else "train"
        original = names[part].get(image.name, "") if part in names else name
        if original:
            yield _case(original, Picture(image), Picture(mask, channels="max"), "test" if part == "test" else "train")
        else:
            notice("error", f"{tables[part].name} does not name an X-ray; it is left out", image)


def _case(name: str, image: Reader, mask: Reader, split: Split) -> Case:
    return Case(name, name, "X-ray", image, (Annotation(mask, label="pneumothorax"),), split=split)


def _original_names(table: Path) -> dict[str, str]:
    """Names of the PNG copy -> names of the DICOM files."""
    return {file_name(row["new_filename"]): row["ImageId"] for row in read_table(table, "new_filename", "ImageId")}


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
    markers=(
        "train-rle.csv",
        "stage_2_train.csv",
        "*/train-rle.csv",
        "*/stage_2_train.csv",
        "png_masks",
        "dicom-images-t*",
        "*/dicom-images-t*",
    ),
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
