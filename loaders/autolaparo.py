"""AutoLaparo, task 3: frames of laparoscopic hysterectomies with instruments and the uterus, as grey levels."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source

#: Each has two grey levels, manipulator and shaft: 20 and 40 for the first, 140 and 160 for the last.
_TOOLS = ("grasping_forceps", "ligasure", "dissecting_grasping_forceps", "electric_hook")
#: Clip and number of the frame within it.
_NAME = r"(\d{6})\.(?:jpe?g|png)"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield one case for every frame; the first three digits of its name are its clip."""
    images, masks = named(root.glob("imgs/*"), _NAME), named(root.glob("masks/*"), _NAME)
    for name, image, mask in pairs(images, masks, every_image=True):
        clip, levels = name[:3], Annotation(Picture(mask, channels="index"))
        split: Split = "train" if int(clip) <= 170 else "validation" if int(clip) <= 227 else "test"
        yield Case(name, f"clip_{clip}", "Colonoscopy", Picture(image), (levels,), split)


SOURCE = Source(
    id="autolaparo",
    title="AutoLaparo, task 3: segmentation of instruments and key anatomy",
    homepage="https://autolaparo.github.io/",
    licence="CC-BY-NC-SA-4.0, handed out on request for academic research only",
    redistributable="no",
    access="request",
    obtain="Ask for the data with the form on https://autolaparo.github.io/ and unpack AutoLaparo_Task3.",
    modalities=("Colonoscopy",),
    labels=(
        *(
            Label(f"{tool}_{part}", "instrument", 40 * number + level)
            for number, tool in enumerate(_TOOLS)
            for level, part in ((20, "manipulator"), (40, "shaft"))
        ),
        Label("uterus", "uterus", 180),
    ),
    layout="""
AutoLaparo_Task3/
  imgs/001001.jpg ... 300125.jpg     clip 001 to 300, frame 001, 025, 050, 075, 100 or 125
  masks/001001.png ... 300125.png    grey levels 0, 20, ..., 180
""",
    citation="""
@inproceedings{wang2022autolaparo,
  title = {{AutoLaparo}: A New Dataset of Integrated Multi-tasks for Image-guided Surgical Automation in Laparoscopic
           Hysterectomy},
  author = {Wang, Ziyi and Lu, Bo and Long, Yonghao and others},
  booktitle = {MICCAI}, year = {2022}, note = {arXiv:2208.02049}
}
""",
    expected={"cases": 1800, "subjects": 300},
    find_cases=find_cases,
    markers=("masks/[0-9][0-9][0-9][0-9][0-9][0-9].*",),
    plane="native",
    pitfalls=(
        "Laparoscopy, filed under Colonoscopy: the only endoscopic modality of the 18.",
        "Six frames of one clip, a second apart, are nearly the same picture: subject_id is the clip.",
        "Grey levels are not class numbers; a level between the steps of 20 is an error, no edge is smoothed away.",
        "Two instruments of one kind share a level.",
    ),
    unverified=(
        "Which level is which instrument: from the order of the table on the web page, agreeing with others' code.",
        "That the official split keeps the 21 operations apart; which clip is of which operation is not published.",
    ),
)
