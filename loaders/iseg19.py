"""iSeg-2019: T1- and T2-weighted MRI of six-month-old infants' brains, Analyze pairs, three tissues."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import volume
from cosmos_datasets.source import Label, Source

_TRAINING = r"(subject-(?:[1-9]|10))"
_SUFFIX = r"\.(?:hdr|nii|nii\.gz)"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield both sequences of the ten training subjects; subjects 11 and up have no public labels."""
    files = list(root.glob("subject-*"))
    labels = named(files, rf"{_TRAINING}-label{_SUFFIX}")
    for sequence in ("T1", "T2"):
        images = named(files, rf"{_TRAINING}-{sequence}{_SUFFIX}")
        for subject, image, label in pairs(images, labels, every_image=True):
            yield Case(
                case_id=f"{subject}-{sequence}",
                subject_id=subject,
                modality=f"{sequence}W MRI",
                image=volume(image),
                annotations=(Annotation(volume(label)),),
            )


SOURCE = Source(
    id="iseg19",
    title="iSeg-2019 (6-month infant brain MRI segmentation)",
    homepage="https://iseg2019.web.unc.edu/",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "Register on https://iseg2019.web.unc.edu/, download iSeg-2019-Training and unpack it; the validation and "
        "testing archives hold no labels. iSeg-2017-Training holds the same ten subjects and is read too."
    ),
    modalities=("T1W MRI", "T2W MRI"),
    labels=(
        Label("cerebrospinal_fluid", "cerebrospinal_fluid", 10),
        Label("gray_matter", "gray_matter", 150),
        Label("white_matter", "white_matter", 250),
    ),
    layout="""
iSeg-2019-Training/
  subject-1-T1.hdr, subject-1-T1.img
  subject-1-T2.hdr, subject-1-T2.img
  subject-1-label.hdr, subject-1-label.img
  ... subject-10-label.img
""",
    citation="""
@article{sun2021iseg,
  title = {Multi-Site Infant Brain Segmentation Algorithms: The {iSeg-2019} Challenge},
  author = {Sun, Y. and Gao, K. and Wu, Z. and others}, journal = {IEEE Transactions on Medical Imaging},
  volume = {40}, number = {5}, pages = {1363--1376}, year = {2021}, doi = {10.1109/TMI.2021.3055428}
}
@article{wang2019iseg,
  title = {Benchmark on automatic six-month-old infant brain segmentation algorithms: the {iSeg-2017} challenge},
  author = {Wang, L. and others}, journal = {IEEE Transactions on Medical Imaging},
  volume = {38}, number = {9}, pages = {2219--2230}, year = {2019}, doi = {10.1109/TMI.2019.2901712}
}
""",
    expected={"cases": 20, "subjects": 10},
    find_cases=find_cases,
    markers=("subject-*-label.*",),
    pitfalls=(
        "Both files of an Analyze pair are needed; its header has a fourth axis of length 1.",
        "Analyze states no orientation: slices along the last axis are taken as axial, and left and right may be "
        "exchanged.",
        "The two sequences of a subject share one label map, so each mask occurs twice.",
        "iSeg-2017 has the same training subjects.",
    ),
    unverified=("The reference of iSeg-2017.",),
)
