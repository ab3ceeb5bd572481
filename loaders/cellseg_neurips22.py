"""NeurIPS 2022 Cell Segmentation Challenge: microscopy pictures in many formats, one instance map each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Download, Label, Source

#: Official name of a labelled part -> the names of its folder once only its letters are kept, and its split.
_PARTS: dict[str, tuple[re.Pattern[str], Split]] = {
    "Training-labeled": (re.compile(r"train(ing)?labell?ed"), "train"),
    "Tuning": (re.compile(r"tuning(set)?"), "validation"),
    "Testing/Public": (re.compile(r"public"), "test"),
}
_LABEL_NAME = re.compile(r"([A-Za-z0-9]\w*)_label\.(tiff?|png)", re.IGNORECASE)
#: Formats in order of preference, should one stem come twice: what loses nothing first.
_SUFFIXES = (".tif", ".tiff", ".png", ".bmp", ".jpg", ".jpeg")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every label map of the training, tuning and public testing parts.

    Args:
        root: the folder of the parts, or one part.

    Raises:
        LayoutError: if a label map has no picture.
    """
    for depth in ("", "*/", "*/*/", "*/*/*/"):
        for labels in sorted(root.glob(f"{depth}labels")):
            part = _part(labels)
            if part is None:
                continue
            images = _by_stem(labels.parent / "images")
            for path in sorted(labels.iterdir()):
                if match := _LABEL_NAME.fullmatch(path.name):
                    if match[1] not in images:
                        raise LayoutError(
                            f"{path} has no picture: {labels.parent / 'images'}/{match[1]}.* is missing; "
                            "unpack the archive again."
                        )
                    yield _case(part, match[1], images[match[1]], path)


def _case(part: str, stem: str, image: Path, labels: Path) -> Case:
    case_id = f"{part}/{stem}"
    return Case(
        case_id=case_id,
        subject_id=case_id,
        modality="Histopathology",
        image=Picture(image),
        annotations=(Annotation(Picture(labels, channels="index"), label="cell", instances=True),),
        split=_PARTS[part][1],
    )


def _part(labels: Path) -> str | None:
    """Name the part that a folder of labels belongs to, by the folder around it; None if that is no part."""
    letters = re.sub(r"[^a-z]", "", labels.parent.absolute().name.lower())
    return next((part for part, (pattern, _) in _PARTS.items() if pattern.fullmatch(letters)), None)


def _by_stem(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        suffix, stem = path.suffix.lower(), path.name.partition(".")[0]
        if stem and suffix in _SUFFIXES:
            known = found.setdefault(stem, path)
            if _SUFFIXES.index(suffix) < _SUFFIXES.index(known.suffix.lower()):
                found[stem] = path
    return found


SOURCE = Source(
    id="cellseg_neurips22",
    title="NeurIPS 2022 Cell Segmentation Challenge (multi-modality microscopy)",
    homepage="https://neurips22-cellseg.grand-challenge.org/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "Download Training-labeled.zip, Tuning.zip and Testing.zip from https://zenodo.org/records/10719375 "
        "and unpack them into one folder. The two archives of unlabelled pictures are not needed."
    ),
    modalities=("Histopathology",),
    labels=(Label("cell", "cell"),),
    layout="""
Training-labeled/
  images/cell_00001.bmp, cell_00002.png, cell_00500.tif ...
  labels/cell_00001_label.tiff ... cell_01000_label.tiff
Tuning/
  images/cell_00001.tif ...
  labels/cell_00001_label.tiff ...
Testing/Public/
  images/OpenTest_001.png ...
  labels/OpenTest_001_label.tiff ...
Testing/Hidden/    not used
""",
    citation="""
@article{ma2024multimodality,
  title   = {The multimodality cell segmentation challenge: toward universal solutions},
  author  = {Ma, Jun and Xie, Ronald and Ayyadhury, Shamini and others},
  journal = {Nature Methods},
  volume  = {21},
  pages   = {1103--1113},
  year    = {2024},
  doi     = {10.1038/s41592-024-02233-6}
}
""",
    expected={"cases": 1152, "Training-labeled": 1000, "Tuning": 101},
    find_cases=find_cases,
    markers=(
        "Training-labeled",
        "Tuning",
        "Testing/Public",
        "Testing/Testing",
        "[Tt]rain*[Ll]abel*",
        "labels",
    ),
    plane="native",
    downloads=(
        Download(
            "https://zenodo.org/records/10719375/files/Training-labeled.zip",
            sha256="b2383929eb8e99b2716fa0d4e2f6e03983e626a57cf00fe85175869c54aa3592",
        ),
        Download(
            "https://zenodo.org/records/10719375/files/Tuning.zip",
            sha256="849423d36bb8fcc2d91a5b189a3b6d93c3d4071c9701eaaa44ba393a510459c4",
        ),
        Download(
            "https://zenodo.org/records/10719375/files/Testing.zip",
            sha256="3379730221f43830d30fddf131750e967c9c9bdf04f98811e852a050eb659ccc",
        ),
    ),
    pitfalls=(
        "Training and tuning use the same file names (cell_00001) for different pictures: the case id tells the part.",
        "The format changes from picture to picture; some TIFFs put the channels first or use two of them, "
        "and depths of 8 and 16 bit are mixed.",
        "Cell numbers have gaps and exceed 255.",
        "Brightfield, fluorescence, phase-contrast and DIC pictures are filed under Histopathology, the "
        "nearest of the 18 modalities; no file says which is which.",
        "Testing/Hidden/osilab_seg carries the name of a team: these are taken as predictions and left out, "
        "as are the whole slides of Testing/Public.",
        "One more picture than labels was reported for training: only pictures with a label map are used.",
    ),
    unverified=(
        "The licence: CC BY-NC-ND 4.0 is reported, which forbids sharing derived data.",
        "The size of the public test part: 51 pictures, so 1152 cases in all.",
        "Whether the hidden test labels are a reference or a team's predictions.",
    ),
)
