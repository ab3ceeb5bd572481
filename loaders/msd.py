"""Medical Segmentation Decathlon, all ten tasks: NIfTI volumes, two tasks with several sequences a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Label, Source


@dataclass(frozen=True)
class _Task:
    """What tells one task from the others.

    Attributes:
        name: official folder name.
        prefix: of its file names, before the number.
        modality: canonical name, for a task of 3D files.
        channels: for a task of 4D files, in the order of the last axis: end of the case id, modality.
        group: the source whose training scans these are under the same numbers, if any.
    """

    name: str
    prefix: str
    modality: str = ""
    channels: tuple[tuple[str, str], ...] = ()
    group: str = ""


_TASKS = (
    _Task(
        "Task01_BrainTumour",
        "BRATS",
        channels=(
            ("flair", "T2-FLAIR MRI"),
            ("t1w", "T1W MRI"),
            ("t1gd", "T1-GD MRI"),
            ("t2w", "T2W MRI"),
        ),
    ),
    _Task("Task02_Heart", "la", "MRI"),
    _Task("Task03_Liver", "liver", "CT", group="lits"),
    _Task("Task04_Hippocampus", "hippocampus", "T1W MRI"),
    _Task("Task05_Prostate", "prostate", channels=(("t2", "T2W MRI"), ("adc", "ADC MRI"))),
    _Task("Task06_Lung", "lung", "CT"),
    _Task("Task07_Pancreas", "pancreas", "CT"),
    _Task("Task08_HepaticVessel", "hepaticvessel", "CT"),
    _Task("Task09_Spleen", "spleen", "CT"),
    _Task("Task10_Colon", "colon", "CT"),
)
_BY_PREFIX = {task.prefix: task for task in _TASKS}
_VOLUME = re.compile(rf"((?P<prefix>{'|'.join(_BY_PREFIX)})_(?P<number>\d+))\.nii(\.gz)?")
#: Where a task's ``labelsTr`` may lie: the root is a task, holds tasks, or holds folders that hold one.
_LABELS = ("labelsTr", "*/labelsTr", "*/*/labelsTr", "*/*/*/labelsTr")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every labelled volume and sequence of every task found.

    A task is told by the names of its files, so that a renamed folder gives the same ids.

    Args:
        root: a task, or the parent of several.

    Raises:
        LayoutError: if a label has no image, or ``dataset.json`` pairs an image with an absent label.
    """
    for pattern in _LABELS:
        for folder in sorted(root.glob(pattern)):
            labels, images = _volumes(folder), _volumes(folder.parent / "imagesTr")
            _check_pairs(folder.parent, labels, images)
            for stem, label in labels.items():
                match = _VOLUME.fullmatch(label.name)
                if match is not None:
                    yield from _cases(_BY_PREFIX[match["prefix"]], match["number"], stem, images[stem], label)


def _cases(task: _Task, number: str, stem: str, image: Path, label: Path) -> Iterator[Case]:
    sequences: list[tuple[str, str, int | None]] = [("", task.modality, None)]
    if task.channels:
        sequences = [(f"/{name}", modality, at) for at, (name, modality) in enumerate(task.channels)]
    for suffix, modality, channel in sequences:
        yield Case(
            case_id=f"{task.name}/{stem}{suffix}",
            subject_id=stem,
            modality=modality,
            image=Nifti(image, channel),
            # Image and label always agree voxel by voxel; in some files the headers do not.
            annotations=(Annotation(Nifti(label), table=task.name, on_image_grid=True),),
            group=f"{task.group}/{int(number)}" if task.group else "",
        )


def _volumes(folder: Path) -> dict[str, Path]:
    """List the official volumes of a folder by stem; ``._*`` files of Mac archives do not match."""
    found = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if match := _VOLUME.fullmatch(path.name):
            found[match[1]] = path
    return found


def _check_pairs(task: Path, labels: dict[str, Path], images: dict[str, Path]) -> None:
    for stem, label in labels.items():
        if stem not in images:
            raise LayoutError(
                f"{label} has no image: {task / 'imagesTr'}/{stem}.nii.gz is missing; unpack the archive again."
            )
    for stem in sorted(_listed(task / "dataset.json") & images.keys() - labels.keys()):
        raise LayoutError(
            f"{images[stem]} has no label: {task / 'labelsTr'}/{stem}.nii.gz, which dataset.json lists, is "
            "missing; unpack the archive again."
        )


def _listed(path: Path) -> set[str]:
    """Stems of the training images in ``dataset.json``; empty if it is absent or not as published."""
    try:
        training = json.loads(path.read_text(encoding="utf-8-sig"))["training"]
        names = [Path(pair["image"]).name for pair in training]
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {match[1] for name in names if (match := _VOLUME.fullmatch(name))}


SOURCE = Source(
    id="msd",
    title="Medical Segmentation Decathlon (ten tasks)",
    homepage="http://medicaldecathlon.com/",
    licence="CC-BY-SA-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Download the tar archives of the tasks you want, e.g. "
        "https://msd-for-monai.s3-us-west-2.amazonaws.com/Task09_Spleen.tar, or all ten from the Google "
        "Drive folder linked at http://medicaldecathlon.com/, and unpack them into one folder."
    ),
    modalities=("CT", "MRI", "T1W MRI", "T2W MRI", "T1-GD MRI", "T2-FLAIR MRI", "ADC MRI"),
    labels=(
        Label("brain_tumor_edema", "brain_tumor_edema", 1, "Task01_BrainTumour"),
        Label("brain_tumor_nonenhancing", "brain_tumor_nonenhancing", 2, "Task01_BrainTumour"),
        Label("brain_tumor_enhancing", "brain_tumor_enhancing", 3, "Task01_BrainTumour"),
        Label("left_atrium", "left_atrium", 1, "Task02_Heart"),
        Label("liver", "liver", 1, "Task03_Liver"),
        Label("liver_tumor", "liver_tumor", 2, "Task03_Liver"),
        Label("hippocampus_anterior", "hippocampus", 1, "Task04_Hippocampus"),
        Label("hippocampus_posterior", "hippocampus", 2, "Task04_Hippocampus"),
        Label("prostate_peripheral_zone", "prostate", 1, "Task05_Prostate"),
        Label("prostate_transition_zone", "prostate", 2, "Task05_Prostate"),
        Label("lung_tumor", "lung_tumor", 1, "Task06_Lung"),
        Label("pancreas", "pancreas", 1, "Task07_Pancreas"),
        Label("pancreatic_tumor", "pancreatic_mass", 2, "Task07_Pancreas"),
        Label("hepatic_vessel", "hepatic_vessel", 1, "Task08_HepaticVessel"),
        Label("liver_tumor", "liver_tumor", 2, "Task08_HepaticVessel"),
        Label("spleen", "spleen", 1, "Task09_Spleen"),
        Label("colon_cancer_primary", "colon_tumor", 1, "Task10_Colon"),
    ),
    layout="""
Task01_BrainTumour/
  dataset.json                    optional
  imagesTr/BRATS_001.nii.gz ...
  labelsTr/BRATS_001.nii.gz ...
  imagesTs/BRATS_485.nii.gz ...   without public labels, not used
Task02_Heart/ ...
""",
    citation="""
@article{antonelli2022decathlon,
  title   = {The Medical Segmentation Decathlon},
  author  = {Antonelli, Michela and others},
  journal = {Nature Communications},
  volume  = {13},
  pages   = {4128},
  year    = {2022},
  doi     = {10.1038/s41467-022-30695-9}
}
@article{simpson2019large,
  title   = {A large annotated medical image dataset for the development and evaluation of segmentation
             algorithms},
  author  = {Simpson, Amber L. and others},
  journal = {arXiv preprint arXiv:1902.09063},
  year    = {2019}
}
""",
    expected={
        "cases": 3225,
        "subjects": 1741,
        "Task01_BrainTumour": 484,
        "Task02_Heart": 20,
        "Task03_Liver": 131,
        "Task04_Hippocampus": 260,
        "Task05_Prostate": 32,
        "Task06_Lung": 63,
        "Task07_Pancreas": 281,
        "Task08_HepaticVessel": 303,
        "Task09_Spleen": 41,
        "Task10_Colon": 126,
    },
    find_cases=find_cases,
    # One level less than is searched: an archive may unpack into a folder of its own name.
    markers=_LABELS[:-1],
    plane="axial",
    downloads=tuple(Download(f"https://msd-for-monai.s3-us-west-2.amazonaws.com/{task.name}.tar") for task in _TASKS),
    pitfalls=(
        "Task01 and Task05 hold several sequences in one 4D file; each is a case with the same masks.",
        "The labels of Task01 are not numbered as in BraTS: 1 edema, 2 non-enhancing, 3 enhancing tumour.",
        "Two of the 32 cases of Task05 have no peripheral zone.",
        "Some headers (reported for Task09) state an orientation that the anatomy contradicts: such images "
        "appear mirrored, together with their masks.",
        "Papers count 263 cases in Task04 and 64 in Task06; 260 and 63 are distributed.",
        "Task01 overlaps with BraTS 2016 and 2017, so also with later BraTS sets, under other names: do not "
        "train on one and test on the other. The scans of Task03 are those of LiTS; those of Task07 and "
        "Task09 are used again in AbdomenCT-1K under numbers that nobody mapped.",
    ),
    related=("abdomenct_1k", "brats20"),
    unverified=("That Task03 has the numbers of LiTS.", "The overlap of Task01 with BraTS 2016 and 2017."),
)
