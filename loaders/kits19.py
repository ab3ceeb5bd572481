"""KiTS19: late arterial CT with kidneys and kidney tumours, one folder a case, slices along the first axis."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.loaders.kits import kits_cases, markers
from cosmos_datasets.source import Label, Source

_LAST = "case_00209"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the training cases; the other ninety hold no segmentation.

    Raises:
        LayoutError: if one does: KiTS23 has files of the same names, with other labels.
    """
    for case in kits_cases(root, "segmentation"):
        if case.case_id > _LAST:
            raise LayoutError(f"{root}: KiTS19 has no segmentation of {case.case_id}. Is this KiTS23 or a prediction?")
        yield case


SOURCE = Source(
    id="kits19",
    title="KiTS19 (Kidney Tumor Segmentation Challenge 2019)",
    homepage="https://kits19.grand-challenge.org/",
    licence="CC-BY-NC-SA-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Run: git clone https://github.com/neheller/kits19 && cd kits19 && python3 -m starter_code.get_imaging. The "
        "clone holds the segmentations; the script fetches the scans (300 files; 0 to 209 are labelled)."
    ),
    modalities=("CT",),
    labels=(Label("kidney", "kidney", 1), Label("kidney_tumor", "kidney_tumor", 2)),
    layout="""
kits19/data/
  case_00000/
    imaging.nii.gz          fetched by the script
    segmentation.nii.gz
  case_00001/ ...
  case_00210/imaging.nii.gz ...   without labels, not used
""",
    citation="""
@article{heller2021kits19,
  title = {The state of the art in kidney and kidney tumor segmentation in contrast-enhanced {CT} imaging: Results of
           the {KiTS19} challenge},
  author = {Heller, Nicholas and Isensee, Fabian and Maier-Hein, Klaus H. and Hou, Xiaoshuai and others},
  journal = {Medical Image Analysis}, volume = {67}, pages = {101821}, year = {2021},
  doi = {10.1016/j.media.2020.101821}
}
@article{heller2019kits19,
  title = {The {KiTS19} Challenge Data: 300 Kidney Tumor Cases with Clinical Context, {CT} Semantic Segmentations, and
           Surgical Outcomes},
  author = {Heller, Nicholas and others}, journal = {arXiv preprint arXiv:1904.00445}, year = {2019}
}
""",
    expected={"cases": 210, "subjects": 210},
    find_cases=find_cases,
    markers=markers("segmentation"),
    pitfalls=(
        "Slices lie along the first axis of the files; the scan of case_00160 is 796 pixels wide.",
        "Scans 22, 61 and 117 were cropped and all headers corrected in April 2019, labels of 15, 23, 37 and 125 in "
        "December: take images and labels of today. A mix of revisions is an error where the shapes differ.",
        "Benchmarks on the frozen version often leave out 15, 23, 37, 68, 125 and 133.",
        "KiTS23 has files of the same names and other labels; it is refused. "
        "The branch interpolated holds resampled scans. KiTS21 labels the same 300 scans again.",
    ),
    related=("kits21", "abdomenct_1k"),
)
