"""IDRiD, part A: fundus photographs with one mask file for each kind of lesion and for the optic disc."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source
from cosmos_datasets.splits import split_by_folder

#: End of a mask's file name -> label, in the order of the publisher's folders.
_LABELS = {
    "MA": Label("microaneurysm", "microaneurysm"),
    "HE": Label("hemorrhage", "retinal_hemorrhage"),
    "EX": Label("hard_exudate", "exudate"),
    "SE": Label("soft_exudate", "exudate"),
    "OD": Label("optic_disc", "optic_disc"),
}
_SETS: tuple[Split, ...] = ("train", "test")
# Wildcards stand where copies differ: spaces, "%20" or "_" between the words.
_MASKS, _IMAGES = "*All*Segmentation*Groundtruths", "*Original*Images"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph whose set (training, testing) has masks."""
    files: dict[str, dict[Split, list[Path]]] = {_MASKS: {}, _IMAGES: {}}
    for kind, found in files.items():
        for path in (path for folder in root.glob(kind) for path in below(folder, "IDRiD_*")):
            found.setdefault(split_by_folder(path, root) or "train", []).append(path)
    for split in _SETS:
        drawn, photographs = (found.get(split, []) for found in files.values())
        masks = [named(drawn, rf"(IDRiD_\d{{2,3}})_{code}\.(?:tiff?|png)") for code in _LABELS]
        images = named(photographs, r"(IDRiD_\d{2,3})\.(?:jpe?g|png|tiff?)")
        any_mask = {name: path for found in masks for name, path in found.items()}
        for name, image, mask in pairs(images, any_mask, every_image=True):
            paths = [found[name] for found in masks if name in found] or [mask]
            yield Case(name, name, "Fundus", Picture(image), tuple(map(_annotation, paths)), split)


def _annotation(mask: Path) -> Annotation:
    return Annotation(Picture(mask, "max"), label=_LABELS[mask.stem[-2:].upper()].name)


SOURCE = Source(
    id="idrid",
    title="IDRiD: Indian Diabetic Retinopathy Image Dataset, part A (segmentation)",
    homepage="https://idrid.grand-challenge.org/",
    licence="CC-BY-4.0",
    redistributable="yes",
    access="account",
    obtain=(
        "Sign in (free) at https://ieee-dataport.org/open-access/indian-diabetic-retinopathy-image-dataset-idrid, "
        "download 'A. Segmentation.zip' and unpack it. Parts B and C hold no masks and are not needed."
    ),
    modalities=("Fundus",),
    labels=tuple(_LABELS.values()),
    layout="""
A. Segmentation/
  1. Original Images/a. Training Set/IDRiD_01.jpg ..., b. Testing Set/IDRiD_55.jpg ...
  2. All Segmentation Groundtruths/a. Training Set/1. Microaneurysms/IDRiD_01_MA.tif ..., 2. Haemorrhages/, ...
  2. All Segmentation Groundtruths/b. Testing Set/    the same five folders
""",
    citation="""
@article{porwal2018idrid,
  title = {Indian Diabetic Retinopathy Image Dataset (IDRiD): A Database for Diabetic Retinopathy Screening Research},
  author = {Porwal, Prasanna and Pachade, Samiksha and Kamble, Ravi and Kokare, Manesh and others},
  journal = {Data}, volume = {3}, number = {3}, pages = {25}, year = {2018}, doi = {10.3390/data3030025}
}
@article{porwal2020idrid,
  title = {{IDRiD}: Diabetic Retinopathy -- Segmentation and Grading Challenge},
  author = {Porwal, Prasanna and others}, journal = {Medical Image Analysis}, volume = {59}, pages = {101561},
  year = {2020}, doi = {10.1016/j.media.2019.101561}
}
""",
    expected={"cases": 81, "subjects": 81},
    find_cases=find_cases,
    markers=(_MASKS,),
    plane="native",
    pitfalls=(
        "A lesion without a file is absent from the photograph: many have no soft exudates, one no haemorrhage.",
        "Masks are red on black: in grey levels red becomes 76, and a threshold of 127 loses it. They may overlap.",
        "Part B uses the same folder names and three-digit file names for other photographs.",
    ),
    unverified=("Counts of masks: MA 81, HE 80, EX 81, SE 40, OD 81.", "That no two photographs show one person."),
)
