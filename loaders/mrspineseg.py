"""MRSpineSeg: sagittal T2-weighted MRI of the lumbar spine, every vertebra and disc labelled by its level."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

#: From the sacrum upwards, in the order of the label values.
_VERTEBRAE = ("L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10", "T9")
_DISCS = ("L5_S", "L4_L5", "L3_L4", "L2_L3", "L1_L2", "T12_L1", "T11_T12", "T10_T11", "T9_T10")

#: The training case with the highest number; the test parts go on from there.
_LAST = 172


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every case with a mask; the numbers run on through the test parts, which have none."""
    files = list(below(root, "*.nii*"))
    images, labels = (named(files, rf"{start}case(\d+)\.nii(?:\.gz)?") for start in ("", "mask_"))
    training = ({number: path for number, path in some.items() if int(number) <= _LAST} for some in (images, labels))
    for number, image, label in pairs(*training, every_image=True):
        annotation = Annotation(Nifti(label), on_image_grid=True)
        yield Case(f"Case{number}", f"Case{number}", "T2W MRI", Nifti(image), (annotation,))


SOURCE = Source(
    id="mrspineseg",
    title="MRSpineSeg challenge: vertebrae and discs of the lumbar spine",
    homepage="https://www.spinesegmentation-challenge.com/",
    licence="unknown; terms of the challenge",
    redistributable="no",
    access="account",
    obtain=(
        "Register at https://www.spinesegmentation-challenge.com/ and download the training data (train.zip); copies "
        "in the layout of https://github.com/pangshumao/SpineParseNet work as well."
    ),
    modalities=("T2W MRI",),
    labels=(
        Label("sacrum", "sacrum", 1),
        *(Label(f"vertebrae_{level}", "vertebra", value) for value, level in enumerate(_VERTEBRAE, start=2)),
        *(
            Label(f"intervertebral_disc_{level}", "intervertebral_disc", value)
            for value, level in enumerate(_DISCS, start=11)
        ),
    ),
    layout="""
MRSpineSeg_Challenge_SMU/
  train/                         in other copies: original_mr/ and mask/
    MR/Case1.nii.gz ... Case172.nii.gz
    Mask/mask_case1.nii.gz ... mask_case172.nii.gz
""",
    citation="""
@article{pang2021spineparsenet,
  title = {{SpineParseNet}: Spine Parsing for Volumetric {MR} Image by a Two-Stage Segmentation Framework With
           Semantic Image Representation},
  author = {Pang, Shumao and Pang, Chunlan and Zhao, Lei and Chen, Yangfan and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {40}, number = {1}, pages = {262--273}, year = {2021},
  doi = {10.1109/TMI.2020.3025087}
}
""",
    expected={"cases": 172, "subjects": 172},
    find_cases=find_cases,
    markers=tuple(f"{above}*/mask_[Cc]ase*.nii*" for above in ("", "*/", "*/*/")),
    plane="acquired",
    pitfalls=(
        "Images begin with a capital (Case1), masks do not (mask_case1).",
        "T9, T10 and the discs beside them lie outside of many scans.",
        "The number of slices differs between cases.",
    ),
    unverified=("That no two cases show the same person.", "How the test parts are named."),
)
