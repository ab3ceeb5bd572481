"""SKI10: MRI of the knee with the bones and cartilages of femur and tibia."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import volume
from cosmos_datasets.source import Label, Source

#: The training image with the highest number; those of the test go on from there.
_LAST = 100


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every labelled knee; test images have no labels."""
    files = list(below(root, "*-[0-9]*"))
    images, labels = (named(files, rf"{kind}-(\d{{3}})\.(?:mhd|nii|nii\.gz)") for kind in ("image", "labels"))
    training = ({number: path for number, path in some.items() if int(number) <= _LAST} for some in (images, labels))
    for number, image, label in pairs(*training, every_image=True):
        annotation = Annotation(volume(label), on_image_grid=True)
        yield Case(f"image-{number}", f"image-{number}", "MRI", volume(image), (annotation,))


SOURCE = Source(
    id="ski10",
    title="SKI10 (Segmentation of Knee Images, MICCAI 2010)",
    homepage="https://ski10.grand-challenge.org/",
    licence="custom: rules of the challenge, which forbid redistribution and other uses",
    redistributable="no",
    access="account",
    obtain=(
        "Register at https://ski10.grand-challenge.org/ (reported closed) and download the training images and "
        "labels. A copy as NIfTI lies at https://huggingface.co/datasets/YongchengYAO/SKI10 (SKI10.zip); whether you "
        "may use it under the challenge's rules is yours to judge."
    ),
    modalities=("MRI",),
    labels=(
        Label("femur", "femur", 1),
        Label("femoral_cartilage", "knee_cartilage", 2),
        Label("tibia", "tibia", 3),
        Label("tibial_cartilage", "knee_cartilage", 4),
    ),
    layout="""
SKI10/                        the copy as NIfTI: image/image-001.nii, label/labels-001.nii
  image-001.mhd, image-001.raw, labels-001.mhd, labels-001.raw
  ...
  image-100.mhd, image-100.raw, labels-100.mhd, labels-100.raw
""",
    citation="""
@inproceedings{heimann2010ski10,
  title = {Segmentation of Knee Images: A Grand Challenge},
  author = {Heimann, Tobias and Morrison, Bryan J. and Styner, Martin A. and Niethammer, Marc and Warfield, Simon K.},
  booktitle = {MICCAI Workshop on Medical Image Analysis for the Clinic}, pages = {207--214}, year = {2010}
}
""",
    expected={"cases": 100, "subjects": 100},
    find_cases=find_cases,
    markers=tuple(f"{above}labels-[0-9]*.[mn]*" for above in ("", "*/", "*/*/")),
    plane="acquired",
    pitfalls=(
        "Images are called image-, labels labels- with an s.",
        "The patella is not labelled.",
        "The copy as NIfTI calls itself CC BY-NC-SA 4.0, against the rules of the challenge.",
    ),
    unverified=(
        "Left and right knees are mixed; scanners and weighting differ between sites (mostly T1, some T2*).",
        "That headers state the direction of the sagittal slices; slices are taken along the file's last axis.",
    ),
)
