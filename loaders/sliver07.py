"""SLIVER07: contrast-enhanced CT of the liver, as MetaImage volumes and binary masks."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import volume
from cosmos_datasets.source import Download, Label, Source

#: The folder above scans and labels is the root.
_ABOVE = ("", "*/", "*/*/", "*/*/*/")
_TEST = re.compile(r"(?<![a-z])test", re.IGNORECASE)
#: Some archives tell training scans from test scans, which have the same names, by a suffix.
_ENDING = r"(?:_train)?\.(?:mhd|mha|nii|nii\.gz)"
#: Archive and its checksum; the one of the test scans is not fetched.
_ARCHIVES = {
    "training-scans": "caf4e43650050543ec59a07c2cb983faa023696dbe3f958019bfa025f13dc6c3",
    "training-labels": "72c41c299ce1392cf810424268186518157c14c361e7dc2220657b1cf7173d78",
}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the training cases; folders of test scans, which reuse the first ten names, are passed over."""
    found = (path for above in _ABOVE for path in root.glob(f"{above}liver-*"))
    files = [path for path in found if not _TEST.search(str(path.relative_to(root)))]
    images, labels = (named(files, rf"liver-{kind}(\d{{3}}){_ENDING}") for kind in ("orig", "seg"))
    for number, image, label in pairs(images, labels, every_image=True):
        name = f"liver-orig{number}"
        annotation = Annotation(volume(label), label="liver", on_image_grid=True)
        yield Case(name, name, "CT", volume(image), (annotation,))


SOURCE = Source(
    id="sliver07",
    title="SLIVER07 (Segmentation of the Liver, MICCAI 2007)",
    homepage="https://sliver07.grand-challenge.org/",
    licence="custom, for research on liver segmentation only; the rules forbid redistribution of the data and what is "
    "derived from it",
    redistributable="no",
    access="open",
    obtain=(
        "Download the training scans and training labels from https://zenodo.org/records/2597908 (or register at "
        "https://sliver07.grand-challenge.org/) and unpack them into one folder. Keep test scans apart."
    ),
    modalities=("CT",),
    labels=(Label("liver", "liver"),),
    layout="""
training-scans/
  liver-orig001.mhd, liver-orig001.raw ... liver-orig020.raw
training-labels/
  liver-seg001.mhd, liver-seg001.raw ... liver-seg020.raw      (or both kinds in training-part1 ...)
test-scans/
  liver-orig001.mhd ...          other scans under the same names, not used
""",
    citation="""
@article{heimann2009sliver07,
  title = {Comparison and Evaluation of Methods for Liver Segmentation From {CT} Datasets},
  author = {Heimann, Tobias and van Ginneken, Bram and Styner, Martin A. and Arzhaeva, Yulia and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {28}, number = {8}, pages = {1251--1265}, year = {2009},
  doi = {10.1109/TMI.2009.2013851}
}
""",
    expected={"cases": 20, "subjects": 20, "slices": 4159},
    find_cases=find_cases,
    markers=tuple(f"{above}liver-seg[0-9][0-9][0-9]*" for above in _ABOVE),
    downloads=tuple(
        Download(f"https://zenodo.org/records/2597908/files/{name}.zip?download=1", sha256, name=f"{name}.zip")
        for name, sha256 in _ARCHIVES.items()
    ),
    pitfalls=(
        "Test scans are named liver-orig001 to 010 like the first training scans: only the folder tells them apart.",
        "Every header names its .raw file: move both together and rename neither.",
        "Headers hold little geometry; some volumes are reported to be mirrored, with their masks.",
        "The rules of the challenge forbid passing on the data or anything derived from it, so never publish a build.",
    ),
    unverified=("That the Zenodo record can be had without an account.", "The DOI of the citation."),
)
