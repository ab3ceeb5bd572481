"""M&Ms: short-axis cine MRI of the heart from six centres and four vendors, two labelled frames a study."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Reader
from cosmos_datasets.errors import TableError
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti, Refused
from cosmos_datasets.source import Label, Source
from cosmos_datasets.splits import split_by_folder
from cosmos_datasets.tables import notice_absent, read_table, unnamed

_CODE = "[A-Z][0-9]" * 3
_PHASES = ("ED", "ES")
_COLUMNS = ("External code", *_PHASES)


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the two labelled frames of every study outside of ``Unlabeled``.

    Raises:
        TableError: if the table that names the frames is missing or damaged.
    """
    table, frames = _frames(root)
    files = [path for path in below(root, "*_sa*.nii*") if "Unlabeled" not in path.parts]
    images, labels = (named(files, rf"({_CODE})_sa{end}\.nii(?:\.gz)?") for end in ("", "_gt"))
    unnamed(table, {code for code, _ in frames}, list(images))
    notice_absent(table, {code for (code, _), cells in frames.items() if any(cells)}, images)
    for code, image, label in pairs(images, labels, every_image=True):
        split = split_by_folder(image, root) or "train"
        if split != (split_by_folder(label, root) or "train"):
            notice("warning", "image and label lie in folders of different parts; the image's counts", image)
        for phase in _PHASES:
            cells = frames.get((code, phase), set())
            frame = int(next(iter(cells))) if len(cells) == 1 and "".join(cells).isdecimal() else None
            annotation = Annotation(Nifti(label, frame), on_image_grid=True)
            reader: Reader = Nifti(image, frame)
            if frame is None:
                stated = " and ".join(sorted(cells)) or "nothing"
                reader = Refused((image,), f"{table} states {stated} as the frame {phase} of {code}.")
            yield Case(f"{code}_{phase}", code, "Cine-MRI", reader, (annotation,), split)


def _frames(root: Path) -> tuple[str, dict[tuple[str, str], set[str]]]:
    """Name of the table and frame number, from 0, of every (study, phase), as a text; a spreadsheet may add ``.0``."""
    # The root may be a part, so the folders around it are looked at too.
    found = list(below(root, "*.csv", 0))
    found += [path for folder in root.parents[:2] for path in below(folder, "*M&Ms*.csv", 0)]
    errors = []
    for path in found:
        try:
            rows = read_table(path, *_COLUMNS)
        except TableError as error:
            errors.append(error)
            continue
        frames: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in rows:
            for phase in _PHASES:
                frames[row["External code"].upper(), phase].add(re.sub(r"[.,]0*$", "", row[phase]))
        return path.name, frames
    raise TableError(
        f"{root} lacks the table *M&Ms_Dataset_information*.csv of the release, which names the frames."
        + "".join(f" {error}" for error in errors[:1])
    )


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
