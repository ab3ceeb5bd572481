"""NeurIPS 2022 Cell Segmentation Challenge: microscopy pictures in many formats, one instance map each."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, inside, merged, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

#: Official name of a labelled part, the name of its folder once only its letters are kept, and its split.
_PARTS: tuple[tuple[str, str, Split], ...] = (
    ("Training-labeled", r"train(ing)?labell?ed", "train"),
    ("Tuning", r"tuning(set)?", "validation"),
    ("Testing/Public", r"public", "test"),
)


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every label map of the training, tuning and public testing parts; root may be a part."""
    files = list(below(root))
    for home in sorted({path.parent.parent for path in inside(files, "images", "labels")}):
        letters = re.sub(r"[^a-z]", "", home.absolute().name.lower())
        here = [path for path in files if path.parent.parent == home]
        labels = named(inside(here, "labels"), r"(\w+)_label\.(?:tiff?|png)")
        known = [(part, split) for part, pattern, split in _PARTS if re.fullmatch(pattern, letters)]
        if labels and not known:
            notice("warning", "a folder is called as none of the labelled parts; it is not read", home)
        # Should one stem come twice, the format that loses nothing counts.
        formats = (r"(\w+)\.(?:.+\.)?(?:tiff?|png|bmp)", r"(\w+)\.(?:.+\.)?jpe?g")
        images = merged(*(named(inside(here, "images"), one) for one in formats)) if known else {}
        for (part, split), (stem, image, numbers) in product(known, pairs(images, labels if known else {})):
            cells = Annotation(Picture(numbers, "index"), label="cell", instances=True)
            yield Case(f"{part}/{stem}", f"{part}/{stem}", "Histopathology", Picture(image), (cells,), split)


SOURCE = Source(
    id="cellseg_neurips22",
    title="NeurIPS 2022 Cell Segmentation Challenge (multi-modality microscopy)",
    homepage="https://neurips22-cellseg.grand-challenge.org/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "Download Training-labeled.zip, Tuning.zip and Testing.zip from https://zenodo.org/records/10719375 "
        "and unpack them into one folder. The two archives of unlabelled pictures are not needed."
    ),
    modalities=("Histopathology",),
    labels=(Label("cell", "cell"),),
    layout="""
Training-labeled/images/cell_00001.bmp, cell_00002.png ..., Training-labeled/labels/cell_00001_label.tiff ...
Tuning/images/cell_00001.tif ..., Tuning/labels/cell_00001_label.tiff ...
Testing/Public/images/OpenTest_001.png ..., Testing/Public/labels/OpenTest_001_label.tiff ...
""",
    citation="""
@article{ma2024multimodality,
  title = {The multimodality cell segmentation challenge: toward universal solutions},
  author = {Ma, Jun and Xie, Ronald and Ayyadhury, Shamini and others},
  journal = {Nature Methods}, volume = {21}, pages = {1103--1113}, year = {2024}, doi = {10.1038/s41592-024-02233-6}
}
""",
    expected={"cases": 1152, "Training-labeled": 1000, "Tuning": 101},
    find_cases=find_cases,
    markers=("Training-labeled", "Tuning", "Testing/Public", "Testing/Testing", "[Tt]rain*[Ll]abel*", "labels"),
    plane="native",
    downloads=tuple(
        Download(f"https://zenodo.org/records/10719375/files/{name}.zip", sha256=sha256)
        for name, sha256 in (
            ("Training-labeled", "b2383929eb8e99b2716fa0d4e2f6e03983e626a57cf00fe85175869c54aa3592"),
            ("Tuning", "849423d36bb8fcc2d91a5b189a3b6d93c3d4071c9701eaaa44ba393a510459c4"),
            ("Testing", "3379730221f43830d30fddf131750e967c9c9bdf04f98811e852a050eb659ccc"),
        )
    ),
    pitfalls=(
        "Training and tuning use the same file names (cell_00001) for different pictures: the case id tells the part.",
        "Formats differ from picture to picture: 8 or 16 bit, and TIFFs with the channels first or with two of them.",
        "Cell numbers have gaps and exceed 255. One more picture than labels was reported for training.",
        "Brightfield, fluorescence, phase-contrast and DIC are filed as Histopathology; no file says which is which.",
        "Testing/Hidden/osilab_seg carries a team's name: taken as predictions and left out, as are the whole slides.",
    ),
    unverified=("The licence, reported to be CC BY-NC-ND 4.0.", "The size of the public test part, 51 pictures."),
)
