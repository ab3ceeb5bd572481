"""ISIC Challenge 2018, task 1: dermoscopy photographs with the boundary of the lesion."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import below, inside, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

_PARTS: dict[str, Split] = {"Training": "train", "Validation": "validation", "Test": "test"}
_URL = "https://isic-challenge-data.s3.amazonaws.com/2018"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph of the parts that are there."""
    files = list(below(root))
    for part, split in _PARTS.items():
        pictures, drawn = (inside(files, f"ISIC2018_Task1*_{part}_{kind}") for kind in ("Input", "GroundTruth"))
        images = named(pictures, r"(ISIC_\d{7})\.(?:jpe?g|png)")
        masks = named(drawn, r"(ISIC_\d{7})_segmentation\.png")
        for name, image, mask in pairs(images, masks, every_image=True):
            lesion = Annotation(Picture(mask, channels="max"), label="skin_lesion", threshold=127)
            yield Case(name, name, "Dermoscopy", Picture(image), (lesion,), split)


SOURCE = Source(
    id="isic18",
    title="ISIC Challenge 2018, task 1: lesion boundary segmentation",
    homepage="https://challenge.isic-archive.com/data/#2018",
    licence="CC-BY-NC-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "From https://challenge.isic-archive.com/data/#2018 download the inputs of tasks 1 and 2 and the ground truth "
        "of task 1 (training, validation, test) and unpack the six archives into one folder."
    ),
    modalities=("Dermoscopy",),
    labels=(Label("skin_lesion", "skin_lesion"),),
    layout="""
ISIC2018_Task1-2_Training_Input/ISIC_0000000.jpg ...
ISIC2018_Task1_Training_GroundTruth/ISIC_0000000_segmentation.png ...
ISIC2018_Task1-2_Validation_Input/, ISIC2018_Task1_Validation_GroundTruth/
ISIC2018_Task1-2_Test_Input/, ISIC2018_Task1_Test_GroundTruth/
""",
    citation="""
@misc{codella2019isic,
  title = {Skin Lesion Analysis Toward Melanoma Detection 2018: A Challenge Hosted by the International Skin Imaging
           Collaboration ({ISIC})},
  author = {Codella, Noel and Rotemberg, Veronica and Tschandl, Philipp and others},
  year = {2019}, note = {arXiv:1902.03368}
}
@article{tschandl2018ham10000,
  title = {The {HAM10000} dataset, a large collection of multi-source dermatoscopic images of common pigmented
           skin lesions},
  author = {Tschandl, Philipp and Rosendahl, Cliff and Kittler, Harald},
  journal = {Scientific Data}, volume = {5}, pages = {180161}, year = {2018}, doi = {10.1038/sdata.2018.161}
}
""",
    expected={"cases": 3694, "subjects": 3694},
    find_cases=find_cases,
    # Inputs and ground truths may lie at different depths, so the folder above all is the root.
    markers=tuple(f"{above}ISIC2018_Task1_*_GroundTruth" for above in ("", "*/", "*/*/")),
    plane="native",
    downloads=tuple(
        Download(f"{_URL}/ISIC2018_{name}.zip", sha256=sha256)
        for name, sha256 in (
            ("Task1-2_Training_Input", "80f98572347a2d7a376227fa9eb2e4f7459d317cb619865b8b9910c81446675f"),
            ("Task1_Training_GroundTruth", "99f8b2bb3c4d6af483362010715f7e7d5d122d9f6c02cac0e0d15bef77c7604c"),
            ("Task1-2_Validation_Input", "0ea920fcfe512d12a6e620b50b50233c059f67b10146e1479c82be58ff15a797"),
            ("Task1_Validation_GroundTruth", "f6911e9c0a64e6d687dd3ca466ca927dd5e82145cb2163b7a1e5b37d7a716285"),
            ("Task1-2_Test_Input", "e59ae1f69f4ed16f09db2cb1d76c2a828487b63d28f6ab85997f5616869b127d"),
            ("Task1_Test_GroundTruth", "2e8f6edce454a5bdee52485e39f92bd6eddf357e81f39018d05512175238ef82"),
        )
    ),
    pitfalls=(
        "Photographs differ widely in size, and some are very large.",
        "Masks of task 2 (ISIC_*_attribute_*.png) and pictures of superpixels may lie beside; they are not read.",
        "Inputs are named Task1-2, their ground truth Task1.",
        "COSMOS links the page of 2016; the paper names 2018.",
    ),
    unverified=("That no two photographs show the same lesion or person.",),
)
