"""NCI-ISBI 2013: axial T2-weighted MRI of the prostate as DICOM from TCIA, zones of the gland as NRRD."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import DicomSeries, ItkImage
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.source import Download, Label, Source

_PATIENT = re.compile(r"Prostate(?:3T|Dx)-\d{2}-\d{4}")
#: One file carries the suffix _correctedLabels, copies in the wild carry others.
_LABEL = re.compile(r"(Prostate(?:3T|Dx)-(0[123])-\d{4})[^.]*\.nrrd")
_SPLITS: dict[str, Literal["train", "validation", "test"]] = {"01": "train", "02": "validation", "03": "test"}
_NOT_T2_WEIGHTED = re.compile(r"adc|dwi|diff|ep2d|t2\*|t2 ?map|t2star", re.IGNORECASE)


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every patient with a label file; the middle number of the name is the part of the challenge."""
    folders = _patient_folders(root)
    lists = [path for name in ("*.tcia", "metadata.csv") for path in root.rglob(name) if path.name[0] != "."]
    for path in sorted(root.rglob("*.nrrd")):
        match = _LABEL.fullmatch(path.name)
        if match:
            patient, part = match.groups()
            yield Case(
                case_id=patient,
                subject_id=patient,
                modality="T2W MRI",
                image=DicomSeries(_series(path, patient, folders[patient], lists)),
                annotations=(Annotation(ItkImage(path)),),
                split=_SPLITS[part],
            )


def _patient_folders(root: Path) -> dict[str, list[Path]]:
    """Where each patient's series lie: below folders named by patient, else by what a header in each folder says.

    The latter is how scripts fetch a manifest: through TCIA's interface, which gives one folder a series UID.
    """
    folders: dict[str, list[Path]] = defaultdict(list)
    for folder in sorted(root.rglob("Prostate*-??-????")):
        if _PATIENT.fullmatch(folder.name) and folder.is_dir():
            folders[folder.name].append(folder)
    if not folders:
        one_of = {path.parent: path for path in sorted(root.rglob("*.dcm")) if not path.name.startswith(".")}
        for folder, path in sorted(one_of.items()):
            folders[str(_header(path).get("PatientID", ""))].append(folder)
    return folders


def _series(label: Path, patient: str, folders: list[Path], lists: list[Path]) -> tuple[Path, ...]:
    """Choose the series that was annotated.

    A patient of the challenge's manifest has one. Where more of the collection was downloaded, it is the one that
    a list beside the images (a ``.tcia`` manifest or a ``metadata.csv``) names as the patient's only series, else
    the only axial T2-weighted one according to the headers.
    """
    found: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(file for folder in folders for file in folder.rglob("*")):
        if path.suffix.lower() == ".dcm" and not path.name.startswith("."):
            found[path.parent].append(path)
    if not found:
        raise LayoutError(
            f"{label} has no image: no DICOM file in a folder {patient}, none of that PatientID in folders of series. "
            "Download the challenge's manifests, or remove the labels of the parts that you do not want."
        )
    if len(found) == 1:
        return tuple(next(iter(found.values())))
    headers = {files[0]: _header(files[0]) for files in found.values()}
    # The same series may have come with two manifests.
    unique = {
        str(headers[files[0]].get("SeriesInstanceUID", folder)): files for folder, files in reversed(found.items())
    }
    chosen = set(unique) if len(unique) == 1 else _listed(lists, set(unique))
    if len(chosen) != 1:
        chosen = {uid for uid, files in unique.items() if _is_axial_t2(headers[files[0]])}
    if len(chosen) != 1:
        names = "; ".join(sorted(str(files[0].parent) for files in unique.values()))
        raise LayoutError(
            f"{label}: the annotated series of {patient} cannot be told from its {len(unique)} series ({names}). "
            "Put the challenge's .tcia manifest beside the images, or keep the axial T2-weighted series only."
        )
    return tuple(unique[chosen.pop()])


def _listed(lists: list[Path], uids: set[str]) -> set[str]:
    """The series that some list names as the only one of these."""
    named = [
        uids.intersection(re.findall(r"\d+(?:\.\d+)+", path.read_text(encoding="utf-8", errors="replace")))
        for path in lists
    ]
    return {uid for only in named if len(only) == 1 for uid in only}


_ELEMENTS = ("PatientID", "SeriesInstanceUID", "SeriesDescription", "ProtocolName", "ImageOrientationPatient")


def _header(path: Path) -> dict[str, Any]:
    """What tells series apart; elements are decoded when they are asked for, which can fail in a damaged file."""
    import pydicom

    with reading(path):
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        return {name: dataset[name].value for name in _ELEMENTS if name in dataset}


def _is_axial_t2(header: dict[str, Any]) -> bool:
    orientation = header.get("ImageOrientationPatient") or ()
    if len(orientation) != 6:
        return False
    x1, y1, _, x2, y2, _ = (float(value) for value in orientation)
    description = f"{header.get('SeriesDescription', '')} {header.get('ProtocolName', '')}"
    is_axial = abs(x1 * y2 - y1 * x2) > 0.7
    return is_axial and "t2" in description.lower() and not _NOT_T2_WEIGHTED.search(description)


_FILES = "https://www.cancerimagingarchive.net/wp-content/uploads"

SOURCE = Source(
    id="nci_isbi13",
    title="NCI-ISBI 2013 Challenge: Automated Segmentation of Prostate Structures",
    homepage="https://www.cancerimagingarchive.net/analysis-result/isbi-mr-prostate-2013/",
    licence="unknown (CC BY 3.0 is reported for the PROSTATE-DIAGNOSIS collection only)",
    redistributable="no",
    access="open",
    obtain=(
        "From https://www.cancerimagingarchive.net/analysis-result/isbi-mr-prostate-2013/ download the three label "
        "zips and the three .tcia manifests; fetch the manifests' DICOM series with the NBIA Data Retriever; unpack "
        "the labels and keep everything under one folder, the manifests too."
    ),
    modalities=("T2W MRI",),
    labels=(
        Label("prostate_peripheral_zone", "prostate", 1),
        Label("prostate_central_gland", "prostate", 2),
    ),
    layout="""
any folder/
  manifest-1234567890123/            (one for each .tcia)
    metadata.csv
    Prostate-3T/Prostate3T-01-0001/<study>/<series>/1-01.dcm ...
    PROSTATE-DIAGNOSIS/ProstateDx-01-0001/<study>/<series>/1-01.dcm ...
  (or <series UID>/1-01.dcm ..., as fetched through TCIA's REST interface)
  Training/Prostate3T-01-0001.nrrd ... ProstateDx-01-0006_correctedLabels.nrrd ...
  Leaderboard/Prostate3T-02-0001.nrrd ...
  Test/Prostate3T-03-0001.nrrd ...
""",
    citation="""
@misc{bloch2015nciisbi,
  title     = {{NCI-ISBI} 2013 Challenge: Automated Segmentation of Prostate Structures},
  author    = {Bloch, Nicholas and Madabhushi, Anant and Huisman, Henkjan and Freymann, John and others},
  publisher = {The Cancer Imaging Archive},
  year      = {2015},
  doi       = {10.7937/K9/TCIA.2015.zF0vlOPv}
}
""",
    expected={"cases": 80, "subjects": 80},
    find_cases=find_cases,
    # Labels and images come apart, so the folder above both is the root.
    markers=tuple(f"{above}Prostate*.nrrd" for above in ("*/", "*/*/", "*/*/*/", "")),
    downloads=(
        Download(
            f"{_FILES}/NCI-ISBI-2013-Prostate-Challenge-Training.zip",
            sha256="c3436559b474c60e78633ea98601241f39cb27e30fb9d48b1d29f2821bfbf047",
        ),
        Download(
            f"{_FILES}/NCI-ISBI-2013-Prostate-Challenge-Leaderboard.zip",
            sha256="011945fdd273b2f43f6ba2de8904ad8625800b439dff9d228810b645c65fa0be",
        ),
        Download(
            f"{_FILES}/NCI-ISBI-2013-Prostate-Challenge-Test.zip",
            sha256="53c2969c035974de47bcb2d3fa20c1342c99096faf2fc87a0097ed62e89d32e3",
        ),
        Download(f"{_FILES}/ISBI-Prostate-Challenge-Training.tcia"),
        Download(f"{_FILES}/ISBI-Prostate-Challenge-LeaderBoard.tcia"),
        Download(f"{_FILES}/ISBI-Prostate-Challenge-Testing.tcia"),
    ),
    pitfalls=(
        "Several labels, most of them ProstateDx, lie on a grid with another slice spacing than their image; they are "
        "brought together by world coordinates, nearest neighbour.",
        "Image and label of ProstateDx-01-0055 differ in size.",
        "The label of ProstateDx-01-0006 has the suffix _correctedLabels.",
        "Half the patients were scanned at 1.5 T with an endorectal coil (ProstateDx), half at 3 T (Prostate3T).",
        "The whole prostate is the union of both zones.",
        "Whole collections hold further series of the same patients; the annotated one is the axial T2-weighted one.",
    ),
    unverified=(
        "The licences of Prostate-3T and of the labels were not checked.",
        "ProstateDx-01-0035 is listed as special by one audit, for a reason that was not found.",
    ),
)
