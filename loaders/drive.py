"""DRIVE: colour fundus photographs with hand-drawn retinal vessels, as TIFF pictures and GIF masks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

#: Where a part may lie: in the release folder, unpacked into a folder of its own name, or named itself.
_PARTS = ("training", "training/training", "test", "test/test", ".")
_MANUAL = re.compile(r"(\d{2})_manual1\.(gif|png|tiff?)", re.IGNORECASE)
_IMAGE = re.compile(r"(\d{2})_(training|test)\.(tiff?|png)", re.IGNORECASE)


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph of a part that holds ``1st_manual``.

    Args:
        root: the folder that holds ``training`` (and ``test``), or one of these two.

    Raises:
        LayoutError: if a mask has no photograph, or a photograph of a labelled part no mask.
    """
    for part in _PARTS:
        folder = root / part
        if not (folder / "1st_manual").is_dir():
            continue
        images = _by_number(folder / "images", _IMAGE)
        manual = _by_number(folder / "1st_manual", _MANUAL)
        for number in sorted(images.keys() | manual.keys()):
            if number not in images:
                raise LayoutError(
                    f"{manual[number]} has no photograph: {folder / 'images'}/{number}_training.tif (or "
                    "_test) is missing; unpack the archive again."
                )
            if number not in manual:
                raise LayoutError(
                    f"{images[number]} has no mask: {folder / '1st_manual'}/{number}_manual1.gif is missing; "
                    "unpack the archive again."
                )
            case_id = images[number].stem.lower()
            yield Case(
                case_id=case_id,
                subject_id=case_id,
                modality="Fundus",
                image=Picture(images[number]),
                annotations=(Annotation(Picture(manual[number], channels="max"), label="retinal_vessel"),),
                split="test" if case_id.endswith("_test") else "train",
            )


def _by_number(folder: Path, pattern: re.Pattern[str]) -> dict[str, Path]:
    found = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if match := pattern.fullmatch(path.name):
            found[match[1]] = path
    return found


SOURCE = Source(
    id="drive",
    title="DRIVE: Digital Retinal Images for Vessel Extraction",
    homepage="https://drive.grand-challenge.org/",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "Sign in at https://drive.grand-challenge.org/, join the challenge and follow its download link to "
        "training.zip and test.zip. Unpack both into one folder."
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
  title   = {Ridge-based vessel segmentation in color images of the retina},
  author  = {Staal, J. and Abramoff, M. D. and Niemeijer, M. and Viergever, M. A. and van Ginneken, B.},
  journal = {IEEE Transactions on Medical Imaging},
  volume  = {23},
  number  = {4},
  pages   = {501--509},
  year    = {2004},
  doi     = {10.1109/TMI.2004.825627}
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
        ),
        Download(
            "https://www.dropbox.com/sh/z4hbbzqai0ilqht/AABuUJQJ5yG5oCuziYzYu8jWa/test.zip?dl=1",
            sha256="d76c95c98a0353487ffb63b3bb2663c00ed1fde7d8fdfd8c3282c6e310a02731",
        ),
    ),
    pitfalls=(
        "The folder mask/ holds the circular field of view; it is not a label.",
        "Test masks came with the first release only: today's test.zip adds no case, an older copy adds 20.",
        "A second reader (2nd_manual) exists for the test part of older copies only. It is left out, so that "
        "every image has one reference.",
    ),
    unverified=(
        "The licence: a third party reports CC BY 4.0, older terms say free for research.",
        "That no two photographs show the same person.",
    ),
)
