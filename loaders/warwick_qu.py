"""Warwick-QU (GlaS 2015): pictures of colon histology with every gland numbered, as BMP."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

_NAME = r"((?:train|testA|testB)_\d+)"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every picture of the three parts."""
    files = list(root.glob("*"))
    images, labels = named(files, rf"{_NAME}\.bmp"), named(files, rf"{_NAME}_anno\.bmp")
    for name, image, path in pairs(images, labels, every_image=True):
        # The pixel is the number of the gland, also where the file has a palette.
        glands = Annotation(Picture(path, channels="index"), label="gland", instances=True)
        split: Split = "train" if name.startswith("train") else "test"
        yield Case(name, name, "Histopathology", Picture(image), (glands,), split=split)


SOURCE = Source(
    id="warwick_qu",
    title="Warwick-QU (GlaS, gland segmentation contest of MICCAI 2015)",
    homepage="https://warwick.ac.uk/fac/cross_fac/tia/data/glascontest/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "Download the zip from https://warwick.ac.uk/fac/cross_fac/tia/data/glascontest/download/ and unpack it. "
        "Where the page asks for a sign-in, "
        "https://www.kaggle.com/datasets/sani84/glasmiccai2015-gland-segmentation holds the same files."
    ),
    modalities=("Histopathology",),
    labels=(Label("gland", "gland"),),
    layout="""
Warwick QU Dataset (Released 2016_07_08)/
  Grade.csv                            not used
  train_1.bmp, train_1_anno.bmp ...    85 pictures
  testA_1.bmp, testA_1_anno.bmp ...    60 pictures
  testB_1.bmp, testB_1_anno.bmp ...    20 pictures
""",
    citation="""
@article{sirinukunwattana2017glas,
  title = {Gland segmentation in colon histology images: The {GlaS} challenge contest},
  author = {Sirinukunwattana, Korsuk and Pluim, Josien P. W. and Chen, Hao and others},
  journal = {Medical Image Analysis}, volume = {35}, pages = {489--502}, year = {2017}
}
@article{sirinukunwattana2015stochastic,
  title = {A stochastic polygons model for glandular structures in colon histology images},
  author = {Sirinukunwattana, Korsuk and Snead, David R. J. and Rajpoot, Nasir M.},
  journal = {IEEE Transactions on Medical Imaging}, volume = {34}, number = {11}, pages = {2366--2378}, year = {2015}
}
""",
    expected={"cases": 165, "train": 85, "testA": 60, "testB": 20},
    find_cases=find_cases,
    markers=("train_*_anno.bmp", "test[AB]_*_anno.bmp"),
    plane="native",
    downloads=(
        Download(
            "https://warwick.ac.uk/fac/sci/dcs/research/tia/glascontest/download/"
            "warwick_qu_dataset_released_2016_07_08.zip"
        ),
    ),
    pitfalls=(
        "Grade.csv tells the patient of each picture. The official parts are kept and every picture counts as a "
        "subject of its own, so parts and folds may share patients.",
        "Label files lie among the pictures and may have a palette; their pixels are numbers, not colours.",
        "Benign glands and malignant ones have the same label; Grade.csv tells them apart.",
        "Test A and test B are both the split test; the case id tells them apart.",
    ),
    unverified=(
        "Research use with citation is said to be the contest's terms.",
        "Whether the direct address of the zip still answers.",
    ),
)
