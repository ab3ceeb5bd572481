"""KiPA22: CT angiography cropped around one kidney, with its vessels and tumour, as NIfTI volumes."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

_NAME = r"(\d{1,3})\.nii(?:\.gz)?"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the training cases, called by their numbers; the open test part has no labels."""
    folder = root / "train" if (root / "train").is_dir() else root
    images, labels = (named(folder.glob(f"{kind}/*"), _NAME) for kind in ("image", "label"))
    for number, image, label in pairs(images, labels, every_image=True):
        yield Case(number, number, "CT", Nifti(image), (Annotation(Nifti(label), on_image_grid=True),))


SOURCE = Source(
    id="kipa22",
    title="KiPA22 (Kidney Parsing Challenge 2022)",
    homepage="https://kipa22.grand-challenge.org/",
    licence="unknown (CC-BY-NC-4.0 according to a third party)",
    redistributable="no",
    access="account",
    obtain="Register at https://kipa22.grand-challenge.org/, download train.zip and unpack it.",
    modalities=("CT",),
    labels=(
        Label("renal_vein", "renal_vein", 1),
        Label("kidney", "kidney", 2),
        Label("renal_artery", "renal_artery", 3),
        Label("kidney_tumor", "kidney_tumor", 4),
    ),
    layout="""
train/
  image/0.nii.gz ... 69.nii.gz
  label/0.nii.gz ... 69.nii.gz
test/image/70.nii.gz ...          without labels, not used
""",
    citation="""
@article{he2021meta,
  title = {Meta grayscale adaptive network for {3D} integrated renal structures segmentation},
  author = {He, Yuting and Yang, Guanyu and Yang, Jian and Ge, Rongjun and Kong, Youyong and Zhu, Xiaomei and others},
  journal = {Medical Image Analysis}, volume = {71}, pages = {102055}, year = {2021}
}
@article{he2020dense,
  title = {Dense biased networks with deep priori anatomy and hard region adaptation: Semi-supervised learning for fine
           renal artery segmentation},
  author = {He, Yuting and Yang, Guanyu and Yang, Jian and Chen, Yang and Kong, Youyong and Wu, Jiasong and others},
  journal = {Medical Image Analysis}, volume = {63}, pages = {101722}, year = {2020}
}
""",
    expected={"cases": 70, "subjects": 70},
    find_cases=find_cases,
    markers=("train/label/[0-9]*.nii*", "label/[0-9]*.nii*"),
    pitfalls=(
        "Values are HU + 1024, about 0 to 2500, as unsigned integers whose header gives no scale: the centre of a "
        "window must be 1024 higher than in HU.",
        "Numbers have no leading zeros, so a list by name runs 0, 1, 10, 11, 2.",
        "Volumes show the surroundings of one kidney, not the abdomen; all four structures occur in every case.",
    ),
    unverified=("That stored values are HU + 1024: a user's conclusion from the peaks of fat and soft tissue.",),
)
