"""The neutral layout: images and masks of one label paired by stem, for data without a published layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosmos_datasets.case import Annotation, Case, Reader
from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
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
#: The layout's ``Source.markers``; with them goes ``Source.only_named``.
MARKERS = ("masks/*.*",)

_FILE = r"([^.].*?)\.(?:nii|nii\.gz|hdr|mhd|mha|nrrd|nhdr|gipl|gipl\.gz|png|jpe?g|tiff?|bmp)"
_LOSSY = (".jpg", ".jpeg")
_PICTURES = (*_LOSSY, ".png", ".tif", ".tiff", ".bmp")
#: Modalities without colours.
_GREY = re.compile("CT|MR|X-ray")
#: Colours may be drawn into a corner of a slice: a pixel has one where its channels differ by more than this, and a
#: picture where more than this share of its pixels have.
_COLOUR, _COLOURED = 16, 0.01


@dataclass(frozen=True)
class _GreyPicture:
    """A slice of a scan as a picture: one in colours is something else, whatever its folder is called."""

    picture: Picture
    modality: str

    @property
    def files(self) -> tuple[Path, ...]:
        return self.picture.files

    def read(self) -> Grid:
        grid = self.picture.read()
        if grid.array.ndim == 3 and (np.ptp(grid.array, axis=-1) > _COLOUR).mean() > _COLOURED:
            raise CaseError(
                f"{self.picture.path}: a picture in colours is no {self.modality}; is this another publisher's folder?"
            )
        return grid


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
            image=_image(image, modality),
            annotations=(Annotation(_mask(mask), label=label, threshold=threshold),),
        )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _PICTURES


def _image(path: Path, modality: str) -> Reader:
    if not _is_picture(path):
        return volume(path)
    return _GreyPicture(Picture(path), modality) if _GREY.search(modality) else Picture(path)


def _mask(path: Path) -> Reader:
    return Picture(path, channels="max") if _is_picture(path) else volume(path)


def _plain(stem: str) -> str:
    """A stem in the characters of an id; other scripts by the number of each character, so that ids stay apart."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", stem.encode("ascii", "backslashreplace").decode("ascii"))
