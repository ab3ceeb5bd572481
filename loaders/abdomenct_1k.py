"""AbdomenCT-1K: a thousand CT scans of five earlier sets and one hospital, with four organs, as NIfTI volumes."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

#: The folder above all parts is the root; an archive may unpack into a folder of its own name.
_ABOVE = ("", "*/", "*/*/", "*/*/*/")
#: Folders of the packs that give cases of the same names other labels: pseudo tumours, and twelve organs.
_OTHER_PACK = re.compile(r"tumou?r|12.?organ", re.IGNORECASE)
#: The one scan whose origin is known: it occurs twice, and once more in LiTS.
_GROUPS = dict.fromkeys(("Case_00297", "Case_00928"), "lits/74")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the labelled cases; images may be split over any folders, those without a mask are passed over."""
    files = [path for path in below(root, "Case_*") if not _OTHER_PACK.search(str(path.relative_to(root)))]
    images, labels = (named(files, rf"(Case_\d{{5}}){ending}\.nii(?:\.gz)?") for ending in ("_0000", ""))
    for name, image, label in pairs(images, labels):
        annotation = Annotation(Nifti(label), on_image_grid=True)
        yield Case(name, name, "CT", Nifti(image), (annotation,), group=_GROUPS.get(name, ""))


SOURCE = Source(
    id="abdomenct_1k",
    title="AbdomenCT-1K (abdominal organ segmentation on a thousand CT scans)",
    homepage="https://github.com/JunMa11/AbdomenCT-1K",
    licence="unknown (the scans come from several sets with terms of their own)",
    redistributable="no",
    access="request",
    obtain=(
        "Fill in the form linked at https://github.com/JunMa11/AbdomenCT-1K, download the three image parts and the "
        "masks, and unpack them into one folder. They are reported to be Zenodo records 5903099, 5903846, 5903769."
    ),
    modalities=("CT",),
    labels=(
        Label("liver", "liver", 1),
        Label("kidney", "kidney", 2),
        Label("spleen", "spleen", 3),
        Label("pancreas", "pancreas", 4),
    ),
    layout="""
AbdomenCT-1K-ImagePart1/Case_00001_0000.nii.gz ...
AbdomenCT-1K-ImagePart2/Case_00335_0000.nii.gz ...
AbdomenCT-1K-ImagePart3/Case_00664_0000.nii.gz ...
Mask/Case_00001.nii.gz ...                 or labels/, labelsTr/; any folders will do
""",
    citation="""
@article{ma2022abdomenct1k,
  title = {{AbdomenCT-1K}: Is Abdominal Organ Segmentation a Solved Problem?},
  author = {Ma, Jun and Zhang, Yao and Gu, Song and Zhu, Cheng and Ge, Cheng and Zhang, Yichi and others},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence}, volume = {44}, number = {10},
  pages = {6695--6714}, year = {2022}, doi = {10.1109/TPAMI.2021.3100536}
}
""",
    expected={"cases": 1000, "subjects": 1000},
    find_cases=find_cases,
    markers=tuple(f"{above}Case_[0-9][0-9][0-9][0-9][0-9].nii*" for above in _ABOVE),
    pitfalls=(
        "The scans are those of LiTS, KiTS19, MSD Spleen, MSD Pancreas and NIH Pancreas-CT under numbers that the "
        "authors keep to themselves: do not train on one of these and test on the other.",
        "Matrix sizes, slice spacings (to 8 mm) and orientations differ from case to case.",
        "Spleens are absent in two cases; both kidneys share one value.",
        "The packs of pseudo tumours and of twelve organs reuse the names of cases; folders called so are not read.",
    ),
    related=("kits19", "kits21", "msd"),
    unverified=(
        "Which case lies in which image part, and the Zenodo records.",
        "A user reports that cases 297 and 928 are one scan, number 74 of LiTS; they share a group.",
    ),
)
