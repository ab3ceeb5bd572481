"""The real data that the model is judged on, and never trained, tuned or stopped by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.build.run import build
from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.loaders import cellseg_neurips22, msd, totalsegmentator
from cosmos_datasets.readers import ItkImage
from cosmos_datasets.source import Label, Source

_PAIRS = {"lung2": ("CT", "lung_tumor"), "brain1": ("T1W MRI", "brain_tumor")}


def _pairs(root: Path) -> Iterator[Case]:
    for name, (modality, label) in _PAIRS.items():
        image, mask = (ItkImage(root / f"{name}_{what}.nrrd") for what in ("image", "label"))
        yield Case(name, name, modality, image, (Annotation(mask, label=label),))


#: Two volumes with one outlined object each. What the outlines are is not stated; the names are by place and size,
#: and the brain's sequence is a guess. Neither changes a score.
NRRD_PAIRS = Source(
    id="nrrd_pairs",
    title="Test volumes of pyradiomics",
    homepage="https://pyradiomics.readthedocs.io/",
    licence="BSD-3-Clause",
    redistributable="yes",
    access="open",
    obtain="They are in the folder data of the source distribution of pyradiomics 3.1.0.",
    modalities=("CT", "T1W MRI"),
    labels=(Label("lung_tumor", "lung_tumor"), Label("brain_tumor", "brain_tumor")),
    layout="lung2_image.nrrd, lung2_label.nrrd, brain1_image.nrrd, brain1_label.nrrd",
    citation="",
    expected={},
    find_cases=_pairs,
    markers=("lung2_image.nrrd",),
    plane="acquired",
)

#: Name of the tree's folder -> its source.
TREES = {
    "totalsegmentator": totalsegmentator.SOURCE,
    "msd": msd.SOURCE,
    "nrrd_pairs": NRRD_PAIRS,
    "cellseg_neurips22": cellseg_neurips22.SOURCE,
}


def build_tree(name: str, real: Path, work: Path) -> Path:
    """Build one tree into a data set folder of its own, with the product's own defaults.

    Args:
        name: one of :data:`TREES`.
        real: the folder of all trees.
        work: where the data sets go.

    Returns:
        The data set.
    """
    out = work / name
    build(TREES[name], real / name, out)
    return out
