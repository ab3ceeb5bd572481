"""iChallenge-AMD (ADAM): fundus photographs with a dark-on-white mask for the optic disc and each kind of lesion."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source

#: Folder of masks -> label.
_LABELS = {
    "Disc_Masks": Label("optic_disc", "optic_disc"),
    "Lesion_Masks/drusen": Label("drusen", "drusen"),
    "Lesion_Masks/exudate": Label("exudate", "exudate"),
    "Lesion_Masks/hemorrhage": Label("hemorrhage", "retinal_hemorrhage"),
    "Lesion_Masks/scar": Label("scar", "retinal_scar"),
    "Lesion_Masks/others": Label("other_lesion", None, excluded="catch-all class without a defined object"),
}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph with a mask; archives may be unpacked side by side or into each other."""
    files = list(below(root))
    # Folders called "..._Illustration" hold pictures of the same names with drawings on them.
    images = named((path for path in files if path.parent.name.endswith("AMD")), r"([AN]\d{4})\.jpe?g")
    masks = {
        label: named((path for path in files if path.match(f"{folder}/*")), r"([AN]\d{4})\.bmp")
        for folder, label in _LABELS.items()
    }
    for name, image, _ in pairs(images, {name: path for found in masks.values() for name, path in found.items()}):
        annotations = tuple(
            Annotation(Picture(found[name], channels="max", inverted=True), label=label.name, threshold=127)
            for label, found in masks.items()
            if name in found
        )
        yield Case(name, name, "Fundus", Picture(image), annotations)


SOURCE = Source(
    id="ichallenge_amd",
    title="iChallenge-AMD / ADAM: Automatic Detection challenge on Age-related Macular degeneration (ISBI 2020)",
    homepage="https://amd.grand-challenge.org/",
    licence="unknown (terms of the challenge)",
    redistributable="no",
    access="account",
    obtain=(
        "Sign in at https://amd.grand-challenge.org/download/ (or at Baidu's iChallenge page, "
        "https://ai.baidu.com/broad/subordinate?dataset=amd) and join. Unpack the archives of the classification task "
        "(Training400), of the disc (Disc_Masks) and of the lesions (Training400-Lesion) into one folder."
    ),
    modalities=("Fundus",),
    labels=tuple(_LABELS.values()),
    layout="""
Training400/
  AMD/A0001.jpg ... A0089.jpg
  Non-AMD/N0001.jpg ... N0311.jpg
  Disc_Masks/A0001.bmp, N0001.bmp ...    also found as Illustration/Disc_Masks
Training400-Lesion/Lesion_Masks/
  drusen/A0001.bmp ...
  exudate/ ... hemorrhage/ ... scar/ ...
  others/ ...                            read to be counted, left out
""",
    citation="""
@article{fang2022adam,
  title  = {{ADAM} Challenge: Detecting Age-Related Macular Degeneration From Fundus Images},
  author = {Fang, H. and Li, F. and Fu, H. and Sun, X. and Cao, X. and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {41}, number = {10}, pages = {2828--2847},
  year = {2022}, doi = {10.1109/TMI.2022.3172773}
}
""",
    expected={"cases": 400, "subjects": 400},
    find_cases=find_cases,
    markers=tuple("*/" * depth + name for depth in range(4) for name in ("Disc_Masks/A*", "Lesion_Masks/drusen")),
    plane="native",
    pitfalls=(
        "Masks are inverted: 0 is the structure, 255 the ground.",
        "A mask without a file is an absent structure, so photographs without any mask are left out: expect fewer "
        "cases than the 400 photographs.",
        "The fovea is a point in a table and no label.",
        "REFUGE has a folder Training400 too, with other photographs.",
    ),
    unverified=(
        "That disc masks are inverted as the masks of lesions are.",
        "That the masks of the 400 validation and 400 test photographs are not public.",
        "That no two photographs show the same person.",
    ),
)
