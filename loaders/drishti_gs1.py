"""Drishti-GS1: fundus photographs with soft maps of four experts for optic disc and optic cup."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source

#: End of a soft map's file name -> label.
_LABELS = {"ODsegSoftmap": Label("optic_disc", "optic_disc"), "cupsegSoftmap": Label("optic_cup", "optic_cup")}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every photograph of the two parts, whose labels lie in ``GT`` and in ``Test_GT``."""
    files = list(below(root, "drishtiGS_*.png"))
    truths = {path.parents[3]: path.parents[2].name.lower() for path in files if path.stem.endswith("ODsegSoftmap")}
    photographs = (part.parent for path in files for part in path.parents if part.name == "Images")
    for home in sorted({*truths, *photographs}):
        images = named(below(home / "Images"), r"(drishtiGS_\d{3})\.png")
        discs = named((path for path in files if home in path.parents), r"(drishtiGS_\d{3})_ODsegSoftmap\.png")
        split: Split = "test" if truths.get(home) == "test_gt" else "train"
        if truths.get(home, "gt") not in {"gt", "test_gt"}:
            notice("warning", "the folder of the labels tells no part of the release; its cases are in train", home)
        for name, image, disc in pairs(images, discs, every_image=True):
            annotations = tuple(
                Annotation(Picture(disc.with_name(f"{name}_{end}.png"), "max"), label=label.name, threshold=127)
                for end, label in _LABELS.items()
            )
            yield Case(name, name, "Fundus", Picture(image), annotations, split)


SOURCE = Source(
    id="drishti_gs1",
    title="Drishti-GS1: retinal images for segmentation of the optic nerve head",
    homepage="http://cvit.iiit.ac.in/projects/mip/drishti-gs/mip-dataset2/Home.php",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "Register at http://cvit.iiit.ac.in/projects/mip/drishti-gs/mip-dataset2/Home.php and unpack the archive that "
        "is sent; or sign in to Kaggle for a copy: "
        "https://www.kaggle.com/datasets/lokeshsaipureddi/drishtigs-retina-dataset-for-onh-segmentation."
    ),
    modalities=("Fundus",),
    labels=tuple(_LABELS.values()),
    layout="""
Drishti-GS1_files/
  Training/
    Images/drishtiGS_002.png ...             in some copies in GLAUCOMA/ and NORMAL/
    GT/drishtiGS_002/SoftMap/drishtiGS_002_ODsegSoftmap.png
    GT/drishtiGS_002/SoftMap/drishtiGS_002_cupsegSoftmap.png
  Test/
    Images/drishtiGS_001.png ...
    Test_GT/drishtiGS_001/SoftMap/ ...       not GT
""",
    citation="""
@inproceedings{sivaswamy2014drishti,
  title  = {{Drishti-GS}: Retinal image dataset for optic nerve head ({ONH}) segmentation},
  author = {Sivaswamy, J. and Krishnadas, S. R. and Joshi, G. D. and Jain, M. and Syed Tabish, A. U.},
  booktitle = {IEEE International Symposium on Biomedical Imaging}, pages = {53--56}, year = {2014},
  doi = {10.1109/ISBI.2014.6867807}
}
""",
    expected={"cases": 101, "subjects": 101},
    find_cases=find_cases,
    markers=tuple("*/" * depth + name for depth in range(3) for name in ("GT/*/SoftMap", "Test_GT/*/SoftMap")),
    plane="native",
    pitfalls=(
        "A soft map's grey level is the share of four experts who agree. Kept is what is above 127: at least two of "
        "the four. Other papers ask for all four, or for any.",
        "The disc includes the cup.",
        "Labels of the test part are public, in a folder called Test_GT.",
    ),
    unverified=(
        "That photographs and soft maps are of one size, which users of the Kaggle copy deny; a pair that is not is "
        "reported and left out.",
        "That no two photographs show the same person.",
    ),
    extra=True,
)
