"""TotalSegmentator CT data set, releases v1 and v2: one CT a subject and one binary NIfTI mask a class."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.totalsegmentator_classes import LABELS, ONLY_IN
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import named
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Source
from cosmos_datasets.splits import in_splits, split_table

_ORDER = {label.name: position for position, label in enumerate(LABELS)}
#: All classes in one file, as the TotalSegmentator programs write it on request; no class of its own.
_MULTILABEL = {"multilabel", "combined", "segmentations", "all"}
_SPLITS: Mapping[str, Split] = {
    **{"train": "train", "training": "train", "val": "validation", "validation": "validation"},
    **{"test": "test", "testing": "test"},
}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every subject; ``meta.csv`` tells its split.

    Raises:
        LayoutError: if a subject has an unknown class or mixes the releases, or the table does not name the subjects.
    """
    yield from in_splits(_subjects(root), split_table(root, "meta.csv", "image_id", "split", _SPLITS))


def _subjects(root: Path) -> Iterator[Case]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        subject = folder.name.lower()
        if not re.fullmatch(r"s\d{4}", subject):
            if (folder / "segmentations").is_dir():
                notice("warning", "a folder with segmentations is called as no subject; it is not read", folder)
            continue
        masks = named((folder / "segmentations").glob("*"), r"([^.]+)\.nii(?:\.gz)?")
        classes = sorted(masks.keys() - _MULTILABEL, key=lambda name: _ORDER.get(name, -1))
        images = list(named(folder.glob("*"), r"(ct)\.nii(?:\.gz)?").values())
        if not images and not classes:
            continue
        found = [Annotation(Nifti(masks[name]), label=name, on_image_grid=True) for name in classes]
        yield Case(
            case_id=subject,
            subject_id=subject,
            modality="CT",
            image=Nifti((*images, folder / "ct.nii.gz")[0]),
            annotations=tuple(found) or (Annotation(Nifti(folder / "segmentations"), label=LABELS[0].name),),
            release=_release(folder / "segmentations", classes),
        )


def _release(folder: Path, classes: list[str]) -> str:
    """Tell the release from classes that the other lacks; empty if a partial subject holds none of these."""
    if classes and classes[0] not in _ORDER:
        raise LayoutError(
            f"{folder}: {classes[0]} is no class of v1 or v2; keep files of your own out of this folder."
        )
    one_each = {release: name for release, names in ONLY_IN.items() for name in classes if name in names}
    if len(one_each) > 1:
        both = " and ".join(f"{name} is of {release}" for release, name in one_each.items())
        raise LayoutError(f"{folder} mixes releases: {both}; unpack each release into a folder of its own.")
    return next(iter(one_each), "")


SOURCE = Source(
    id="totalsegmentator",
    title="TotalSegmentator CT data set (v1: 104 classes, v2: 117 classes)",
    homepage="https://github.com/wasserth/TotalSegmentator",
    licence="CC-BY-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Download Totalsegmentator_dataset.zip (v1, which the paper used) from https://zenodo.org/records/6802614 or "
        "Totalsegmentator_dataset_v201.zip (v2) from https://zenodo.org/records/10047292 and unpack each into "
        "a folder of its own."
    ),
    modalities=("CT",),
    labels=LABELS,
    layout="""
Totalsegmentator_dataset/
  meta.csv                      semicolon separated, with the columns image_id and split
  s0000/ct.nii.gz
  s0000/segmentations/adrenal_gland_left.nii.gz ... vertebrae_T9.nii.gz      one file a class
  s0001/ ...
""",
    citation="""
@article{wasserthal2023totalsegmentator,
  title = {TotalSegmentator: Robust Segmentation of 104 Anatomic Structures in {CT} Images},
  author = {Wasserthal, Jakob and others}, journal = {Radiology: Artificial Intelligence},
  volume = {5}, number = {5}, pages = {e230024}, year = {2023}, doi = {10.1148/ryai.230024}
}
""",
    expected={"cases": 1228, "subjects": 1228, "cases of v1": 1204},
    find_cases=find_cases,
    paper_release="v1",
    markers=tuple(f"s[0-9][0-9][0-9][0-9]/{name}" for name in ("ct.nii.gz", "ct.nii", "segmentations")),
    downloads=(
        Download("https://zenodo.org/records/6802614/files/Totalsegmentator_dataset.zip"),
        # The subjects of v2 lie at the top of its archive, those of v1 in a folder.
        Download(
            "https://zenodo.org/records/10047292/files/Totalsegmentator_dataset_v201.zip",
            into="Totalsegmentator_dataset_v201",
        ),
    ),
    pitfalls=(
        "The CT of s0864 in v1 is damaged; a build reports and leaves it out.",
        "v2.0.0 has wrong intensities in s0184, s0224, s0830, s0864 and perhaps s0992: take v2.0.1.",
        "Known label errors of v2.0.1: heart in the abdomen in s0143, s0201 and s1196; lung or humerus in s0092, "
        "s0513, s0605; mixed vertebrae in s0071, s0128, s0350, s0513, s0603, s0676, s0941.",
        "v1 splits the heart into five parts and has face and pulmonary_artery, v2 has heart and nineteen other new "
        "classes. The paper predates v2. A subject has the same name in both releases: build one or the other.",
        "Files of absent classes exist and are empty; masks of different classes may overlap. Labels were made "
        "iteratively with a model and are noisy at rib ends, in colon and small bowel.",
        "All volumes are resampled to 1.5 mm, some are rotated and have empty corners.",
    ),
    unverified=("The licence: CC BY 4.0 as reported, Apache-2.0 in a script of the publisher. Both permit sharing.",),
)
