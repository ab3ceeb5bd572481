"""Kvasir-Instrument: endoscopic pictures of diagnostic and therapeutic tools, one mask for all tools of a picture."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source
from cosmos_datasets.splits import in_splits, split_lists

_NAME = r"([\w-]+)\.(?:jpe?g|png)"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every picture; two lists name those of the official splits."""
    yield from in_splits(_pictures(root), split_lists(root, {"train.txt": "train", "test.txt": "test"}))


def _pictures(root: Path) -> Iterator[Case]:
    # Inner archives may have unpacked into a folder of their own: images/images.
    images, masks = (named(below(root / kind), _NAME) for kind in ("images", "masks"))
    for name, image, mask in pairs(images, masks, every_image=True):
        tools = Annotation(Picture(mask, channels="max"), label="instrument", threshold=127)
        yield Case(name, name, "Colonoscopy", Picture(image), (tools,))


SOURCE = Source(
    id="kvasir_instrument",
    title="Kvasir-Instrument: tools in gastrointestinal endoscopy",
    homepage="https://datasets.simula.no/kvasir-instrument/",
    licence="Research and education only, commercial use by written permission, citation required",
    redistributable="no",
    access="open",
    obtain=(
        "Download https://datasets.simula.no/downloads/kvasir-instrument.zip (170 MB) and unpack it. If images.tar.gz "
        "and masks.tar.gz are inside, unpack these two as well, so that images/ and masks/ lie beside test.txt."
    ),
    modalities=("Colonoscopy",),
    labels=(Label("instrument", "instrument"),),
    layout="""
kvasir-instrument/
  images/<name>.jpg ...
  masks/<name>.png ...    the same names
  train.txt               names of 472 pictures
  test.txt                names of 118 pictures
  bboxes.json             not used
""",
    citation="""
@inproceedings{jha2021kvasirinstrument,
  title = {{Kvasir-Instrument}: Diagnostic and therapeutic tool segmentation dataset in gastrointestinal endoscopy},
  author = {Jha, Debesh and Ali, Sharib and Emanuelsen, Krister and Hicks, Steven A. and others},
  booktitle = {MultiMedia Modeling}, pages = {218--229}, year = {2021}, doi = {10.1007/978-3-030-67835-7_19}
}
""",
    expected={"cases": 590, "subjects": 590},
    find_cases=find_cases,
    # Other sets have images/, masks/ and test.txt too. These names begin with the time they were made: July 2020.
    markers=("masks/ck[cd]*", "masks/*/ck[cd]*"),
    plane="native",
    downloads=(Download("https://datasets.simula.no/downloads/kvasir-instrument.zip"),),
    pitfalls=(
        "Several tools may be in one picture; they are one mask.",
        "Without train.txt and test.txt beside images/ every picture counts as training, with a warning.",
        "Pictures are JPEG, masks PNG.",
    ),
    unverified=(
        "That the zip may hold inner tar.gz archives.",
        "The licence: a later project says CC BY 4.0.",
        "That no two pictures show the same patient.",
    ),
)
