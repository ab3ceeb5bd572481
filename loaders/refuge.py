"""REFUGE: fundus photographs with optic disc and cup in one grey-level picture, dark on white."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source

#: First letter of the photographs of a part: glaucoma and none (training), validation, test.
_SPLITS: dict[str, Split] = {"g": "train", "n": "train", "V": "validation", "T": "test"}
#: Inverted, the cup is 255, the rim of the disc 127 and the ground 0.
_ABOVE = {"optic_disc": 126, "optic_cup": 191}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph of the parts that have masks, wherever the inner archives were unpacked."""
    files = list(below(root))
    # Folders called "..._Illustration" hold pictures of the same names with drawings on them.
    photographs = [path for path in files if "Illustration" not in str(path.relative_to(root))]
    drawn = [path for path in files if "Disc_Cup_Masks" in path.parts]
    for letter, split in _SPLITS.items():
        # The numbers end at 0400: what follows is REFUGE2, whose masks are not public.
        images = named(photographs, rf"({letter}0(?:[0-3]\d\d|400))\.jpe?g")
        masks = named(drawn, rf"({letter}0(?:[0-3]\d\d|400))\.bmp")
        for name, image, mask in pairs(images, masks, every_image=True):
            reader = Picture(mask, channels="max", inverted=True)
            annotations = (Annotation(reader, label=label, threshold=above) for label, above in _ABOVE.items())
            yield Case(name, name, "Fundus", Picture(image), tuple(annotations), split=split)


SOURCE = Source(
    id="refuge",
    title="REFUGE: Retinal Fundus Glaucoma Challenge (2018)",
    homepage="https://refuge.grand-challenge.org/",
    licence="unknown (terms of the challenge)",
    redistributable="no",
    access="account",
    obtain=(
        "Sign in at https://refuge.grand-challenge.org/REFUGE2Download, join, download REFUGE2.zip and unpack it and "
        "the six archives inside it into one folder."
    ),
    modalities=("Fundus",),
    labels=(Label("optic_disc", "optic_disc"), Label("optic_cup", "optic_cup")),
    layout="""
Training400/
  Glaucoma/g0001.jpg ...
  Non-Glaucoma/n0001.jpg ...
Annotation-Training400/Disc_Cup_Masks/
  Glaucoma/g0001.bmp ...
  Non-Glaucoma/n0001.bmp ...
REFUGE-Validation400/V0001.jpg ...
REFUGE-Validation400-GT/Disc_Cup_Masks/V0001.bmp ...
Test400/T0001.jpg ...
REFUGE-Test-GT/Disc_Cup_Masks/
  G/T0010.bmp ...
  N/T0001.bmp ...
""",
    citation="""
@article{orlando2020refuge,
  title  = {{REFUGE} Challenge: A unified framework for evaluating automated methods for glaucoma assessment from
            fundus photographs},
  author = {Orlando, J. I. and Fu, H. and Barbosa Breda, J. and others},
  journal = {Medical Image Analysis}, volume = {59}, pages = {101570}, year = {2020},
  doi = {10.1016/j.media.2019.101570}
}
""",
    expected={"cases": 1200, "subjects": 1200},
    find_cases=find_cases,
    markers=tuple("*/" * depth + "Disc_Cup_Masks" for depth in range(4)),
    plane="native",
    pitfalls=(
        "Masks are inverted: 255 is the ground, 128 the rim of the disc, 0 the cup.",
        "The disc is rim and cup together, so it is everything up to 128; the cup is a label of its own inside it.",
        "Training photographs are of another camera than the others: 2124 x 2056 against 1634 x 1634.",
        "Some copies have an unrelated folder Training400/AMD, of the challenge on macular degeneration.",
    ),
    unverified=("That no two photographs show the same person.",),
    extra=True,
)
