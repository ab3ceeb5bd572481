"""Kvasir-SEG: colonoscopy pictures of polyps with JPEG masks."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

#: Every picture is called by an identifier of 25 letters and digits that begins with the time it was made, in 2019;
#: Kvasir-Instrument's, made in July 2020, begin with ckc and ckd.
_NAME = r"(c(?!k[c-z])[a-z0-9]{24})\.(?:jpe?g|png)"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every picture; each has a mask of the same name."""
    images, masks = named(root.glob("images/*"), _NAME), named(root.glob("masks/*"), _NAME)
    for name, image, mask in pairs(images, masks, every_image=True):
        polyp = Annotation(Picture(mask, channels="max"), label="polyp", threshold=127)
        # EndoTect has the same pictures; where a copy gives them these names as well, they are in the same groups.
        yield Case(name, name, "Colonoscopy", Picture(image), (polyp,), group=f"kvasir_seg/{name}")


SOURCE = Source(
    id="kvasir_seg",
    title="Kvasir-SEG: a segmented polyp data set",
    homepage="https://datasets.simula.no/kvasir-seg/",
    licence="Research and education only, commercial use by written permission, citation required",
    redistributable="no",
    access="open",
    obtain="Download https://datasets.simula.no/downloads/kvasir-seg.zip (46 MB) and unpack it.",
    modalities=("Colonoscopy",),
    labels=(Label("polyp", "polyp"),),
    layout="""
Kvasir-SEG/
  images/cju0qkwl35piu0993l0dewei2.jpg ...
  masks/cju0qkwl35piu0993l0dewei2.jpg ...    the same names
  kavsir_bboxes.json                         not used
""",
    citation="""
@inproceedings{jha2020kvasirseg,
  title = {Kvasir-{SEG}: A Segmented Polyp Dataset},
  author = {Jha, Debesh and Smedsrud, Pia H. and Riegler, Michael A. and Halvorsen, P{\\aa}l and others},
  booktitle = {MultiMedia Modeling}, pages = {451--462}, year = {2020}, doi = {10.1007/978-3-030-37734-2_37}
}
""",
    expected={"cases": 1000, "subjects": 1000},
    find_cases=find_cases,
    markers=("masks/cj*.*", "masks/ck[0-9ab]*.*"),
    plane="native",
    downloads=(
        Download(
            "https://datasets.simula.no/downloads/kvasir-seg.zip",
            sha256="03b30e21d584e04facf49397a2576738fd626815771afbbf788f74a7153478f7",
        ),
    ),
    pitfalls=(
        "Masks are JPEG, grey at their edges: a pixel belongs to the polyp above 127.",
        "Some frames show the green picture of a position finder in their lower left corner.",
        "The boxes are in kavsir_bboxes.json, spelled so; they are not read.",
        "There is no official split: the lists of 880 and 120 pictures belong to a later challenge.",
    ),
    related=("endotect20",),
    unverified=("That no two pictures show the same patient.",),
)
