"""AMOS 2022: abdominal CT and MRI with fifteen organs, as NIfTI volumes and label maps of the same name."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import below, inside, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Label, Source

_NAME = r"(amos_\d{4})\.nii(?:\.gz)?"
#: Test labels were never published: what lies in a ``labelsTs`` is somebody's prediction.
_PARTS: tuple[tuple[str, Split], ...] = (("Tr", "train"), ("Va", "validation"))
_LAST_CT = 500
#: Some copies keep each part in a folder of its own.
_ABOVE = ("", "*/")
#: In the order of the label values, from 1.
_ORGANS = """
spleen kidney_right kidney_left gallbladder esophagus liver stomach aorta inferior_vena_cava pancreas
adrenal_gland_right adrenal_gland_left duodenum urinary_bladder prostate_or_uterus
"""


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the labelled cases of the training part and, where its labels are there, of the validation part."""
    files = list(below(root, "amos_*"))
    for part, split in _PARTS:
        images, labels = (named(inside(files, f"{kind}{part}"), _NAME) for kind in ("images", "labels"))
        for name, image, label in pairs(images, labels):
            yield Case(
                case_id=name,
                subject_id=name,
                modality="CT" if int(name[-4:]) <= _LAST_CT else "MRI",
                image=Nifti(image),
                annotations=(Annotation(Nifti(label), on_image_grid=True),),
                split=split,
            )


SOURCE = Source(
    id="amos22",
    title="AMOS 2022 (Abdominal Multi-Organ Segmentation)",
    homepage="https://amos22.grand-challenge.org/",
    licence="CC-BY-4.0",
    redistributable="yes",
    access="open",
    obtain="Download amos22.zip from https://zenodo.org/records/7155725 (or the later record 7262581) and unpack it.",
    modalities=("CT", "MRI"),
    labels=tuple(
        Label(organ, re.sub("_(left|right)$", "", organ), value) for value, organ in enumerate(_ORGANS.split(), 1)
    ),
    layout="""
amos22/
  imagesTr/amos_0001.nii.gz ...   CT up to number 500, MRI above
  labelsTr/amos_0001.nii.gz ...
  imagesVa/amos_0008.nii.gz ...
  labelsVa/amos_0008.nii.gz ...   not in copies made during the challenge
  imagesTs/amos_0002.nii.gz ...   without labels, not used
""",
    citation="""
@inproceedings{ji2022amos,
  title = {{AMOS}: A Large-Scale Abdominal Multi-Organ Benchmark for Versatile Medical Image Segmentation},
  author = {Ji, Yuanfeng and Bai, Haotian and Ge, Chongjian and Yang, Jie and Zhu, Ye and Zhang, Ruimao and others},
  booktitle = {NeurIPS Datasets and Benchmarks}, year = {2022}, eprint = {2206.08023}
}
""",
    expected={"cases": 360, "subjects": 360, "CT": 300, "MRI": 60},
    find_cases=find_cases,
    markers=tuple(f"{above}labels[TV][ra]/amos_*" for above in _ABOVE),
    downloads=(
        Download(
            "https://zenodo.org/records/7155725/files/amos22.zip",
            sha256="d2fbf2c31abba9824d183f05741ce187b17905b8cca64d1078eabf1ba96775c2",
        ),
    ),
    pitfalls=(
        "The 240 test scans have no public labels; a labelsTs found in some copies is not read.",
        "Volumes are stored in several orientations and MR matrices go down to 192 x 60 x 64.",
        "Bladder and prostate or uterus hardly occur in the MR scans; the two organs of label 15 are not told apart.",
    ),
    unverified=("The licence is stated by a redistributor of the Zenodo release.",),
)
