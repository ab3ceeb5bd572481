"""EndoTect 2020, segmentation: the segmented pictures of HyperKvasir for development, 200 more for the test."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, inside, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

_PICTURE = r"\.(?:jpe?g|png|tiff?|bmp)"
#: Development pictures are called by a UUID, in copies by the identifiers of Kvasir-SEG. Other sets lie in images/ and
#: masks/ as well.
_NAME = rf"([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}|c(?!k[c-z])[a-z0-9]{{24}}){_PICTURE}"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every picture of the development data and of the test data, whichever is there."""
    for folder in sorted({path.parent.parent for path in inside(below(root), "images", "masks")}):
        if "kvasir-seg" in folder.relative_to(root).as_posix().lower():
            notice("warning", "a folder is called as another set's; its pictures count as development data", folder)
        above = [part.lower() for part in folder.resolve().parts[-3:]]
        is_test = "test" in above[-1] and any("endotect" in part for part in above)
        pattern = rf"([\w-]+){_PICTURE}" if is_test else _NAME
        images, masks = (named((folder / kind).glob("*"), pattern) for kind in ("images", "masks"))
        for name, image, mask in pairs(images, masks, every_image=True):
            polyp = Annotation(Picture(mask, channels="max"), label="polyp", threshold=127)
            # Kvasir-SEG holds the development pictures: under the same names they are the same groups.
            group = "" if is_test else f"kvasir_seg/{name}"
            yield Case(name, name, "Colonoscopy", Picture(image), (polyp,), "test" if is_test else "train", group)


SOURCE = Source(
    id="endotect20",
    title="EndoTect 2020 (ICPR 2020 challenge), segmentation of polyps",
    homepage="https://endotect.com/",
    licence="CC-BY-4.0 for the development data (HyperKvasir); unknown for the test data",
    redistributable="no",
    access="open",
    obtain=(
        "Download https://datasets.simula.no/downloads/hyper-kvasir/hyper-kvasir-segmented-images.zip (46 MB) and "
        "unpack it; the test data with their masks are offered at https://endotect.com/. Lay the folders side by side."
    ),
    modalities=("Colonoscopy",),
    labels=(Label("polyp", "polyp"),),
    layout="""
segmented-images/                            development, 1000 pictures
  bounding-boxes.json                        not used
  images/147257f5-7401-4f3a-bacb-7c16611c2ef1.jpg ...
  masks/147257f5-7401-4f3a-bacb-7c16611c2ef1.jpg ...
EndoTect_2020_Segmentation_Test_Dataset/     200 pictures
  images/ ...
  masks/ ...
""",
    citation="""
@inproceedings{hicks2021endotect,
  title = {The {EndoTect} 2020 Challenge: Evaluation and Comparison of Classification, Segmentation and Inference Time
           for Endoscopy},
  author = {Hicks, Steven A. and Jha, Debesh and Thambawita, Vajira and Halvorsen, P{\\aa}l and others},
  booktitle = {ICPR 2020 Workshops}, pages = {263--274}, year = {2021}, doi = {10.1007/978-3-030-68793-9_18}
}
@article{borgli2020hyperkvasir,
  title = {{HyperKvasir}, a comprehensive multi-class image and video dataset for gastrointestinal endoscopy},
  author = {Borgli, Hanna and others},
  journal = {Scientific Data}, volume = {7}, pages = {283}, year = {2020}, doi = {10.1038/s41597-020-00622-y}
}
""",
    expected={"cases": 1200, "subjects": 1200},
    find_cases=find_cases,
    # Development and test data may lie at different depths, so the folder above both is the root.
    markers=("masks", "*/masks", "*/*/masks"),
    plane="native",
    downloads=(
        Download(
            "https://datasets.simula.no/downloads/hyper-kvasir/hyper-kvasir-segmented-images.zip",
            sha256="4463011f991dcdc74ec56399788b1a93822593f17ed18a662bdeb7392ffcdd9a",
            size=46179365,
        ),
    ),
    pitfalls=(
        "Masks are JPEG, grey at their edges: a pixel belongs to the polyp above 127.",
        "The development pictures are those of Kvasir-SEG under other names, so that groups and folds cannot tie the "
        "two together: a test set of one must be kept from the other by hand.",
        "Whether COSMOS took the development data, the test data or both is not known.",
        "HyperKvasir's readme asks for written permission before use in competitions or products.",
    ),
    related=("kvasir_seg",),
    unverified=(
        "That all 1000 development pictures are in Kvasir-SEG, byte by byte.",
        "Names and formats of the test files; their folder is told by test in its name, and endotect in it or above.",
    ),
)
