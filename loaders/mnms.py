"""M&Ms: short-axis cine MRI of the heart from six centres and four vendors, two labelled frames a study."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

_CODE = "[A-Z][0-9]" * 3
_SPLITS: dict[str, Split] = {"train": "train", "valid": "validation", "test": "test"}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the two labelled frames of every study outside of ``Unlabeled``.

    Raises:
        LayoutError: if the table that names the frames is missing.
    """
    frames = _frames(root)
    files = [path for path in below(root, "*_sa*.nii*") if "Unlabeled" not in path.parts]
    images, labels = (named(files, rf"({_CODE})_sa{end}\.nii(?:\.gz)?") for end in ("", "_gt"))
    for code, image, label in pairs(images, labels, every_image=True):
        parts = re.findall("train|valid|test", image.relative_to(root.parent).as_posix().lower())
        split = _SPLITS[parts[-1]] if parts else "train"
        for phase in ("ED", "ES"):
            frame = frames.get((code, phase))
            annotation = Annotation(Nifti(label, frame), on_image_grid=True)
            yield Case(f"{code}_{phase}", code, "Cine-MRI", Nifti(image, frame), (annotation,), split)


def _frames(root: Path) -> dict[tuple[str, str], int]:
    """Frame number, from 0, of every (study, phase); the root may be a part, so its parents are looked at too."""
    for path in (path for folder in (root, *root.parents[:2]) for path in sorted(folder.glob("[!.]*.csv"))):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            table = list(csv.DictReader(file))
        if table and {"External code", "ED", "ES"} <= table[0].keys():
            cells = [(row["External code"], phase, row[phase]) for row in table for phase in ("ED", "ES")]
            return {(code.strip(), phase): int(float(cell)) for code, phase, cell in cells if cell}
    raise LayoutError(f"{root} lacks the table *M&Ms_Dataset_information*.csv of the release: it names the frames.")


SOURCE = Source(
    id="mnms",
    title="M&Ms (Multi-Centre, Multi-Vendor and Multi-Disease Cardiac Image Segmentation Challenge, 2020)",
    homepage="https://www.ub.edu/mnms/",
    licence="unknown; a data use agreement",
    redistributable="no",
    access="request",
    obtain=(
        "Accept the data use agreement at https://www.ub.edu/mnms/, download OpenDataset and unpack it, the csv table "
        "included: it says which frames are labelled."
    ),
    modalities=("Cine-MRI",),
    labels=(
        Label("left_ventricle", "left_ventricle", 1),
        Label("left_ventricular_myocardium", "left_ventricular_myocardium", 2),
        Label("right_ventricle", "right_ventricle", 3),
    ),
    layout="""
OpenDataset/
  211230_M&Ms_Dataset_information_diagnosis_opendataset.csv
  Training/
    Labeled/A0S9V9/A0S9V9_sa.nii.gz, A0S9V9_sa_gt.nii.gz ...
    Unlabeled/                                              not used
  Validation/A5C2D2/A5C2D2_sa.nii.gz, A5C2D2_sa_gt.nii.gz ...
  Testing/A1K2P5/A1K2P5_sa.nii.gz, A1K2P5_sa_gt.nii.gz ...
""",
    citation="""
@article{campello2021mnms,
  title = {Multi-Centre, Multi-Vendor and Multi-Disease Cardiac Segmentation: The {M\\&Ms} Challenge},
  author = {Campello, V{\\'i}ctor M. and Gkontra, Polyxeni and Izquierdo, Cristian and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {40}, number = {12}, pages = {3543--3554},
  year = {2021}, doi = {10.1109/TMI.2021.3090082}
}
""",
    expected={"cases": 640, "subjects": 320},
    find_cases=find_cases,
    markers=tuple(f"{part}{_CODE}/*_sa_gt.nii*" for part in ("Training/Labeled/", "*/", "")),
    plane="acquired",
    pitfalls=(
        "The labels are 4D and empty but for two frames; the table counts frames from 0.",
        "The label values run the other way round than in ACDC: here 1 is the left ventricle.",
        "Direction cosines of some validation and testing files are not orthonormal: SimpleITK may refuse them.",
        "M&Ms-2 is another data set, with long-axis views and another layout.",
    ),
    unverified=("That the frames named by the table are the labelled ones in every study.",),
)
