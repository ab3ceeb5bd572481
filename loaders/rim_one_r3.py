"""RIM-ONE r3: stereo pairs of fundus photographs; optic disc and cup are drawn in the left view."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, inside, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source

#: Word in a mask's file name -> label.
_LABELS = {"Disc": Label("optic_disc", "optic_disc"), "Cup": Label("optic_cup", "optic_cup")}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every stereo pair: its left view, and what the first expert drew there."""
    files = inside(below(root), "Stereo*Images", "Expert1_masks")
    for home in sorted({path.parent.parent for path in files}):
        here = [path for path in files if path.parent.parent == home]
        images = named(inside(here, "Stereo*"), r"([NGS]-\d+-[LR])\.jpe?g")
        discs = named(inside(here, "Expert1*"), r"([NGS]-\d+-[LR])(?:-1)?-Disc-exp1\.png")
        for name, image, disc in pairs(images, discs, every_image=True):
            annotations = (
                Annotation(
                    Picture(disc.with_name(disc.name.replace("Disc", word)), "max", part="left"),
                    label=label.name,
                    threshold=127,
                )
                for word, label in _LABELS.items()
            )
            yield Case(name, name[:-2], "Fundus", Picture(image, part="left"), tuple(annotations))


SOURCE = Source(
    id="rim_one_r3",
    title="RIM-ONE r3: stereo retinal images with optic disc and cup",
    homepage="http://medimrg.webs.ull.es/research/downloads/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "Download RIM-ONE r3 from http://medimrg.webs.ull.es/research/downloads/ and unpack it. The link may be gone: "
        "RIM-ONE DL, https://github.com/miag-ull/rim-one-dl, took its place in 2020 and is another set."
    ),
    modalities=("Fundus",),
    labels=tuple(_LABELS.values()),
    layout="""
RIM-ONE r3/
  Healthy/
    Stereo Images/N-1-L.jpg ...
    Expert1_masks/N-1-L-1-Disc-exp1.png, N-1-L-1-Cup-exp1.png ...
    Expert2_masks/ Average_masks/                                   not used
  Glaucoma and suspects/
    Stereo Images/G-22-L.jpg, S-26-R.jpg ...
    Expert1_masks/ ...
""",
    citation="""
@inproceedings{fumero2015rimone,
  title  = {Interactive tool and database for optic disc and cup segmentation of stereo and monocular retinal fundus
            images},
  author = {Fumero, F. and Sigut, J. and Alayon, S. and Gonzalez-Hernandez, M. and Gonzalez de la Rosa, M.},
  booktitle = {WSCG 2015 Short Papers}, pages = {91--97}, year = {2015}
}
""",
    expected={"cases": 159},
    find_cases=find_cases,
    markers=("Expert1_masks", "*/Expert1_masks", "*/*/Expert1_masks"),
    plane="native",
    pitfalls=(
        "A file holds two views of an eye side by side and the labels belong to the left one: the right half is cut "
        "off. L and R in the names tell the eye, not the view.",
        "Two experts drew every eye. The first is the reference; the second and the average are left out.",
        "RIM-ONE DL holds cropped versions of the same eyes under other names.",
    ),
    unverified=(
        "Whether masks are as large as the pair or as one view; both are read.",
        "That the disc includes the cup.",
        "That pictures with one number (N-10-L, N-10-R) show one person; they are kept together.",
        "That no account is needed, and the pages of the citation.",
    ),
    extra=True,
)
