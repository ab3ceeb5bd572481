"""DRIVE: colour fundus photographs with hand-drawn retinal vessels, as TIFF pictures and GIF masks."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

#: Where a part may lie: in the release folder, unpacked into a folder of its own name, or named itself.
_PARTS = ("training", "training/training", "test", "test/test", ".")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph of a part that holds ``1st_manual``."""
    for part in _PARTS:
        images = named((root / part / "images").glob("*"), r"(\d{2})_(?:training|test)\.(?:tiff?|png)")
        manual = named((root / part / "1st_manual").glob("*"), r"(\d{2})_manual1\.(?:gif|png|tiff?)")
        for _, image, mask in pairs(images, manual, every_image=True):
            name = image.stem.lower()
            vessels = Annotation(Picture(mask, "max"), label="retinal_vessel")
            yield Case(name, name, "Fundus", Picture(image), (vessels,), "test" if "test" in name else "train")


SOURCE = Source(
    id="drive",
    title="DRIVE: Digital Retinal Images for Vessel Extraction",
    homepage="https://drive.grand-challenge.org/",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "Sign in at https://drive.grand-challenge.org/, join the challenge, follow its download link to training.zip "
        "and unpack it, together with an older copy's test folder if you have one; today's test.zip has no labels."
    ),
    modalities=("Fundus",),
    labels=(Label("retinal_vessel", "retinal_vessel"),),
    layout="""
training/
  images/21_training.tif ... 40_training.tif
  1st_manual/21_manual1.gif ... 40_manual1.gif
  mask/21_training_mask.gif ...    field of view, not used
test/
  images/01_test.tif ... 20_test.tif
  1st_manual/01_manual1.gif ...    in older copies only
""",
    citation="""
@article{staal2004ridge,
  title = {Ridge-based vessel segmentation in color images of the retina},
  author = {Staal, J. and Abramoff, M. D. and Niemeijer, M. and Viergever, M. A. and van Ginneken, B.},
  journal = {IEEE Transactions on Medical Imaging}, volume = {23}, number = {4}, pages = {501--509}, year = {2004},
  doi = {10.1109/TMI.2004.825627}
}
""",
    expected={"cases": 20, "subjects": 20},
    find_cases=find_cases,
    markers=tuple(f"{part}/1st_manual" for part in _PARTS),
    plane="native",
    downloads=(
        Download(
            "https://www.dropbox.com/sh/z4hbbzqai0ilqht/AADp_8oefNFs2bjC2kzl2_Fqa/training.zip?dl=1",
            sha256="7101e19598e2b7aacdbd5e6e7575057b9154a4aaec043e0f4e28902bf4e2e209",
            name="training.zip",
        ),
    ),
    pitfalls=(
        "The folder mask/ holds the circular field of view; it is not a label.",
        "Test masks came with the first release only: today's test.zip adds no case, an older copy adds 20.",
        "A second reader (2nd_manual), for the test part of older copies, is left out: one reference an image.",
    ),
    unverified=(
        "The licence: a third party reports CC BY 4.0, older terms say free for research.",
        "That no two photographs show the same person.",
    ),
)
