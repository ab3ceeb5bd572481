"""KiTS21: the 300 CT scans of KiTS19 with kidneys, tumours and cysts, drawn three times and voted upon."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Case
from cosmos_datasets.loaders.kits import kits_cases, markers
from cosmos_datasets.source import Label, Source

#: The majority vote, which the challenge evaluated against; OR, AND and the single drawings are not used.
_VOTE = "aggregated_MAJ_seg"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the 300 cases with the majority vote of the three readers."""
    yield from kits_cases(root, _VOTE)


SOURCE = Source(
    id="kits21",
    title="KiTS21 (Kidney and Kidney Tumor Segmentation Challenge 2021)",
    homepage="https://kits-challenge.org/kits21/",
    licence="CC-BY-NC-SA-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Run: git clone https://github.com/neheller/kits21 && cd kits21 && python kits21/starter_code/get_imaging.py. "
        "The clone holds the labels, the script fetches the scans; those of a KiTS19 download will do as well if both "
        "trees lie in the folder you name."
    ),
    modalities=("CT",),
    labels=(
        Label("kidney", "kidney", 1),
        Label("kidney_tumor", "kidney_tumor", 2),
        Label("kidney_cyst", "kidney_cyst", 3),
    ),
    layout="""
kits21/kits21/data/               data/ in early revisions
  case_00000/
    imaging.nii.gz                fetched by the script
    aggregated_MAJ_seg.nii.gz     aggregated_OR_seg and _AND_seg are not used
    segmentations/ ...            each drawing, not used
  case_00001/ ... case_00299/
""",
    citation="""
@article{heller2023kits21,
  title = {The {KiTS21} Challenge: Automatic segmentation of kidneys, renal tumors, and renal cysts in
           corticomedullary-phase {CT}},
  author = {Heller, Nicholas and Isensee, Fabian and Trofimova, Dasha and Tejpaul, Resha and others},
  journal = {arXiv preprint arXiv:2307.01984}, year = {2023}
}
""",
    expected={"cases": 300, "subjects": 300},
    find_cases=find_cases,
    markers=markers(_VOTE),
    pitfalls=(
        "Slices lie along the first axis of the files; the scan of case_00160 is 796 pixels wide.",
        "The shell script for the scans makes a second data folder when it is run elsewhere: both trees are searched.",
        "Labels changed between revisions (the frozen set is 2.2.3; case_00205 was corrected in March 2023).",
        "Only 148 of the 300 cases have a cyst. The scans are those of KiTS19.",
    ),
    related=("kits19", "abdomenct_1k"),
    unverified=("The licence is that of the other two years; the file in the repository was not seen.",),
)
