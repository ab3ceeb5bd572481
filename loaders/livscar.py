"""LiVScar: late-enhancement MRI of the left ventricle with masks of its scar."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Case
from cosmos_datasets.neutral import LAYOUT, MARKERS, OURS, neutral_cases
from cosmos_datasets.source import Download, Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every image with a mask of the scar."""
    return neutral_cases(root, "left_ventricular_scar", "CMR")


SOURCE = Source(
    id="livscar",
    title="LiVScar (Left ventricular scar dataset, figshare 4214622)",
    homepage="https://figshare.com/articles/figure/Left_ventricular_LV_scar_dataset/4214622",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        "Download the file of https://figshare.com/articles/figure/Left_ventricular_LV_scar_dataset/4214622 and "
        "unpack it. Put each image into images/ and the mask of its scar, under the same name, into masks/. The "
        "layout is this package's own."
    ),
    modalities=("CMR",),
    labels=(Label("left_ventricular_scar", "left_ventricular_scar"),),
    layout=LAYOUT,
    citation="""
@article{huang2024sam,
  title = {Segment anything model for medical images?}, author = {Huang, Yuhao and others},
  journal = {Medical Image Analysis}, volume = {92}, pages = {103061}, year = {2024},
  note = {Data: https://figshare.com/articles/figure/Left_ventricular_LV_scar_dataset/4214622}
}
""",
    expected={},
    find_cases=find_cases,
    markers=MARKERS,
    only_named=True,
    plane="acquired",
    downloads=(Download("https://figshare.com/ndownloader/files/6875637", name="figshare_6875637"),),
    pitfalls=(
        OURS,
        "Only masks of the scar belong into masks/; others, such as the myocardium, would count as scar.",
        "Volumes are cut along their last axis, where short-axis slices are expected.",
        "figshare lists the data as a figure.",
    ),
    unverified=(
        "Files, names, values and counts; the address of the file.",
        "Probably the data of the STACOM 2012 infarct challenge (Karim et al. 2016, doi 10.1016/j.media.2016.01.004): "
        "15 patients and 15 pigs.",
    ),
)
