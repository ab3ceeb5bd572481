"""LUNA16: chest CT of LIDC-IDRI with lungs and trachea as an algorithm found them."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import ItkImage
from cosmos_datasets.source import Download, Label, Source

_SUBSETS = 10
#: Archives by Zenodo record.
_ARCHIVES = {
    "3723295": ("seg-lungs-LUNA16", *(f"subset{number}" for number in range(7))),
    "4121926": ("subset7", "subset8", "subset9"),
}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every scan. All masks come in one archive: while a subset is missing, masks without a scan are its own."""
    masks: list[Path] = []
    scans: list[Path] = []
    for path in below(root, "*.mhd"):
        (masks if path.parent.name.lower().startswith("seg") else scans).append(path)
    images, labels = (named(files, r"([\d.]+)\.mhd") for files in (scans, masks))
    if len({path.name for above in ("", "*/", "*/*/") for path in root.glob(f"{above}subset[0-9]")}) < _SUBSETS:
        labels = {uid: path for uid, path in labels.items() if uid in images}
    for uid, image, label in pairs(images, labels, every_image=True):
        yield Case(uid, uid, "CT", ItkImage(image), (Annotation(ItkImage(label)),))


SOURCE = Source(
    id="luna16",
    title="LUNA16 (Lung Nodule Analysis 2016)",
    homepage="https://luna16.grand-challenge.org/",
    licence="CC-BY-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Download seg-lungs-LUNA16.zip and the subsets you want from https://zenodo.org/records/3723295 and "
        "https://zenodo.org/records/4121926 and unpack all into one folder. The csv files are not needed."
    ),
    modalities=("CT",),
    labels=(
        Label("lung_side_3", "lung", 3),
        Label("lung_side_4", "lung", 4),
        Label("trachea", "trachea", 5),
    ),
    layout="""
LUNA16/
  subset0/                 ... subset9/, as many as you have
    1.3.6.1.4.1.14519.5.2.1.6279.6001.105756658031515062000744821260.mhd, .raw ...
  seg-lungs-LUNA16/
    1.3.6.1.4.1.14519.5.2.1.6279.6001.105756658031515062000744821260.mhd, .zraw ...
""",
    citation="""
@article{setio2017luna16,
  title = {Validation, comparison, and combination of algorithms for automatic detection of pulmonary nodules in
           computed tomography images: The {LUNA16} challenge},
  author = {Setio, Arnaud Arindra Adiyoso and Traverso, Alberto and de Bel, Thomas and others},
  journal = {Medical Image Analysis}, volume = {42}, pages = {1--13}, year = {2017},
  doi = {10.1016/j.media.2017.06.015}
}
""",
    expected={"cases": 888, "subjects": 888},
    find_cases=find_cases,
    markers=("seg-lungs*", "*/seg-lungs*"),
    downloads=tuple(
        Download(f"https://zenodo.org/records/{record}/files/{name}.zip?download=1", name=f"{name}.zip")
        for record, names in _ARCHIVES.items()
        for name in names
    ),
    pitfalls=(
        "The masks are an algorithm's and were not meant as a reference; nodules have no masks here.",
        "Which of the sides 3 and 4 is the left lung is not documented: the centroid in world coordinates tells.",
        "Some scans are stored with x and y reversed; they are shown upright like all others.",
        "Values below -1024 lie outside of the field of view; with min-max over the volume they darken the rest.",
    ),
    unverified=(
        "That value 5 is the trachea with the main airways.",
        "That no two scans show the same person.",
        "Which of the two Zenodo records holds which subset.",
    ),
)
