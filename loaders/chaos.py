"""CHAOS: abdominal CT and MRI of healthy people; DICOM slices beside one PNG mask a slice."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named
from cosmos_datasets.readers import DicomSeries, PictureStack
from cosmos_datasets.source import Download, Label, Source

#: Table of the labels, folders below a patient: sequence, images, masks; modality.
_SERIES = (
    ("CT", "", "DICOM_anon", "Ground", "CT"),
    ("MR", "T1DUAL/InPhase", "T1DUAL/DICOM_anon/InPhase", "T1DUAL/Ground", "T1W MRI"),
    ("MR", "T1DUAL/OutPhase", "T1DUAL/DICOM_anon/OutPhase", "T1DUAL/Ground", "T1W MRI"),
    ("MR", "T2SPIR", "T2SPIR/DICOM_anon", "T2SPIR/Ground", "T2W MRI"),
)

_MR = ("T1W MRI", "T2W MRI")


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the CT scans and the MR sequences that have masks; the test sets have none."""
    for table, sequence, images, masks, modality in _SERIES:
        for patient in (folder for folder in (root / table).glob("[0-9]*") if folder.name.isdecimal()):
            drawn, slices = _in_order(patient / masks, "png"), _in_order(patient / images, "dcm")
            if not drawn:
                continue
            # Rank decides: CT names share no number with their masks, and the out-phase slices none with the in-phase
            # masks that they share. Files are never sorted by position, which reverses some of the scans. The masks
            # of MR are named after slices all the same: one that is not there makes reading fail.
            known = {path.stem for path in (patient / masks).with_name("DICOM_anon").rglob("*")}
            lost = [patient / images / f"{path.stem}.dcm" for path in drawn if sequence and path.stem not in known]
            yield Case(
                case_id="/".join(filter(None, (table, patient.name, sequence))),
                subject_id=f"{table}_{patient.name}",
                modality=modality,
                image=DicomSeries((*lost, *slices) or (patient / images / "*.dcm",), order="given"),
                annotations=(Annotation(PictureStack(drawn), table=table, on_image_grid=True),),
            )


def _in_order(folder: Path, suffix: str) -> tuple[Path, ...]:
    return tuple(sorted(named(folder.glob("*"), rf"(\w.*)\.{suffix}").values(), key=_number))


def _number(path: Path) -> tuple[int, str]:
    """Slice number: the first one of ``i0042,0000b.dcm``, the last one of every other name."""
    numbers = re.findall(r"\d+", path.stem.partition(",")[0])
    return (int(numbers[-1]) if numbers else -1), path.name


SOURCE = Source(
    id="chaos",
    title="CHAOS (Combined CT-MR Healthy Abdominal Organ Segmentation)",
    homepage="https://chaos.grand-challenge.org/",
    licence="CC-BY-NC-SA-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Download CHAOS_Train_Sets.zip from https://zenodo.org/records/3431873 and unpack it. "
        "CHAOS_Test_Sets.zip has no labels and is not needed."
    ),
    modalities=("CT", *_MR),
    labels=(
        Label("liver", "liver", (1, 255), table="CT", modalities=("CT",)),
        # Published as 63, 126, 189 and 252; the bands allow for grey levels that are a little off.
        Label("liver", "liver", (55, 70), table="MR", modalities=_MR),
        Label("kidney_right", "kidney", (110, 135), table="MR", modalities=_MR),
        Label("kidney_left", "kidney", (175, 200), table="MR", modalities=_MR),
        Label("spleen", "spleen", (240, 255), table="MR", modalities=_MR),
    ),
    layout="""
Train_Sets/
  CT/1/DICOM_anon/i0000,0000b.dcm ...     (other patients: IMG-0002-00001.dcm ...)
  CT/1/Ground/liver_GT_000.png ...
  MR/1/T1DUAL/DICOM_anon/InPhase/IMG-0004-00002.dcm ..., OutPhase/IMG-0004-00001.dcm ...
  MR/1/T1DUAL/Ground/IMG-0004-00002.png ...
  MR/1/T2SPIR/DICOM_anon/IMG-0002-00001.dcm ...
  MR/1/T2SPIR/Ground/IMG-0002-00001.png ...
""",
    citation="""
@article{kavur2021chaos,
  title = {{CHAOS} Challenge - combined ({CT-MR}) healthy abdominal organ segmentation},
  author = {Kavur, A. Emre and others}, journal = {Medical Image Analysis}, volume = {69}, pages = {101950},
  year = {2021}, doi = {10.1016/j.media.2020.101950}
}
@misc{kavur2019chaosdata,
  title = {{CHAOS} - Combined ({CT-MR}) Healthy Abdominal Organ Segmentation Challenge Data},
  author = {Kavur, A. Emre and others}, publisher = {Zenodo}, year = {2019}, doi = {10.5281/zenodo.3362844}
}
""",
    expected={"cases": 80, "subjects": 40},
    find_cases=find_cases,
    markers=("CT/*/Ground", "MR/*/*/Ground"),
    downloads=(
        Download(
            "https://zenodo.org/records/3431873/files/CHAOS_Train_Sets.zip",
            sha256="535f7d3417a0e0f0d9133fb3d962423d2a9cf3f103e4f09a3d8a1daf87d5d2fc",
        ),
    ),
    pitfalls=(
        "CT slices and masks correspond in the order of their file names; sorting by slice position breaks the pairs.",
        "CT files follow one of two naming schemes; in one the numbers start at 1 while the masks start at 0.",
        "The masks are coded differently: any value above zero is liver in CT, four grey levels are organs in MR.",
        "In-phase and out-phase T1 share one annotation, so each of its masks occurs twice.",
        "CT and MR show different people: CT/1 and MR/1 have nothing to do with each other.",
        "The challenge page counts 1367 training CT slices, the released set holds 2874.",
    ),
    unverified=("The licence, as others report it.", "That the masks of T1DUAL are named after the in-phase files."),
)
