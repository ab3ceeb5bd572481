"""Medical Segmentation Decathlon, all ten tasks: NIfTI volumes, two tasks with several sequences a file."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.loaders.msd_tasks import LABELS, TASKS
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Source

#: Folders of a task's labelled images and of the labels.
_KINDS = ("imagestr", "labelstr")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every labelled volume and sequence of every task found.

    A task is told by the names of its files, so that a renamed folder gives the same ids.
    """
    homes: dict[Path, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in below(root, "*.nii*"):
        # Some programs unpack every file into a folder of the same name.
        for folder in path.parents:
            if folder.name.lower() in _KINDS:
                homes[folder.parent][folder.name.lower()].append(path)
                break
    for home, task in product(homes.values(), TASKS):
        images, labels = (named(home[kind], rf"({task.prefix}_\d+)\.nii(?:\.gz)?") for kind in _KINDS)
        for stem, image, label in pairs(images, labels, every_image=True):
            for number, (suffix, modality) in enumerate(task.sequences):
                yield Case(
                    case_id=f"{task.name}/{stem}{suffix}",
                    subject_id=stem,
                    modality=modality,
                    image=Nifti(image, number if suffix else None),
                    # Image and label always agree voxel by voxel; in some files the headers do not.
                    annotations=(Annotation(Nifti(label), table=task.name, on_image_grid=True),),
                    group=f"{task.group}/{int(stem.rpartition('_')[2])}" if task.group else "",
                )


SOURCE = Source(
    id="msd",
    title="Medical Segmentation Decathlon (ten tasks)",
    homepage="http://medicaldecathlon.com/",
    licence="CC-BY-SA-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Download the tar archives of the tasks you want (https://msd-for-monai.s3-us-west-2.amazonaws.com/"
        "Task09_Spleen.tar, or from the drive linked at http://medicaldecathlon.com/) and unpack them into one folder."
    ),
    modalities=("CT", "MRI", "T1W MRI", "T2W MRI", "T1-GD MRI", "T2-FLAIR MRI", "ADC MRI"),
    labels=LABELS,
    layout="""
Task01_BrainTumour/              (the other tasks alike)
  imagesTr/BRATS_001.nii.gz ...
  labelsTr/BRATS_001.nii.gz ...
  imagesTs/BRATS_485.nii.gz ...   without public labels, not used
""",
    citation="""
@article{antonelli2022decathlon,
  title = {The Medical Segmentation Decathlon},
  author = {Antonelli, Michela and others}, journal = {Nature Communications}, volume = {13}, pages = {4128},
  year = {2022}, doi = {10.1038/s41467-022-30695-9}
}
@article{simpson2019large,
  title = {A large annotated medical image dataset for the development and evaluation of segmentation algorithms},
  author = {Simpson, Amber L. and others}, journal = {arXiv preprint arXiv:1902.09063}, year = {2019}
}
""",
    expected={"cases": 3225, "subjects": 1741, **{task.name: task.cases for task in TASKS}},
    find_cases=find_cases,
    # One level less than is searched: an archive may unpack into a folder of its own name.
    markers=("labelsTr", "*/labelsTr", "*/*/labelsTr"),
    downloads=tuple(Download(f"https://msd-for-monai.s3-us-west-2.amazonaws.com/{task.name}.tar") for task in TASKS),
    pitfalls=(
        "Task01 and Task05 hold several sequences in one 4D file; each is a case with the same masks.",
        "The labels of Task01 are not numbered as in BraTS: 1 edema, 2 non-enhancing, 3 enhancing tumour.",
        "Two cases of Task05 have no peripheral zone. Papers count 263 cases in Task04 (260) and 64 in Task06 (63).",
        "Some headers (reported for Task09) contradict the anatomy: such images appear mirrored, with their masks.",
        "Task01 overlaps with BraTS under other names: do not train on one and test on the other. The scans of Task03 "
        "are those of LiTS; AbdomenCT-1K uses those of Task07 and Task09 again under numbers that nobody mapped.",
    ),
    related=("abdomenct_1k", "brats20"),
    unverified=("That Task03 has the numbers of LiTS.", "The overlap of Task01 with BraTS 2016 and 2017."),
)
