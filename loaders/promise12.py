"""PROMISE12: transversal T2-weighted MRI of the prostate from four centres."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import ItkImage
from cosmos_datasets.source import Download, Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the training cases: the folders of test cases, which reuse the names, hold no segmentation."""
    for folder in sorted({path.parent for path in below(root, "Case*_*egmentation.mhd")}):
        images = named(folder.iterdir(), r"(Case\d{2})\.mhd")
        labels = named(folder.iterdir(), r"(Case\d{2})_segmentation\.mhd")
        for name, image, label in pairs(images, labels, every_image=True):
            yield Case(name, name, "T2W MRI", ItkImage(image), (Annotation(ItkImage(label)),))


SOURCE = Source(
    id="promise12",
    title="PROMISE12 (Prostate MR Image Segmentation, MICCAI 2012)",
    homepage="https://promise12.grand-challenge.org/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "Download training_data.zip from https://zenodo.org/records/8026660 and unpack it; test_data.zip has no "
        "labels and is not needed. The three TrainingData_Part*.zip of the former challenge page hold the same cases: "
        "unpack them into one folder (plain unzip is reported to fail on them, 7z works)."
    ),
    modalities=("T2W MRI",),
    labels=(Label("prostate", "prostate", 1),),
    layout="""
training_data/
  Case00.mhd, Case00.raw
  Case00_segmentation.mhd, Case00_segmentation.raw
  ... Case49_segmentation.raw
""",
    citation="""
@article{litjens2014promise12,
  title = {Evaluation of prostate segmentation algorithms for {MRI}: The {PROMISE12} challenge},
  author = {Litjens, Geert and Toth, Robert and van de Ven, Wendy and others},
  journal = {Medical Image Analysis}, volume = {18}, number = {2}, pages = {359--373}, year = {2014},
  doi = {10.1016/j.media.2013.12.002}
}
""",
    expected={"cases": 50, "subjects": 50},
    find_cases=find_cases,
    # The three parts of the older release lie side by side, so the folder above the files is the root.
    markers=tuple(f"{above}Case*_*egmentation.mhd" for above in ("", "*/", "*/*/")),
    downloads=(
        Download(
            "https://zenodo.org/records/8026660/files/training_data.zip?download=1",
            sha256="150287d0c74cd0105d8b70b43af4a7bf4f1fd3e1748829779177a0ccaf948f45",
            name="training_data.zip",
        ),
    ),
    pitfalls=(
        "Test and live-challenge files are named Case00 and so on too: never mix the folders.",
        "The case number does not tell the centre, and centres differ strongly: with or without an endorectal coil.",
        "Slices are 2.2 to 4 mm thick.",
    ),
    unverified=("The Zenodo record ships a LICENSE.TXT whose wording was not seen.",),
)
