"""TN-SCUI 2020: ultrasound pictures of the thyroid, each with a mask of its nodule."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the training pictures, each of which has a mask."""
    images, masks = (named(root.glob(f"{kind}/*"), r"(\d+)\.(?:png|bmp)") for kind in ("image", "mask"))
    for number, image, mask in pairs(images, masks, every_image=True):
        annotation = Annotation(Picture(mask, channels="max"), label="thyroid_nodule", threshold=127)
        yield Case(number, number, "Ultrasound", Picture(image), (annotation,))


SOURCE = Source(
    id="tn_scui20",
    title="TN-SCUI 2020 (Thyroid Nodule Segmentation and Classification in Ultrasound Images)",
    homepage="https://tn-scui2020.grand-challenge.org/",
    licence="unknown; the organisers are said to forbid passing the data on",
    redistributable="no",
    access="request",
    obtain=(
        "Join the challenge at https://tn-scui2020.grand-challenge.org/Home/, wait for approval, download "
        "TNSCUI2020_train.rar from https://tn-scui2020.grand-challenge.org/Source_links/ and unpack it (unrar or 7z)."
    ),
    modalities=("Ultrasound",),
    labels=(Label("thyroid_nodule", "thyroid_nodule"),),
    layout="""
TNSCUI2020_train/
  image/2.PNG, 3.PNG ...
  mask/2.PNG, 3.PNG ...
  train.csv                 benign or malignant, not used
""",
    citation="""
@misc{zhou2020tnscui,
  title = {Thyroid Nodule Segmentation and Classification in Ultrasound Images},
  author = {Zhou, Jianqiao and Jia, Xiaohong and Ni, Dong and Noble, Alison and Huang, Ruobing and others},
  publisher = {Zenodo}, year = {2020}, doi = {10.5281/zenodo.3715942}
}
""",
    expected={"cases": 3644, "subjects": 3644},
    find_cases=find_cases,
    markers=("mask/[0-9]*.[Pp][Nn][Gg]", "mask/[0-9]*.[Bb][Mm][Pp]"),
    plane="native",
    pitfalls=(
        "The 910 test pictures have no public masks.",
        "Files end in .PNG or .png, depending on the copy.",
        "Black borders and burned-in marks surround the scan.",
    ),
    unverified=("Numbers have gaps.", "That no two pictures show the same person."),
)
