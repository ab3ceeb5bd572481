"""Chest CT Segmentation (Kaggle): axial slices as JPEG, the mask of each class in a colour channel of its own."""

import csv
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below
from cosmos_datasets.readers import Picture
from cosmos_datasets.readers.picture import Channels
from cosmos_datasets.source import Label, Source

_CHANNELS: dict[str, Channels] = {"lung": "blue", "heart": "green", "trachea": "red"}
#: Lossy compression leaves traces below.
_THRESHOLD = 239


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the slices of ``train.csv``, the only link between images and masks, that were downloaded."""
    images, masks = ({path.name: path for path in below(root / kind)} for kind in ("images", "masks"))
    with (root / "train.csv").open(encoding="utf-8-sig", newline="") as file:
        table = [(row.get("ImageId", ""), row.get("MaskId", "")) for row in csv.DictReader(file)]
    for image, mask in table:
        if image in images or mask in masks:
            slice_id, path = Path(image).stem, masks.get(mask, root / "masks" / mask)
            yield Case(
                case_id=slice_id,
                subject_id=slice_id.rpartition("_")[0],
                modality="CT",
                image=Picture(images.get(image, root / "images" / image)),
                annotations=tuple(
                    Annotation(Picture(path, channel), label=name, threshold=_THRESHOLD)
                    for name, channel in _CHANNELS.items()
                ),
            )


SOURCE = Source(
    id="chest_ct_segmentation",
    title="Chest CT Segmentation (Kaggle, polomarco)",
    homepage="https://www.kaggle.com/datasets/polomarco/chest-ct-segmentation",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "Sign in to Kaggle, download https://www.kaggle.com/datasets/polomarco/chest-ct-segmentation and unpack it: "
        "images, masks and train.csv. The numpy files are Python pickles: they are not needed, and never opened."
    ),
    modalities=("CT",),
    labels=tuple(Label(name, name) for name in _CHANNELS),
    layout="""
train.csv                                                    columns ImageId, MaskId
images/images/ID00007637202177411956430_0.jpg ...            or images/ID...
masks/masks/ID00007637202177411956430_mask_0.jpg ...         or masks/ID...
""",
    citation="""
@misc{konya2020lung,
  title = {Lung segmentation dataset}, author = {K{\\'o}nya and others}, year = {2020},
  howpublished = {Kaggle, sandorkonya/ct-lung-heart-trachea-segmentation}
}
""",
    expected={"cases": 16708, "subjects": 110},
    find_cases=find_cases,
    markers=("train.csv",),
    plane="native",
    pitfalls=(
        "Blue is the lung, green the heart, red the trachea; read as BGR, lung and trachea change places.",
        "Masks are JPEG: only values of 240 and more count.",
        "About one scan in five has no mask of the heart, so that its absence says nothing.",
        "Slices are 8 bit already; the window is not stated. There is no official split.",
    ),
    unverified=(
        "Counts: 14,910 + 1,798 slices by a user of the parent data, from about 110 scans.",
        "That the name of a slice begins with its scan's id, and that a scan is a patient.",
    ),
)
