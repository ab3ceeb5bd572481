"""VerSe 2019 and 2020: CT of the spine from many scanners, every vertebra labelled by its level."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Label, Source
from cosmos_datasets.splits import split_by_folder

_LEVELS = [f"{part}{number}" for part, last in (("C", 7), ("T", 12), ("L", 6)) for number in range(1, last + 1)]
#: The layout by subject, and the one of the challenges: names of images and of labels, up to ``.nii``.
_NAMES = (
    (r"(sub-(?:verse|gl)\d+[\w-]*?)_ct", r"(sub-(?:verse|gl)\d+[\w-]*?)_seg-vert_msk"),
    (r"((?:verse|gl)\d+[\w-]*?)(?<!_seg)", r"((?:verse|gl)\d+[\w-]*?)_seg"),
)
_PARTS = ("training", "validation", "test")
_ZIPS = "https://s3.bonescreen.de/public/VerSe-complete/dataset-verse"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every scan once: the challenges of 2019 and 2020 share scans, and either layout may hold one."""
    files = list(below(root, "*.nii*"))
    seen = set()
    for patterns in _NAMES:
        images, labels = (named(files, rf"{pattern}\.nii(?:\.gz)?") for pattern in patterns)
        for name, image, label in pairs(images, labels, every_image=True):
            case_id = name if name.startswith("sub-") else f"sub-{name.lower()}"
            if case_id in seen:
                continue
            seen.add(case_id)
            subject = case_id.partition("_")[0]
            split = split_by_folder(label, root) or "train"
            # Numbers below 500 are scans of the first year, in either year's files.
            release = "VerSe19" if re.fullmatch(r"sub-verse[0-4]\d\d", subject) else "VerSe20"
            yield Case(case_id, subject, "CT", Nifti(image), (Annotation(Nifti(label)),), split, release=release)


SOURCE = Source(
    id="verse",
    title="VerSe 2019 and 2020 (Large Scale Vertebrae Segmentation Challenge)",
    homepage="https://github.com/anjany/verse",
    licence="CC-BY-SA-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Download the three archives of each year that https://github.com/anjany/verse lists under 'restructured' and "
        "unpack them into one folder. The layout of the challenges (https://osf.io/nqjyw/ and https://osf.io/t98fz/) "
        "works as well."
    ),
    modalities=("CT",),
    labels=(
        *(Label(f"vertebrae_{level}", "vertebra", value) for value, level in enumerate(_LEVELS, start=1)),
        Label("sacrum", None, 26, excluded="reserved value, not annotated"),
        Label("coccyx", None, 27, excluded="reserved value, not annotated"),
        Label("vertebrae_T13", "vertebra", 28),
    ),
    layout="""
dataset-verse19training/                 and ...validation, ...test, dataset-verse20training ...
  rawdata/sub-verse004/sub-verse004_ct.nii.gz
  derivatives/sub-verse004/sub-verse004_seg-vert_msk.nii.gz
or, as in the challenges:
training_data/verse004/verse004.nii.gz, verse004_seg.nii.gz
""",
    citation="""
@article{sekuboyina2021verse,
  title = {{VerSe}: A Vertebrae Labelling and Segmentation Benchmark for Multi-detector {CT} Images},
  author = {Sekuboyina, Anjany and others}, journal = {Medical Image Analysis}, volume = {73}, pages = {102166},
  year = {2021}, doi = {10.1016/j.media.2021.102166}
}
@article{loeffler2020verse,
  title = {A Vertebral Segmentation Dataset with Fracture Grading}, author = {L{\\"o}ffler, Maximilian T. and others},
  journal = {Radiology: Artificial Intelligence}, year = {2020}, doi = {10.1148/ryai.2020190138}
}
@misc{liebl2021verse,
  title = {A Computed Tomography Vertebral Segmentation Dataset with Anatomical Variations and Multi-Vendor
           Scanner Data},
  author = {Liebl, Hans and others}, year = {2021}, eprint = {2103.06360}, archivePrefix = {arXiv}
}
""",
    expected={"cases": 374, "subjects": 355},
    find_cases=find_cases,
    markers=(
        *(f"{above}derivatives/sub-*/sub-*_seg-vert_msk.nii*" for above in ("", "*/", "*/*/", "*/*/*/")),
        *(f"{above}{name}*_seg.nii*" for above in ("", "*/", "*/*/") for name in ("verse", "[Gg][Ll][0-9]")),
    ),
    plane="sagittal",
    downloads=tuple(Download(f"{_ZIPS}{year}{part}.zip") for year in (19, 20) for part in _PARTS),
    pitfalls=(
        "Files lie in many orientations, and masks may be stored as floating point.",
        "The challenge of 2020 holds scans of 2019 (numbers below 500); its layout by subject leaves them out.",
        "In the challenges' layout a person's scans have numbers of their own, so that they count as several people.",
        "Vertebrae cut by the border of the scan are not labelled, nor is the sacrum; L6 and T13 are rare.",
    ),
    unverified=("Several scans of one person are named sub-verse401_split-verse253.",),
)
