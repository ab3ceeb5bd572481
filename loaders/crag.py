"""CRAG: tiles of colon histology with every gland numbered."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source

_TILE = r"((?:train|test)_\d+)\.png"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every tile; the pictures for viewing (Overlay) are left out."""
    files = list(below(root))
    images = named((path for path in files if path.parent.name.lower() == "images"), _TILE)
    labels = named((path for path in files if path.parent.name.lower() in {"annotation", "annotations"}), _TILE)
    for name, image, path in pairs(images, labels, every_image=True):
        glands = Annotation(Picture(path, channels="index"), label="gland", instances=True)
        split: Split = "test" if name.startswith("test") else "train"
        yield Case(name, name, "Histopathology", Picture(image), (glands,), split=split)


SOURCE = Source(
    id="crag",
    title="CRAG (Colorectal Adenocarcinoma Gland), version 2",
    homepage="https://warwick.ac.uk/fac/cross_fac/tia/data/mildnet/",
    licence="unknown",
    redistributable="no",
    access="request",
    obtain=(
        "Follow the link to CRAG_v2.zip on https://warwick.ac.uk/fac/cross_fac/tia/data/mildnet/ (the page has asked "
        "for a sign-in at times) and unpack it."
    ),
    modalities=("Histopathology",),
    labels=(Label("gland", "gland"),),
    layout="""
CRAG/
  train/
    Images/train_1.png ...
    Annotation/train_1.png ...
    Overlay/                      not used
  valid/                          the test part
    Images/test_1.png ...
    Annotation/test_1.png ...
    Overlay/
""",
    citation="""
@article{graham2019mildnet,
  title = {{MILD-Net}: Minimal information loss dilated network for gland instance segmentation in colon histology
           images},
  author = {Graham, Simon and Chen, Hao and Gamper, Jevgenij and Dou, Qi and Heng, Pheng-Ann and others},
  journal = {Medical Image Analysis}, volume = {52}, pages = {199--211}, year = {2019}
}
""",
    expected={"cases": 213, "train": 173, "test": 40},
    find_cases=find_cases,
    markers=("*/[Ii]mages/t*_[0-9]*.png", "[Ii]mages/t*_[0-9]*.png"),
    plane="native",
    pitfalls=(
        "The test part lies in the folder valid; its files are named test_.",
        "Version 1 has five label files more than tiles in the test part; they are reported as having no tile.",
        "Benign glands and malignant ones have the same label.",
        "Nothing tells which tiles are from one slide or one patient, so folds may share patients.",
    ),
    unverified=("That label files hold one channel; equal channels are read too.", "Gaps in the numbering of tiles."),
)
