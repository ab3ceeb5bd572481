"""IXI: T1-weighted MRI of healthy brains, with masks of the corpus callosum that others drew."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Case
from cosmos_datasets.neutral import LAYOUT, MARKERS, OURS, neutral_cases
from cosmos_datasets.source import Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every image with a mask; images and slices of one volunteer are told by the number after ``IXI``."""
    return neutral_cases(root, "corpus_callosum", "T1W MRI", subject=r"IXI\d{3}")


SOURCE = Source(
    id="ixi",
    title="IXI (Information eXtraction from Images), with masks of the corpus callosum",
    homepage="https://brain-development.org/ixi-dataset/",
    licence="unknown (images: CC-BY-SA-3.0)",
    redistributable="no",
    access="account",
    obtain=(
        "Get the masks from Baidu AI Studio, project 1993321 "
        "(https://aistudio.baidu.com/aistudio/projectdetail/1993321), with an account there. Put them into masks/ and "
        "their images into images/: either those of the project, or the T1 volumes as IXI-T1.tar of "
        "https://brain-development.org/ixi-dataset/ holds them (IXI002-Guys-0828-T1.nii.gz), under the names of the "
        "masks. The layout is this package's own."
    ),
    modalities=("T1W MRI",),
    labels=(Label("corpus_callosum", "corpus_callosum"),),
    layout=LAYOUT + "a stem that begins with IXI and the number of the volunteer: IXI002-Guys-0828-T1\n",
    citation="""
@article{huang2024sam,
  title = {Segment anything model for medical images?}, author = {Huang, Yuhao and others},
  journal = {Medical Image Analysis}, volume = {92}, pages = {103061}, year = {2024},
  note = {Images: https://brain-development.org/ixi-dataset/ (EPSRC GR/S21533/02). Masks: AI Studio 1993321}
}
""",
    expected={},
    find_cases=find_cases,
    markers=MARKERS,
    only_named=True,
    plane="sagittal",
    pitfalls=(
        OURS,
        "The official IXI files hold no segmentation.",
        "FreeSurfer's segmentations of IXI, IXI Tiny and other derived masks are not those of the paper.",
        "Volumes are cut into sagittal slices.",
    ),
    unverified=(
        "Files, values, number and licence of the masks; they were drawn with LabelMe, so probably on pictures.",
        "That images of one volunteer are told by the number after IXI in the names of the masks.",
    ),
)
