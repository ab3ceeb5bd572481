"""WORD: radiotherapy CT of the whole abdomen with sixteen organs, as NIfTI volumes and label maps of the same name."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import below, inside, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

_NAME = r"(word_\d{4})\.nii(?:\.gz)?"
_PARTS: tuple[tuple[str, Split], ...] = (("Tr", "train"), ("Val", "validation"), ("Ts", "test"))
#: The test labels may lie beside the main folder, so a folder above both is the root.
_ABOVE = ("", "*/", "*/*/")
#: In the order of the label values, from 1.
_ORGANS = """
liver spleen kidney_left kidney_right stomach gallbladder esophagus pancreas duodenum colon small_bowel adrenal_gland
rectum urinary_bladder femur_head_left femur_head_right
"""


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the labelled cases of the three parts; the test labels are an archive of their own, unpacked anywhere."""
    files = list(below(root, "word_*"))
    for part, split in _PARTS:
        images, labels = (named(inside(files, f"*{kind}{part}"), _NAME) for kind in ("images", "labels"))
        for name, image, label in pairs(images, labels):
            # Most label headers lack the sform that others have, so headers are no guide; the voxels correspond.
            annotation = Annotation(Nifti(label), on_image_grid=True)
            yield Case(name, name, "CT", Nifti(image), (annotation,), split=split)


SOURCE = Source(
    id="word",
    title="WORD (Whole Abdominal Organ Dataset)",
    homepage="https://github.com/HiLab-git/WORD",
    licence="GPL-3.0, restricted by its README to open academic research",
    redistributable="no",
    access="open",
    obtain=(
        "Follow the Google Drive or Baidu link at https://github.com/HiLab-git/WORD and unpack WORD-V0.1.0 with the "
        "password given there. Unpack WORD_V0.1.0_labelsTs.zip of that repository beside it."
    ),
    modalities=("CT",),
    labels=tuple(
        Label(organ, re.sub("(_head)?_(left|right)$", "", organ), value)
        for value, organ in enumerate(_ORGANS.split(), 1)
    ),
    layout="""
WORD-V0.1.0/
  imagesTr/word_0002.nii.gz ...
  labelsTr/word_0002.nii.gz ...
  imagesVal/word_0001.nii.gz ...
  labelsVal/word_0001.nii.gz ...
  imagesTs/word_0014.nii.gz ...
labelsTs/word_0014.nii.gz ...      here or in WORD-V0.1.0
""",
    citation="""
@article{luo2022word,
  title = {{WORD}: A large scale dataset, benchmark and clinical applicable study for abdominal organ segmentation from
           {CT} image},
  author = {Luo, Xiangde and Liao, Wenjun and Xiao, Jianghong and Chen, Jieneng and Song, Tao and others},
  journal = {Medical Image Analysis}, volume = {82}, pages = {102642}, year = {2022},
  doi = {10.1016/j.media.2022.102642}
}
""",
    expected={"cases": 150, "subjects": 150, "train": 100, "validation": 20, "test": 30},
    find_cases=find_cases,
    markers=tuple(f"{above}*labels{part}/word_*" for above in _ABOVE for part, _ in _PARTS),
    pitfalls=(
        "Most label files have an empty sform and differ from their image's header; some are 16 bit.",
        "Value 3 is the left and 4 the right kidney, the reverse of AMOS and BTCV; the adrenals share one value.",
        "The labels for LiTS scans in addition_validation_from_LiTS are not among the 150 cases.",
    ),
)
