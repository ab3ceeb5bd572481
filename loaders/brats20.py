"""BraTS 2020: glioma in four co-registered MRI sequences that share one annotation."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, named
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

_SEQUENCES = {"flair": "T2-FLAIR MRI", "t1": "T1W MRI", "t1ce": "T1-GD MRI", "t2": "T2W MRI"}

_STUDY = re.compile(r"BraTS20_Training_\d{3}")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for each sequence of each training study; validation studies have no labels."""
    for path in below(root, "BraTS20_Training_*.nii*"):
        if not any(map(_STUDY.fullmatch, path.relative_to(root).parts)):
            notice("warning", "a file lies in no folder that is called as its study; it is not read", path)
    for folder in sorted(path for path in root.iterdir() if _STUDY.fullmatch(path.name)):
        # Some copies unpack every file into a folder of the same name.
        study, files = folder.name, named(below(folder), r"(\w.*)\.nii(?:\.gz)?")
        images = {one: files.pop(f"{study}_{one}", folder / f"{study}_{one}.nii.gz") for one in _SEQUENCES}
        # One copy misnames the label of study 355: it is the only other file.
        only = next(iter(files.values())) if len(files) == 1 else folder / f"{study}_seg.nii.gz"
        label = Annotation(Nifti(files.get(f"{study}_seg", only)), on_image_grid=True)
        for sequence, image in images.items():
            yield Case(f"{study}/{sequence}", study, _SEQUENCES[sequence], Nifti(image), (label,))


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
  BraTS20_Training_001/BraTS20_Training_001_flair.nii.gz, ..._t1.nii.gz, ..._t1ce.nii.gz, ..._t2.nii.gz,
                       BraTS20_Training_001_seg.nii.gz
  ... BraTS20_Training_369/
""",
    citation="""
@article{menze2015brats,
  title = {The Multimodal Brain Tumor Image Segmentation Benchmark ({BRATS})},
  author = {Menze, Bjoern H. and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {34}, number = {10}, pages = {1993--2024}, year = {2015},
  doi = {10.1109/TMI.2014.2377694}
}
@article{bakas2017advancing,
  title = {Advancing The Cancer Genome Atlas glioma {MRI} collections with expert segmentation labels and radiomic
           features},
  author = {Bakas, Spyridon and others}, journal = {Scientific Data}, volume = {4}, pages = {170117}, year = {2017},
  doi = {10.1038/sdata.2017.117}
}
@article{bakas2018identifying,
  title = {Identifying the Best Machine Learning Algorithms for Brain Tumor Segmentation, Progression Assessment, and
           Overall Survival Prediction in the {BRATS} Challenge},
  author = {Bakas, Spyridon and others}, journal = {arXiv preprint arXiv:1811.02629}, year = {2018}
}
""",
    expected={"cases": 1476, "subjects": 369},
    find_cases=find_cases,
    markers=("BraTS20_Training_[0-9]*/*.nii*",),
    pitfalls=(
        "In the Kaggle copy the label of study 355 is named W39_1998.09.19_Segm.nii.",
        "Value 3 does not occur; BraTS 2023 and later use 3 where this release uses 4. Some studies have no 4.",
        "The values are disjoint: whole tumour is 1, 2 and 4 together, tumour core 1 and 4.",
        "The four sequences of a study share one annotation, so each of its masks occurs four times.",
    ),
    unverified=("No open licence was found; the licence tag of the Kaggle copy was not checked.",),
)
