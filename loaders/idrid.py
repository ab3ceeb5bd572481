"""IDRiD, part A: fundus photographs with one mask file for each kind of lesion and for the optic disc."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source

#: End of a mask's file name -> label, in the order of the publisher's folders.
_LABELS = {
    "MA": Label("microaneurysm", "microaneurysm"),
    "HE": Label("hemorrhage", "retinal_hemorrhage"),
    "EX": Label("hard_exudate", "exudate"),
    "SE": Label("soft_exudate", "exudate"),
    "OD": Label("optic_disc", "optic_disc"),
}
# Wildcards stand where copies differ: spaces, "%20" or "_" between the words.
_MASKS = "*All*Segmentation*Groundtruths"
_IMAGES = "*Original*Images"
_MASK_NAME = re.compile(rf"(IDRiD_\d{{2,3}})_((?i:{'|'.join(_LABELS)}))\.(?i:tiff?|png)")
_IMAGE_NAME = re.compile(r"(IDRiD_\d{2,3})\.(?i:jpe?g|png|tiff?)")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph whose set (training, testing) has masks.

    Args:
        root: ``A. Segmentation``: the folder of ``2. All Segmentation Groundtruths``.

    Raises:
        LayoutError: if a mask has no photograph, or a photograph of a labelled set not a single mask.
    """
    masks: dict[str, dict[str, Path]] = defaultdict(dict)
    labelled_sets = set()
    for path in sorted(root.glob(f"{_MASKS}/*/*/IDRiD_*")):
        if match := _MASK_NAME.fullmatch(path.name):
            masks[match[1]][match[2].upper()] = path
            labelled_sets.add(_split(path.parent.parent))
    images = {
        match[1]: path
        for path in sorted(root.glob(f"{_IMAGES}/*/IDRiD_*"))
        if (match := _IMAGE_NAME.fullmatch(path.name)) and _split(path.parent) in labelled_sets
    }
    for name in sorted(masks.keys() | images.keys()):
        if name not in images:
            mask = next(iter(masks[name].values()))
            raise LayoutError(
                f"{mask} has no photograph: {root}/1. Original Images/*/{name}.jpg is missing; "
                "unpack the archive again."
            )
        if name not in masks:
            raise LayoutError(
                f"{images[name]} has no mask: {root}/2. All Segmentation Groundtruths/*/*/{name}_*.tif is "
                "missing; unpack the archive again."
            )
        yield Case(
            case_id=name,
            subject_id=name,
            modality="Fundus",
            image=Picture(images[name]),
            annotations=tuple(
                Annotation(Picture(masks[name][code], channels="max"), label=label.name)
                for code, label in _LABELS.items()
                if code in masks[name]
            ),
            split="test" if _split(images[name].parent) == "test" else "train",
        )


def _split(folder: Path) -> str:
    return "test" if "test" in folder.name.lower() else "train"


SOURCE = Source(
    id="idrid",
    title="IDRiD: Indian Diabetic Retinopathy Image Dataset, part A (segmentation)",
    homepage="https://idrid.grand-challenge.org/",
    licence="CC-BY-4.0",
    redistributable="yes",
    access="account",
    obtain=(
        "Sign in (free) at "
        "https://ieee-dataport.org/open-access/indian-diabetic-retinopathy-image-dataset-idrid, download "
        "'A. Segmentation.zip' and unpack it. Parts B and C hold no masks and are not needed."
    ),
    modalities=("Fundus",),
    labels=tuple(_LABELS.values()),
    layout="""
A. Segmentation/
  1. Original Images/
    a. Training Set/IDRiD_01.jpg ... IDRiD_54.jpg
    b. Testing Set/IDRiD_55.jpg ... IDRiD_81.jpg
  2. All Segmentation Groundtruths/
    a. Training Set/
      1. Microaneurysms/IDRiD_01_MA.tif ...
      2. Haemorrhages/IDRiD_01_HE.tif ...
      3. Hard Exudates/IDRiD_01_EX.tif ...
      4. Soft Exudates/IDRiD_03_SE.tif ...
      5. Optic Disc/IDRiD_01_OD.tif ...
    b. Testing Set/    the same five folders
""",
    citation="""
@article{porwal2018idrid,
  title   = {Indian Diabetic Retinopathy Image Dataset (IDRiD): A Database for Diabetic Retinopathy Screening
             Research},
  author  = {Porwal, Prasanna and Pachade, Samiksha and Kamble, Ravi and Kokare, Manesh and others},
  journal = {Data},
  volume  = {3},
  number  = {3},
  pages   = {25},
  year    = {2018},
  doi     = {10.3390/data3030025}
}
@article{porwal2020idrid,
  title   = {{IDRiD}: Diabetic Retinopathy -- Segmentation and Grading Challenge},
  author  = {Porwal, Prasanna and others},
  journal = {Medical Image Analysis},
  volume  = {59},
  pages   = {101561},
  year    = {2020},
  doi     = {10.1016/j.media.2019.101561}
}
""",
    expected={"cases": 81, "subjects": 81},
    find_cases=find_cases,
    markers=(_MASKS,),
    plane="native",
    pitfalls=(
        "A lesion without a file is absent from the photograph: many have no soft exudates, at least one no "
        "haemorrhage.",
        "Masks are drawn in red on black: in grey levels red becomes 76, and a threshold of 127 loses it.",
        "Masks of different lesions may overlap; each is kept whole.",
        "Part B uses the same folder names and three-digit file names for other photographs.",
    ),
    unverified=(
        "Counts of masks usually quoted: MA 81, HE 80, EX 81, SE 40, OD 81.",
        "That no two photographs show the same person.",
    ),
)
