"""The neutral layout: images and masks of one label paired by stem, for data without a published layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Reader
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Picture, volume

#: To be shown as ``Source.layout``.
LAYOUT = """
images/<stem>.<ext> ...   volumes: nii, nii.gz, hdr with img, mhd with raw, mha, nrrd, nhdr, gipl;
                          pictures: png, jpg, tif, bmp
masks/<stem>.<ext> ...    the same stems; what is not zero is the label (in a jpg: what is above 127)
"""
#: What users of the layout must be told.
OURS = "No layout is published: images/ and masks/ with equal stems is a layout of this package's own."
#: The layout's ``Source.markers``.
MARKERS = ("masks/*.*",)

_FILE = r"([^.].*?)\.(?:nii|nii\.gz|hdr|mhd|mha|nrrd|nhdr|gipl|gipl\.gz|png|jpe?g|tiff?|bmp)"
_LOSSY = (".jpg", ".jpeg")
_PICTURES = (*_LOSSY, ".png", ".tif", ".tiff", ".bmp")


def neutral_cases(root: Path, label: str, modality: str, *, subject: str = r".+") -> Iterator[Case]:
    """Yield a case for every mask of the neutral layout; images without one are unlabelled.

    Args:
        root: the folder that holds ``images`` and ``masks``.
        label: name of the one label.
        modality: canonical name.
        subject: pattern of the beginning of a stem that names the patient; a stem without it is one of its own.
    """
    images, masks = (named(root.glob(f"{folder}/*"), _FILE) for folder in ("images", "masks"))
    for stem, image, mask in pairs(images, masks):
        patient = re.match(subject, stem)
        # JPEG makes zeros near an edge into small numbers.
        threshold = 127 if mask.suffix.lower() in _LOSSY else 0
        yield Case(
            case_id=_plain(stem),
            subject_id=_plain(patient[0] if patient else stem),
            modality=modality,
            image=Picture(image) if _is_picture(image) else volume(image),
            annotations=(Annotation(_mask(mask), label=label, threshold=threshold),),
        )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _PICTURES


def _mask(path: Path) -> Reader:
    return Picture(path, channels="max") if _is_picture(path) else volume(path)


def _plain(stem: str) -> str:
    """A stem in the characters of an id; other scripts by the number of each character, so that ids stay apart."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", stem.encode("ascii", "backslashreplace").decode("ascii"))
