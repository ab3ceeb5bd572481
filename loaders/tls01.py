"""4C2021 C04 TLS01: lesions of throat and hypopharynx cancer."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Case
from cosmos_datasets.neutral import LAYOUT, MARKERS, OURS, neutral_cases
from cosmos_datasets.source import Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every image with a mask of the lesion."""
    return neutral_cases(root, "throat_and_hypopharynx_cancer_lesion", "CT")


SOURCE = Source(
    id="tls01",
    title="4C2021 C04 TLS01 (throat and hypopharynx cancer lesion areas)",
    homepage="https://aistudio.baidu.com/aistudio/projectdetail/1952488",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "Open project 1952488 on Baidu AI Studio (https://aistudio.baidu.com/aistudio/projectdetail/1952488) with an "
        "account there and get the data set attached to it. Put the images into images/ and the masks, under the same "
        "names, into masks/. The layout is this package's own."
    ),
    modalities=("CT",),
    labels=(Label("throat_and_hypopharynx_cancer_lesion", "throat_tumor"),),
    layout=LAYOUT,
    citation="""
@article{huang2024sam,
  title = {Segment anything model for medical images?}, author = {Huang, Yuhao and others},
  journal = {Medical Image Analysis}, volume = {92}, pages = {103061}, year = {2024},
  note = {Data: Baidu AI Studio, project 1952488}
}
""",
    expected={},
    find_cases=find_cases,
    markers=MARKERS,
    only_named=True,
    pitfalls=(
        OURS,
        "The name tells of no anatomy: presumably a contest, a group of its tasks, and a task.",
        "The project may be withdrawn; no copy or description of its files is known.",
        "Each stem counts as a subject of its own, so slices of one patient may fall into several folds.",
    ),
    unverified=(
        "That the images are CT, and that the label is the lesion of laryngeal and hypopharyngeal cancer.",
        "Files, values and counts.",
    ),
)
