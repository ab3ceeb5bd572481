"""STARE, blood vessel subset: fundus photographs and hand-drawn retinal vessels as (gzipped) PPM pictures."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

_PICTURE = r"\.(?:ppm(?:\.gz)?|png)"
_PAGE = "https://cecas.clemson.edu/~ahoover/stare/probing"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph that the first observer (``ah``) drew."""
    files = list(below(root))
    images = named(files, rf"(im\d{{4}}){_PICTURE}")
    vessels = named(files, rf"(im\d{{4}})\.ah{_PICTURE}")
    for name, image, mask in pairs(images, vessels):
        annotation = Annotation(Picture(mask, channels="max"), label="retinal_vessel", threshold=127)
        yield Case(name, name, "Fundus", Picture(image), (annotation,))


SOURCE = Source(
    id="stare",
    title="STARE: STructured Analysis of the Retina, blood vessel subset",
    homepage="https://cecas.clemson.edu/~ahoover/stare/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        f"Download stare-images.tar and labels-ah.tar from {_PAGE}/index.html and unpack each into a folder of its "
        "name: the archives hold files and no folder. The .gz files may stay as they are or be unpacked."
    ),
    modalities=("Fundus",),
    labels=(Label("retinal_vessel", "retinal_vessel"),),
    layout="""
stare-images/im0001.ppm.gz ... im0324.ppm.gz
labels-ah/im0001.ah.ppm.gz ... im0324.ah.ppm.gz
labels-vk/im0001.vk.ppm.gz ...                     second observer, not used
""",
    citation="""
@article{hoover2000stare,
  title  = {Locating Blood Vessels in Retinal Images by Piecewise Threshold Probing of a Matched Filter Response},
  author = {Hoover, A. D. and Kouznetsova, V. and Goldbaum, M.},
  journal = {IEEE Transactions on Medical Imaging}, volume = {19}, number = {3}, pages = {203--210},
  year = {2000}, doi = {10.1109/42.845178}
}
""",
    expected={"cases": 20, "subjects": 20},
    find_cases=find_cases,
    markers=("im*.ah.p*", "*/im*.ah.p*", "*/*/im*.ah.p*"),
    plane="native",
    downloads=(
        Download(f"{_PAGE}/stare-images.tar", into="stare-images"),
        Download(f"{_PAGE}/labels-ah.tar", into="labels-ah"),
    ),
    pitfalls=(
        "Two observers drew the vessels: ah (Adam Hoover) is the reference; vk (Valentina Kouznetsova) drew many more "
        "thin vessels and is left out.",
        "Only 20 photographs are labelled; the full collection has 397.",
        "There is no official split and no mask of the field of view; papers often train on the first ten.",
    ),
    unverified=(
        "The addresses of the tar files below the project's page.",
        "That no two photographs show the same person.",
    ),
)
