"""Chest CT Segmentation (Kaggle): axial slices as JPEG, the mask of each class in a colour channel of its own."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Reader
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, named
from cosmos_datasets.readers import Picture, Refused
from cosmos_datasets.readers.picture import Channels
from cosmos_datasets.source import Label, Source
from cosmos_datasets.tables import file_name, notice_absent, read_table, unnamed

_CHANNELS: dict[str, Channels] = {"lung": "blue", "heart": "green", "trachea": "red"}
#: Lossy compression leaves traces below.
_THRESHOLD = 239


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the slices of ``train.csv``, the only link between images and masks, that were downloaded.

    Raises:
        TableError: if the table is damaged, or cut short.
    """
    images, masks = ({name.casefold(): path for name, path in _files(root / kind)} for kind in ("images", "masks"))
    rows = read_table(root / "train.csv", "ImageId", "MaskId")
    table = dict.fromkeys((file_name(row["ImageId"]), file_name(row["MaskId"])) for row in rows)
    notice_absent("train.csv", {image for image, _ in table if image.casefold() not in images}, {})
    for name in unnamed("train.csv", {image.casefold() for image, _ in table}, list(images)):
        notice("error", "train.csv does not name an image, so that it has no mask; it is left out", images[name])
    times = Counter(name for row in table for name in row)
    for image, mask in dict(list(table)).items():
        if image.casefold() in images or mask.casefold() in masks:
            yield _slice(
                image,
                images.get(image.casefold(), root / "images" / image),
                masks.get(mask.casefold(), root / "masks" / mask),
                is_paired_twice=max(times[image], times[mask]) > 1,
            )


def _files(folder: Path) -> Iterable[tuple[str, Path]]:
    return named(below(folder), r"(.+\.jpe?g)").items()


def _slice(name: str, image: Path, mask: Path, *, is_paired_twice: bool) -> Case:
    slice_id = Path(name).stem
    annotations = (
        Annotation(Picture(mask, channel), label=label, threshold=_THRESHOLD) for label, channel in _CHANNELS.items()
    )
    reader: Reader = Picture(image)
    if is_paired_twice:
        reader = Refused((image,), f"{image}: train.csv pairs the image or its mask with several others.")
    return Case(slice_id, slice_id.rpartition("_")[0], "CT", reader, tuple(annotations))


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
