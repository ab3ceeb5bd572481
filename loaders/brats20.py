"""BraTS 2020: glioma in four co-registered MRI sequences that share one annotation."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

_SEQUENCES = {"flair": "T2-FLAIR MRI", "t1": "T1W MRI", "t1ce": "T1-GD MRI", "t2": "T2W MRI"}
_STUDY = re.compile(r"BraTS20_Training_\d{3}")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for each sequence of each training study; validation studies have no labels."""
    for folder in sorted(root.glob("BraTS20_Training_*")):
        if not _STUDY.fullmatch(folder.name) or not folder.is_dir():
            continue
        files = {_stem(path): path for path in sorted(folder.rglob("*.nii*")) if _is_volume(path)}
        images = {sequence: files.pop(f"{folder.name}_{sequence}", None) for sequence in _SEQUENCES}
        label = _segmentation(folder, files)
        for sequence, image in images.items():
            if image is None:
                raise LayoutError(f"{label} has no image {folder / folder.name}_{sequence}.nii.gz beside it.")
            yield Case(
                case_id=f"{folder.name}/{sequence}",
                subject_id=folder.name,
                modality=_SEQUENCES[sequence],
                image=Nifti(image),
                annotations=(Annotation(Nifti(label), on_image_grid=True),),
            )


def _segmentation(folder: Path, files: dict[str, Path]) -> Path:
    """Return ``*_seg.nii``, else the only file that is no sequence: one copy misnames the label of study 355."""
    official = files.get(f"{folder.name}_seg")
    if official is None and len(files) == 1:
        official = next(iter(files.values()))
    if official is None:
        names = ", ".join(path.name for path in files.values()) or "no other file"
        raise LayoutError(f"{folder} has no {folder.name}_seg.nii.gz ({names}); unpack the training data again.")
    return official


def _is_volume(path: Path) -> bool:
    # Some copies unpack every .nii.gz into a folder of that name.
    return path.is_file() and not path.name.startswith(".") and path.name.endswith((".nii", ".nii.gz"))


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".nii")


SOURCE = Source(
    id="brats20",
    title="BraTS 2020 (Multimodal Brain Tumor Segmentation Challenge)",
    homepage="https://www.med.upenn.edu/cbica/brats2020/data.html",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "Register on https://www.med.upenn.edu/cbica/brats2020/data.html, accept the terms, download "
        "MICCAI_BraTS2020_TrainingData.zip and unpack it. The Kaggle copy awsaf49/brats20-dataset-training-validation "
        "holds the same studies uncompressed and is read too."
    ),
    modalities=tuple(sorted(_SEQUENCES.values())),
    labels=(
        Label("brain_tumor_necrotic_and_nonenhancing_core", "brain_tumor_nonenhancing", 1),
        Label("brain_tumor_edema", "brain_tumor_edema", 2),
        Label("brain_tumor_enhancing", "brain_tumor_enhancing", 4),
    ),
    layout="""
MICCAI_BraTS2020_TrainingData/
  name_mapping.csv
  survival_info.csv
  BraTS20_Training_001/
    BraTS20_Training_001_flair.nii.gz
    BraTS20_Training_001_seg.nii.gz
    BraTS20_Training_001_t1.nii.gz
    BraTS20_Training_001_t1ce.nii.gz
    BraTS20_Training_001_t2.nii.gz
  ... BraTS20_Training_369/
""",
    citation="""
@article{menze2015brats,
  title   = {The Multimodal Brain Tumor Image Segmentation Benchmark ({BRATS})},
  author  = {Menze, Bjoern H. and others},
  journal = {IEEE Transactions on Medical Imaging},
  volume  = {34},
  number  = {10},
  pages   = {1993--2024},
  year    = {2015},
  doi     = {10.1109/TMI.2014.2377694}
}
@article{bakas2017advancing,
  title   = {Advancing The Cancer Genome Atlas glioma {MRI} collections with expert segmentation labels and
             radiomic features},
  author  = {Bakas, Spyridon and others},
  journal = {Scientific Data},
  volume  = {4},
  pages   = {170117},
  year    = {2017},
  doi     = {10.1038/sdata.2017.117}
}
@article{bakas2018identifying,
  title   = {Identifying the Best Machine Learning Algorithms for Brain Tumor Segmentation, Progression
             Assessment, and Overall Survival Prediction in the {BRATS} Challenge},
  author  = {Bakas, Spyridon and others},
  journal = {arXiv preprint arXiv:1811.02629},
  year    = {2018}
}
""",
    expected={"cases": 1476, "subjects": 369},
    find_cases=find_cases,
    markers=("BraTS20_Training_[0-9]*/*.nii*",),
    pitfalls=(
        "In the Kaggle copy the label of study 355 is named W39_1998.09.19_Segm.nii.",
        "Value 3 does not occur; BraTS 2023 and later use 3 where this release uses 4.",
        "Some studies have no enhancing tumour.",
        "The values are disjoint: whole tumour is 1, 2 and 4 together, tumour core 1 and 4.",
        "The four sequences of a study share one annotation, so each of its masks occurs four times.",
    ),
    unverified=("No open licence was found; the licence tag of the Kaggle copy was not checked.",),
)
