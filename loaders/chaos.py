"""CHAOS: abdominal CT and MRI of healthy people; DICOM slices beside one PNG mask a slice."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Reader
from cosmos_datasets.errors import CaseError
from cosmos_datasets.noticing import notice
from cosmos_datasets.numbering import numbered, stack, whole_stack
from cosmos_datasets.pairing import named
from cosmos_datasets.readers import DicomSeries, PictureStack, Refused
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
            slices, drawn = _files(patient / images, "dcm"), _files(patient / masks, "png")
            if slices and not drawn:
                notice("warning", "slices are there and their masks are not; they are not used", patient / images)
            if not drawn:
                continue
            image: Reader
            try:
                paths, drawn = _paired(slices, drawn, patient / images)
                image = DicomSeries(paths, order="given")
            except CaseError as error:
                image = Refused(slices or drawn, str(error))
            yield Case(
                case_id="/".join(filter(None, (table, patient.name, sequence))),
                subject_id=f"{table}_{patient.name}",
                modality=modality,
                image=image,
                annotations=(Annotation(PictureStack(drawn), table=table, on_image_grid=True),),
            )


def _files(folder: Path, suffix: str) -> tuple[Path, ...]:
    return tuple(named(folder.glob("*"), rf"(\w.*)\.{suffix}").values())


def _paired(
    slices: tuple[Path, ...], masks: tuple[Path, ...], folder: Path
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Slices and masks in the order of their numbers; files are never sorted by position, which reverses some scans.

    The numbers of a mask and its slice are the same or one apart: ``i0042`` and ``liver_GT_042``, ``IMG-0002-00043``
    and ``liver_GT_042``, ``IMG-0004-00012`` in phase and its own mask, with ``IMG-0004-00011`` out of phase.

    Raises:
        CaseError: if a folder holds several stacks, or the numbers do not tell the pairs.
    """
    by_number, drawn = numbered(slices), numbered(masks)
    if not by_number:
        return (folder / "*.dcm",), stack(drawn, drawn)
    apart = _apart(next(iter(by_number.values())), by_number, drawn)
    numbers = whole_stack(drawn, {number - apart for number in by_number})
    return stack(by_number, (number + apart for number in numbers)), stack(drawn, numbers)


def _apart(path: Path, slices: Collection[int], masks: Mapping[int, Path]) -> int:
    """The number of a slice less that of its mask."""
    mask = next(iter(masks.values()))
    if "GT" in mask.stem:  # the masks of CT begin at 0
        return 0 if path.name.startswith("i") or 0 in slices else 1
    if path.parent.name != "OutPhase" and path.stem.rpartition("-")[0] != mask.stem.rpartition("-")[0]:
        raise CaseError(f"{mask}: is not called like its slice, {path.name} or another one beside it.")
    odd, even = ({number % 2 for number in some} for some in (slices, masks))
    return -1 if (odd, even) == ({1}, {0}) else 1 if (odd, even) == ({0}, {1}) else 0


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
        "CT slices and masks correspond by the numbers in their names; sorting by slice position breaks the pairs.",
        "CT files follow one of two naming schemes; in one the numbers start at 1 while the masks start at 0.",
        "The masks are coded differently: any value above zero is liver in CT, four grey levels are organs in MR.",
        "In-phase and out-phase T1 share one annotation, so each of its masks occurs twice.",
        "CT and MR show different people: CT/1 and MR/1 have nothing to do with each other.",
        "The challenge page counts 1367 training CT slices, the released set holds 2874.",
    ),
    unverified=("The licence, as others report it.", "That the masks of T1DUAL are named after the in-phase files."),
)
