"""CHASE_DB1: fundus photographs of both eyes of schoolchildren with hand-drawn retinal vessels."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph, with the vessels that the first observer drew."""
    files = list(below(root))
    images = named(files, r"(Image_\d{2}[LR])\.(?:jpe?g|png)")
    vessels = named(files, r"(Image_\d{2}[LR])_1stHO\.png")
    for name, image, mask in pairs(images, vessels, every_image=True):
        annotation = Annotation(Picture(mask, channels="max"), label="retinal_vessel", threshold=127)
        yield Case(name, name[:-1], "Fundus", Picture(image), (annotation,))


SOURCE = Source(
    id="chase_db1",
    title="CHASE_DB1: Child Heart and Health Study in England, retinal vessel reference set",
    homepage="https://blogs.kingston.ac.uk/retinal/chasedb1/",
    licence="CC-BY-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Download CHASEDB1.zip from https://researchdata.kingston.ac.uk/96/ and unpack it into its own folder: the "
        "archive holds 84 files and no folder."
    ),
    modalities=("Fundus",),
    labels=(Label("retinal_vessel", "retinal_vessel"),),
    layout="""
CHASEDB1/
  Image_01L.jpg
  Image_01L_1stHO.png
  Image_01L_2ndHO.png    second observer, not used
  Image_01R.jpg ...      to Image_14R
""",
    citation="""
@article{fraz2012chasedb1,
  title  = {An Ensemble Classification-Based Approach Applied to Retinal Blood Vessel Segmentation},
  author = {Fraz, M. M. and Remagnino, P. and Hoppe, A. and Uyyanonvara, B. and Rudnicka, A. R. and others},
  journal = {IEEE Transactions on Biomedical Engineering}, volume = {59}, number = {9}, pages = {2538--2548},
  year = {2012}, doi = {10.1109/TBME.2012.2205687}
}
""",
    expected={"cases": 28, "subjects": 14},
    find_cases=find_cases,
    markers=("Image_*_1stHO.png", "*/Image_*_1stHO.png", "*/*/Image_*_1stHO.png"),
    plane="native",
    downloads=(Download("https://researchdata.kingston.ac.uk/96/1/CHASEDB1.zip", into="CHASEDB1"),),
    pitfalls=(
        "Two observers drew every photograph; the first is the reference and the second is left out.",
        "Left and right eye of a child are two photographs of one subject.",
        "There is no official split: papers train on the first 20 photographs, or test on them.",
        "Pictures are 999 x 960; the 1280 x 960 that some quote is the resolution of the camera.",
    ),
    unverified=("The licence as two catalogues report it from the repository's record.",),
)
