"""TotalSegmentator CT data set, releases v1 and v2: one CT a subject and one binary NIfTI mask a class."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.totalsegmentator_classes import LABELS, ONLY_IN
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Source

_SUBJECT = re.compile(r"s\d{4}")
_MASK = re.compile(r"([^.]+)\.nii(\.gz)?")
_ORDER = {label.name: position for position, label in enumerate(LABELS)}
#: All classes in one file, as the TotalSegmentator programs write it on request; no class of its own.
_MULTILABEL = {"multilabel", "combined", "segmentations", "all"}
_SPLITS: Mapping[str, Split] = {"train": "train", "val": "validation", "test": "test"}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every subject; lists folders only, opens no file but ``meta.csv``.

    Args:
        root: the folder of ``s0000``, ``s0001`` ...

    Raises:
        LayoutError: if a subject lacks its CT or its masks, has an unknown class, or mixes the releases.
    """
    splits = _read_splits(root / "meta.csv")
    with os.scandir(root) as entries:
        subjects = sorted(entry.name for entry in entries if _SUBJECT.fullmatch(entry.name) and entry.is_dir())
    for subject in subjects:
        masks = _masks(root / subject / "segmentations")
        images = [image for name in ("ct.nii.gz", "ct.nii") if (image := root / subject / name).is_file()]
        if not images and not masks:
            continue
        if not images:
            raise LayoutError(
                f"{next(iter(masks.values()))} has no CT: {root / subject / 'ct.nii.gz'} is missing; "
                "unpack the archive again."
            )
        if not masks:
            raise LayoutError(
                f"{images[0]} has no mask: {root / subject / 'segmentations'} is missing or holds none; "
                "unpack the archive again."
            )
        yield Case(
            case_id=subject,
            subject_id=subject,
            modality="CT",
            image=Nifti(images[0]),
            annotations=tuple(Annotation(Nifti(path), label=name, on_image_grid=True) for name, path in masks.items()),
            split=splits.get(subject, "train"),
            release=_release(root / subject, masks),
        )


def _masks(folder: Path) -> dict[str, Path]:
    """List a subject's masks by class, in the order of the declared labels."""
    found: dict[str, Path] = {}
    if not folder.is_dir():
        return found
    with os.scandir(folder) as entries:
        for entry in entries:
            match = _MASK.fullmatch(entry.name)
            if match is None or match[1] in _MULTILABEL:
                continue
            if match[1] not in _ORDER:
                raise LayoutError(
                    f"{folder / entry.name}: {match[1]} is no class of TotalSegmentator's CT data, v1 or v2; "
                    "keep files of your own out of segmentations/."
                )
            if match[1] in found:
                raise LayoutError(f"{folder} holds {match[1]} as .nii and as .nii.gz; remove one of them.")
            found[match[1]] = folder / entry.name
    return dict(sorted(found.items(), key=lambda item: _ORDER[item[0]]))


def _release(subject: Path, masks: Mapping[str, Path]) -> str:
    """Tell the release from classes that the other lacks; empty if a partial subject holds none of these."""
    releases = [release for release, names in ONLY_IN.items() if not names.isdisjoint(masks)]
    if len(releases) > 1:
        one, other = (sorted(ONLY_IN[release].intersection(masks))[0] for release in releases)
        raise LayoutError(
            f"{subject / 'segmentations'} mixes releases: {one}.nii.gz is v1, {other}.nii.gz is v2; "
            "unpack each release into a folder of its own."
        )
    return releases[0] if releases else ""


def _read_splits(meta: Path) -> dict[str, Split]:
    """Read the official splits; a missing or different table leaves every subject in ``train``."""
    if not meta.is_file():
        return {}
    with meta.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            rows = list(csv.DictReader(file, delimiter=";"))
        except csv.Error:
            return {}
    return {
        row["image_id"].strip(): _SPLITS[split]
        for row in rows
        if row.get("image_id") and (split := (row.get("split") or "").strip().lower()) in _SPLITS
    }


SOURCE = Source(
    id="totalsegmentator",
    title="TotalSegmentator CT data set (v1: 104 classes, v2: 117 classes)",
    homepage="https://github.com/wasserth/TotalSegmentator",
    licence="CC-BY-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Download Totalsegmentator_dataset.zip (v1, which the paper used) from "
        "https://zenodo.org/records/6802614 or Totalsegmentator_dataset_v201.zip (v2) from "
        "https://zenodo.org/records/10047292 and unpack each into a folder of its own."
    ),
    modalities=("CT",),
    labels=LABELS,
    layout="""
Totalsegmentator_dataset/
  meta.csv                      semicolon separated, with the columns image_id and split
  s0000/
    ct.nii.gz
    segmentations/
      adrenal_gland_left.nii.gz
      ...                       one file a class
      vertebrae_T9.nii.gz
  s0001/ ...
""",
    citation="""
@article{wasserthal2023totalsegmentator,
  title   = {TotalSegmentator: Robust Segmentation of 104 Anatomic Structures in {CT} Images},
  author  = {Wasserthal, Jakob and others},
  journal = {Radiology: Artificial Intelligence},
  volume  = {5},
  number  = {5},
  pages   = {e230024},
  year    = {2023},
  doi     = {10.1148/ryai.230024}
}
""",
    expected={"cases": 1228, "subjects": 1228, "cases of v1": 1204},
    find_cases=find_cases,
    markers=(
        "s[0-9][0-9][0-9][0-9]/ct.nii.gz",
        "s[0-9][0-9][0-9][0-9]/ct.nii",
        "s[0-9][0-9][0-9][0-9]/segmentations",
    ),
    plane="axial",
    downloads=(
        Download("https://zenodo.org/records/6802614/files/Totalsegmentator_dataset.zip"),
        Download("https://zenodo.org/records/10047292/files/Totalsegmentator_dataset_v201.zip"),
    ),
    pitfalls=(
        "The CT of s0864 in v1 is damaged; a build reports and leaves it out.",
        "v2.0.0 has wrong intensities in s0184, s0224, s0830, s0864 and perhaps s0992: take v2.0.1.",
        "Known label errors of v2.0.1: heart in the abdomen in s0143, s1196 and s0201; lung or humerus in "
        "s0092, s0513 and s0605; mixed vertebrae in s0071, s0128, s0350, s0513, s0603, s0676 and s0941.",
        "The releases differ in their classes: v1 splits the heart into five parts and has face and "
        "pulmonary_artery, v2 has heart and nineteen other new classes. The paper predates v2.",
        "A subject has the same name in both releases: build one or the other.",
        "Files of absent classes exist and are empty; masks of different classes may overlap.",
        "All volumes are resampled to 1.5 mm, some are rotated and have empty corners.",
        "Labels were made iteratively with a model and are noisy at rib ends, in colon and small bowel.",
    ),
    unverified=("The licence: CC BY 4.0 as reported, Apache-2.0 in a script of the publisher. Both permit sharing.",),
)
