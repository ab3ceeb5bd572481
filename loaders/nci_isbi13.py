"""NCI-ISBI 2013: axial T2-weighted MRI of the prostate as DICOM from TCIA, zones of the gland as NRRD."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from cosmos_datasets.case import Annotation, Case, Reader, Split
from cosmos_datasets.errors import CaseError
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, merged, named
from cosmos_datasets.readers import DicomSeries, ItkImage, Refused
from cosmos_datasets.readers.failure import reading
from cosmos_datasets.source import Download, Label, Source
from cosmos_datasets.tables import text_if_any

_PATIENT = r"(Prostate(?:3T|Dx)-0[123]-\d{4})"
_SPLITS: dict[str, Split] = {"01": "train", "02": "validation", "03": "test"}
_NOT_T2_WEIGHTED = re.compile(r"adc|dwi|diff|ep2d|t2\*|t2 ?map|t2star", re.IGNORECASE)
_ELEMENTS = ("PatientID", "SeriesInstanceUID", "SeriesDescription", "ProtocolName", "ImageOrientationPatient")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every patient with a label file; the middle number of the name is the part of the challenge."""
    files = list(below(root))
    series = _series(files)
    lists = [path for path in files if path.suffix == ".tcia" or path.name == "metadata.csv"]
    uids = [set(re.findall(r"\d+(?:\.\d+)+", text)) for text in map(text_if_any, lists)]
    # One file carries the suffix _correctedLabels, copies in the wild carry others.
    labels = merged(
        named(files, rf"{_PATIENT}_corrected[^.]*\.nrrd"), named(files, rf"{_PATIENT}(?!_corrected)[^.]*\.nrrd")
    )
    for patient in sorted(series.keys() - labels.keys()):
        if re.fullmatch(_PATIENT, patient):
            notice("note", "a patient's images are there and no label is; they are not used", patient)
    for patient, label in sorted(labels.items()):
        image = _annotated(series[patient], uids) if patient in series else DicomSeries((root / patient / "*.dcm",))
        zones = Annotation(ItkImage(label))
        yield Case(patient, patient, "T2W MRI", image, (zones,), _SPLITS[patient.split("-")[1]])


def _series(files: list[Path]) -> dict[str, list[tuple[Path, ...]]]:
    """The files of each series by patient: a folder above is named so; TCIA's interface names none, a header does."""
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in files:
        if path.suffix.lower() == ".dcm":
            folders[path.parent].append(path)
    found: dict[str, list[tuple[Path, ...]]] = defaultdict(list)
    for folder, slices in folders.items():
        patient = next((part for part in reversed(folder.parts) if re.fullmatch(_PATIENT, part)), "")
        found[patient or str(_header(slices[0]).get("PatientID", ""))].append(tuple(slices))
    return found


def _annotated(series: list[tuple[Path, ...]], lists: list[set[str]]) -> Reader:
    """Choose the series that was annotated: a patient of the challenge's manifest has one.

    Where more of the collection was downloaded, it is the one that a list beside the images (a ``.tcia`` manifest or a
    ``metadata.csv``) names as the patient's only series, else the only axial T2-weighted one.
    """
    if len(series) == 1:
        return DicomSeries(series[0])
    headers = {files: _header(files[0]) for files in series}
    # The same series may have come with two manifests.
    unique = {str(headers[files].get("SeriesInstanceUID", files)): files for files in reversed(series)}
    listed = {uid for uids in lists for uid in uids & unique.keys() if len(uids & unique.keys()) == 1}
    axial = {uid for uid, files in unique.items() if _is_axial_t2(headers[files])}
    for some in (set(unique), listed, axial):
        if len(some) == 1:
            return DicomSeries(unique[some.pop()])
    paths = tuple(path for files in unique.values() for path in files)
    return Refused(
        paths,
        f"{paths[0].parent}, one of several series of a patient: which was annotated cannot be told. Put the "
        "challenge's .tcia manifest beside the images, or keep the axial T2-weighted series only.",
    )


def _header(path: Path) -> dict[str, Any]:
    """What tells series apart; nothing if it cannot be read (elements are decoded when they are asked for)."""
    import pydicom

    with suppress(CaseError), reading(path):
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        return {name: dataset[name].value for name in _ELEMENTS if name in dataset}
    return {}


def _is_axial_t2(header: dict[str, Any]) -> bool:
    cosines = [*map(float, header.get("ImageOrientationPatient") or ()), *[0.0] * 6]
    is_axial = abs(cosines[0] * cosines[4] - cosines[1] * cosines[3]) > 0.7
    description = f"{header.get('SeriesDescription', '')} {header.get('ProtocolName', '')}"
    return is_axial and "t2" in description.lower() and not _NOT_T2_WEIGHTED.search(description)


_FILES = "https://www.cancerimagingarchive.net/wp-content/uploads"
_LABELS, _SERIES = _FILES + "/NCI-ISBI-2013-Prostate-Challenge-{}.zip", _FILES + "/ISBI-Prostate-Challenge-{}.tcia"

SOURCE = Source(
    id="nci_isbi13",
    title="NCI-ISBI 2013 Challenge: Automated Segmentation of Prostate Structures",
    homepage="https://www.cancerimagingarchive.net/analysis-result/isbi-mr-prostate-2013/",
    licence="unknown (CC BY 3.0 is reported for the PROSTATE-DIAGNOSIS collection only)",
    redistributable="no",
    access="open",
    obtain=(
        "From https://www.cancerimagingarchive.net/analysis-result/isbi-mr-prostate-2013/ download three label zips "
        "and .tcia manifests; fetch the manifests' series with the NBIA Data Retriever; unpack the labels and keep "
        "everything under one folder, the manifests too."
    ),
    modalities=("T2W MRI",),
    labels=(Label("prostate_peripheral_zone", "prostate", 1), Label("prostate_central_gland", "prostate", 2)),
    layout="""
any folder/
  manifest-<number>/<collection>/Prostate3T-01-0001/<study>/<series>/1-01.dcm ...
  (or <series UID>/1-01.dcm ..., as fetched through TCIA's REST interface)
  Training/Prostate3T-01-0001.nrrd ... ProstateDx-01-0006_correctedLabels.nrrd ...
  Leaderboard/Prostate3T-02-0001.nrrd ..., Test/Prostate3T-03-0001.nrrd ...
""",
    citation="""
@misc{bloch2015nciisbi,
  title = {{NCI-ISBI} 2013 Challenge: Automated Segmentation of Prostate Structures},
  author = {Bloch, Nicholas and Madabhushi, Anant and Huisman, Henkjan and Freymann, John and others},
  publisher = {The Cancer Imaging Archive}, year = {2015}, doi = {10.7937/K9/TCIA.2015.zF0vlOPv}
}
""",
    expected={"cases": 80, "subjects": 80},
    find_cases=find_cases,
    # Labels and images come apart, so the folder above both is the root.
    markers=tuple(f"{above}Prostate*.nrrd" for above in ("*/", "*/*/", "*/*/*/", "")),
    downloads=(
        Download(_LABELS.format("Training"), "c3436559b474c60e78633ea98601241f39cb27e30fb9d48b1d29f2821bfbf047"),
        Download(_LABELS.format("Leaderboard"), "011945fdd273b2f43f6ba2de8904ad8625800b439dff9d228810b645c65fa0be"),
        Download(_LABELS.format("Test"), "53c2969c035974de47bcb2d3fa20c1342c99096faf2fc87a0097ed62e89d32e3"),
        *(Download(_SERIES.format(part)) for part in ("Training", "LeaderBoard", "Testing")),
    ),
    pitfalls=(
        "Several labels, mostly of ProstateDx, lie on a grid with another slice spacing or (ProstateDx-01-0055) of "
        "another size than their image; they are brought together by world coordinates, nearest neighbour.",
        "Half the patients were scanned at 1.5 T with an endorectal coil (ProstateDx), half at 3 T (Prostate3T).",
        "Whole collections hold further series of the same patients; the annotated one is the axial T2-weighted one.",
    ),
    unverified=("The licences of Prostate-3T and the labels.", "Why one audit lists ProstateDx-01-0035 as special."),
)
