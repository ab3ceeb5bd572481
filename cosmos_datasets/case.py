"""A case: one labelled scan or picture, described before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cosmos_datasets.grid import Grid
from cosmos_datasets.source import Plane

Split = Literal["train", "validation", "test"]


class Reader(Protocol):
    """Reads one image or label map on demand; see :mod:`cosmos_datasets.readers` for the formats.

    A reader is a small frozen dataclass: it can be pickled to a worker, compared and hashed.
    """

    @property
    def files(self) -> tuple[Path, ...]:
        """The files it will open, in order."""
        ...

    def read(self) -> Grid:
        """Decode them; raises :class:`~cosmos_datasets.errors.CaseError` naming the file if that fails."""
        ...


@dataclass(frozen=True)
class Annotation:
    """Where labels are stored and what their values mean.

    Attributes:
        reader: delivers an integer array on the grid of the image, or on a grid of its own.
        table: which encoding of the source gives the values their meaning (``Label.table``).
        label: if given, every pixel above ``threshold`` belongs to this label and ``table`` is not used.
        threshold: see ``label``; grey values that are not above it are background.
        instances: every value above zero is an instance of ``label``. The union is added as instance 0.
        rater: who drew it, from 0; -1 where there is one reference.
        on_image_grid: the labels lie on the image's own pixels whatever their header says (pictures beside a DICOM
            series; headers known to be wrong). Otherwise the two are brought together by world coordinates.
    """

    reader: Reader
    table: str = ""
    label: str | None = None
    threshold: float = 0
    instances: bool = False
    rater: int = -1
    on_image_grid: bool = False


@dataclass(frozen=True)
class Case:
    """One labelled scan or picture of a source.

    Attributes:
        case_id: official name, ASCII without spaces, unique in the source: ``patient001_frame01``. A ``/`` groups:
            ``Task04_Hippocampus/hippocampus_001``.
        subject_id: whom it shows; several cases may share one.
        modality: canonical name.
        image: delivers the image.
        annotations: deliver the labels, in the order in which the masks are to appear.
        split: the official one where labels are public, else ``train``.
        group: what must stay in one split and one fold, across sources: ``<source>/<subject_id>`` unless scans are
            shared with another source.
        plane: viewing plane, where it differs from the source's.
        release: which release of the source the files are from (``v2``); empty where there is one.
    """

    case_id: str
    subject_id: str
    modality: str
    image: Reader
    annotations: tuple[Annotation, ...]
    split: Split = "train"
    group: str = ""
    plane: Plane | None = None
    release: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every raw file of the case, the image first, each once."""
        readers = (self.image, *(annotation.reader for annotation in self.annotations))
        return tuple(dict.fromkeys(path for reader in readers for path in reader.files))
