"""I2CVB: T2-weighted MRI of the prostate from two scanners; the masks are DICOM series too."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below
from cosmos_datasets.readers import DicomSeries
from cosmos_datasets.source import Label, Source

#: Folder of a structure -> label; the zones and the cancer lie inside the prostate and overlap it.
_LABELS = {
    "prostate": Label("prostate", "prostate"),
    "pz": Label("prostate_peripheral_zone", "prostate"),
    "cg": Label("prostate_central_gland", "prostate"),
    "cap": Label("prostate_cancer", "prostate_tumor"),
}
#: Where the folder GT of a patient may lie: below the vendor, and the vendors perhaps below their archives.
_GT = ("*/*/GT", "*/*/*/GT", "*/GT", "GT")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every patient with a folder of masks; those of DCE, DWI and ADC lie elsewhere and are left out."""
    folders = {folder.parent.absolute() for place in (*_GT, "*/*/*/*/GT") for folder in root.glob(place)}
    for folder in sorted(folders):
        if not re.fullmatch(r"Patient[ _]\d+", folder.name):
            notice("warning", "a folder of masks lies in one that is called as no patient; it is not read", folder)
            continue
        case_id = folder.name.replace(" ", "_")
        masks = {label.name: _slices(folder / "GT" / structure) for structure, label in _LABELS.items()}
        drawn = tuple(Annotation(DicomSeries(paths), label=label) for label, paths in masks.items() if paths)
        if drawn:
            # A missing series is named by its folder, which is not there.
            image = DicomSeries(_slices(folder / "T2W") or (folder / "T2W",))
            yield Case(case_id, case_id, "T2W MRI", image, drawn)


def _slices(folder: Path) -> tuple[Path, ...]:
    """Every file but leftovers of other systems: nobody says how the slices are called."""
    return tuple(path for path in below(folder) if path.name not in {"Thumbs.db", "DICOMDIR"})


_RECORD = "https://zenodo.org/record/162231"

SOURCE = Source(
    id="i2cvb",
    title="I2CVB: multi-parametric MRI of the prostate (initial collection)",
    homepage="https://i2cvb.github.io/",
    licence="unknown",
    redistributable="no",
    access="open",
    obtain=(
        f"Download the parts ge-1-5t*.aa, .ab ... and siemens-3t*.aa, .ab ... from {_RECORD}. Join them "
        "(cat ge-1-5t* > ge-1-5t.tar.gz; cat siemens-3t* > siemens-3t.tar.gz) and unpack both into one folder."
    ),
    modalities=("T2W MRI",),
    labels=tuple(_LABELS.values()),
    layout="""
GE/
  Patient 428260/
    T2W/*.dcm
    GT/prostate/*.dcm, GT/pz/*.dcm, GT/cg/*.dcm, GT/cap/*.dcm    cap where there is a lesion
    DCE/, DWI/                                                   not used
Siemens/
  Patient 383/    the same; ADC/ as well
""",
    citation="""
@article{lemaitre2015i2cvb,
  title = {Computer-Aided Detection and diagnosis for prostate cancer based on mono and multi-parametric {MRI}: A
           review},
  author = {Lemaitre, Guillaume and Marti, Robert and Freixenet, Jordi and Vilanova, Joan C. and others},
  journal = {Computers in Biology and Medicine}, volume = {60}, pages = {8--31}, year = {2015}
}
@misc{lemaitre2016i2cvbdata,
  title = {Original multi-parametric {MRI} images of prostate},
  author = {Lemaitre, Guillaume and Marti, Robert and Meriaudeau, Fabrice},
  publisher = {Zenodo}, year = {2016}, doi = {10.5281/zenodo.162231}
}
""",
    expected={"cases": 40, "subjects": 40},
    find_cases=find_cases,
    markers=_GT,
    pitfalls=(
        "Image and masks are brought together by the positions in their headers; the authors' own programs reversed "
        "the slices of the masks for some time, so look whether cancer lies inside the gland.",
        "Patient 428260 lacks a slice of the prostate mask: at an end that slice counts as background, in between the "
        "patient is reported and left out.",
        "Zones and cancer overlap the whole gland; each is a mask of its own.",
        "Patients without cancer have no folder cap, and Patient 737 is said to have no masks at all.",
        "DCE, DWI and ADC have another geometry and masks of their own.",
    ),
    unverified=("How files are named, and that any grey value above zero is the structure.",),
)
