"""iChallenge-PALM: fundus photographs with dark-on-white masks of optic disc, atrophy and detachment."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

#: Folder of masks -> label. The open release writes a blank where the archives of the challenge have "_".
_LABELS = {
    "Disc?Masks": Label("optic_disc", "optic_disc"),
    "Lesion?Masks/Atrophy": Label("retinal_atrophy", "retinal_atrophy"),
    "Lesion?Masks/Detachment": Label("retinal_detachment", "retinal_detachment"),
}
#: Folders of other challenges of the same makers, whose files are called alike.
_OTHER_SET = re.compile(r"Training400|Test400|.*(?:AMD|ADAM|REFUGE).*", re.IGNORECASE)
#: First letters of the photographs of a part.
_SPLITS: dict[str, Split] = {"HNP": "train", "V": "validation", "T": "test"}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph with a mask, of the open release or of the challenge's archives."""
    files = [path for path in below(root) if not any(map(_OTHER_SET.fullmatch, path.relative_to(root).parts))]
    # Folders called "..._Illustration" hold pictures of the same names with drawings on them.
    photographs = [path for path in files if not path.parent.name.endswith("Illustration")]
    drawn = {label.name: [path for path in files if path.match(f"{folder}/*")] for folder, label in _LABELS.items()}
    for letters, split in _SPLITS.items():
        images = named(photographs, rf"([{letters}]\d{{4}})\.jpe?g")
        masks = {label: named(files, rf"([{letters}]\d{{4}})\.bmp") for label, files in drawn.items()}
        for name, image, _ in pairs(images, {name: path for found in masks.values() for name, path in found.items()}):
            annotations = tuple(
                Annotation(Picture(found[name], channels="max", inverted=True), label=label, threshold=127)
                for label, found in masks.items()
                if name in found
            )
            yield Case(name, name, "Fundus", Picture(image), annotations, split=split)


SOURCE = Source(
    id="ichallenge_palm",
    title="iChallenge-PALM: PAthoLogic Myopia challenge (ISBI 2019) and its open release of 2024",
    homepage="https://palm.grand-challenge.org/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "Download the open release from https://springernature.figshare.com/ndownloader/files/37786152 and unpack it. "
        "Or, with an account, the challenge's archives (training.zip, validation.zip, valid_gt.zip) from "
        "https://ieee-dataport.org/documents/palm-pathologic-myopia-challenge: unpack them and the archives inside "
        "them into one folder. They lack the labels of the test part."
    ),
    modalities=("Fundus",),
    labels=tuple(_LABELS.values()),
    layout="""
PALM/                                      open release
  Training/
    Images/H0001.jpg, N0001.jpg, P0001.jpg ...
    Disc Masks/H0001.bmp ...
    Lesion Masks/Atrophy/P0001.bmp ...     and Detachment/
  Validation/                              the same, V0001 ...
  Testing/                                 the same, T0001 ...
or the archives of the challenge:
PALM-Training400/
  PALM-Training400/H0001.jpg ...
  PALM-Training400-Annotation-D&F/Disc_Masks/H0001.bmp ...
  PALM-Training400-Annotation-Lession/Lesion_Masks/Atrophy/P0001.bmp ...
PALM-Validation400/V0001.jpg ...
PALM-Validation-GT/Disc_Masks/ ... Lesion_Masks/ ...
""",
    citation="""
@article{fang2024palm,
  title  = {Open Fundus Photograph Dataset with Pathologic Myopia Recognition and Anatomical Structure Annotation},
  author = {Fang, H. and Li, F. and Wu, J. and Fu, H. and Sun, X. and others},
  journal = {Scientific Data}, volume = {11}, pages = {99}, year = {2024}, doi = {10.1038/s41597-024-02911-2}
}
@misc{fu2019palm,
  title  = {{PALM}: PAthoLogic Myopia Challenge},
  author = {Fu, H. and others},
  howpublished = {IEEE DataPort}, year = {2019}, doi = {10.21227/55pk-8z03}
}
""",
    expected={"cases": 1200, "subjects": 1200},
    find_cases=find_cases,
    markers=tuple(
        "*/" * depth + name for depth in range(4) for name in ("Disc?Masks/[HPVT]*", "Lesion?Masks/Atrophy")
    ),
    plane="native",
    downloads=(
        Download(
            "https://springernature.figshare.com/ndownloader/files/37786152",
            sha256="21cd568a00a50287370572ea81b50847085819bd2f732331ee9cdc6367e6cd1f",
            name="PALM.zip",
        ),
    ),
    pitfalls=(
        "Masks are inverted: 0 is the structure, 255 the ground.",
        "A mask without a file is an absent structure: of 1200 photographs 1144 have a disc, 870 atrophy and 24 a "
        "detachment; one without any mask is left out.",
        "H is high myopia, N normal, P pathologic myopia, all of training; V and T are validation and test.",
        "The fovea is a point in a table and no label.",
    ),
    unverified=(
        "The licence: a copy of the open release is tagged CC0 1.0, its own page was not seen.",
        "A few masks are said to differ in size from their photograph; such a case is reported and left out.",
        "That no two photographs show the same person.",
    ),
)
