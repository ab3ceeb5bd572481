"""QUBIQ 2021: six small sets that several raters drew, single pictures and CT volumes in NIfTI files."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Reader, Split
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, named
from cosmos_datasets.readers import NiftiPicture, NiftiStack
from cosmos_datasets.source import Label, Source

#: The channels of a brain tumor, in the order of the file.
_CHANNELS = ("T1W MRI", "T1-GD MRI", "T2W MRI", "T2-FLAIR MRI")
#: Folder of a set -> the labels of its tasks, in order.
_SETS = {
    "brain-growth": (Label("brain_growth", "brain_growth", modalities=("MRI",)),),
    "brain-tumor": tuple(Label(f"brain_tumor_task0{task}", "brain_tumor", modalities=_CHANNELS) for task in (1, 2, 3)),
    "kidney": (Label("kidney", "kidney", modalities=("CT",)),),
    "pancreas": (Label("pancreas", "pancreas", modalities=("CT",)),),
    "pancreatic-lesion": (Label("pancreatic_lesion", "pancreatic_mass", modalities=("CT",)),),
    "prostate": tuple(Label(f"prostate_task0{task}", "prostate", modalities=("MRI",)) for task in (1, 2)),
}
_MASKS = tuple(f"{above}case*/task*_seg*.nii*" for above in ("*/*/*/*/", "*/*/*/", "*/*/", "*/", ""))


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every case that a rater drew: of a volume one, of a brain tumor one for each channel."""
    top = root.absolute()
    # Some sets have one level of folders less than others, so no fixed depth finds them all.
    for folder in sorted({path.parent for path in below(top, "task*_seg*.nii*")}):
        # The names of the archive, the set and the part are those of the folders from the root down.
        around = [part.lower().replace("_", "-") for part in folder.parts[len(top.parts) - 1 : -1]]
        name = next((part for part in reversed(around) if part in _SETS), None)
        if name is None or not folder.name.startswith("case"):
            notice(
                "warning",
                "a folder of masks lies in none of the sets, or is called as no case; it is not read",
                folder,
            )
        else:
            split: Split = "validation" if any(part.startswith("validation") for part in around) else "train"
            yield from _cases(name, folder, split)


def _cases(name: str, folder: Path, split: Split) -> Iterator[Case]:
    labels = _SETS[name]
    modalities = labels[0].modalities
    is_volume = name.startswith("pancrea")
    reader = NiftiStack if is_volume else NiftiPicture
    files = list(folder.iterdir())
    image = named(files, r"(image)\.nii(?:\.gz)?").get("image", folder / "image.nii.gz")
    masks = named(files, rf"(task0[1-{len(labels)}]_seg\d\d)\.nii(?:\.gz)?")
    annotations = tuple(
        Annotation(reader(path), label=labels[int(key[5]) - 1].name, rater=int(key[-2:]) - 1)
        for key, path in sorted(masks.items())
    )
    for number, modality in enumerate(modalities):
        channel: Reader = NiftiPicture(image, number) if len(modalities) > 1 else reader(image)
        yield Case(
            case_id=f"{name}/{folder.name}" + f"/channel{number}" * (len(modalities) > 1),
            subject_id=f"{name}/{folder.name.partition('-')[0]}",
            modality=modality,
            image=channel,
            annotations=annotations,
            split=split,
            plane="axial" if is_volume else None,
        )


SOURCE = Source(
    id="qubiq21",
    title="QUBIQ 2021 (Quantification of Uncertainties in Biomedical Image Quantification)",
    homepage="https://qubiq21.grand-challenge.org/",
    licence="unknown",
    redistributable="no",
    access="account",
    obtain=(
        "Register at https://qubiq21.grand-challenge.org/, download training_data_v3_QC.zip and "
        "validation_data_qubiq2021_QC.zip (or the same without _QC) and unpack both into one folder. QUBIQ21_test.zip "
        "has no labels."
    ),
    modalities=("CT", "MRI", *_CHANNELS),
    labels=tuple(label for labels in _SETS.values() for label in labels),
    layout="""
training_data_v3_QC/
  brain-growth/Training/case01/image.nii.gz, task01_seg01.nii.gz ... task01_seg07.nii.gz
  brain-tumor/Training/case01/     four channels in image.nii.gz; three tasks, three raters
  kidney/Training/case01/          three raters
  prostate/Training/case01/        two tasks, six raters
  pancreas/case1-1/                volumes; patient and scan
  pancreatic-lesion/case1-1/       volumes
validation_data_qubiq2021_QC/
  prostate/Validation/case49/      and so on; pancreas/case13-1, or pancreas/Validation/case13-1
""",
    citation="""
@misc{li2024qubiq,
  title = {{QUBIQ}: Uncertainty Quantification for Biomedical Image Segmentation Challenge},
  author = {Li, Hongwei Bran and others}, publisher = {arXiv}, year = {2024}, eprint = {2405.18435}
}
""",
    # 39 + 4 x 32 + 24 + 55 pictures and 40 + 22 training volumes; the validation volumes are not counted anywhere.
    expected={"cases": 308, "brain-growth": 39, "brain-tumor": 32, "kidney": 24, "prostate": 55},
    find_cases=find_cases,
    markers=_MASKS,
    plane="native",
    pitfalls=(
        "Every rater's mask is kept, with the rater's number less one in the field rater; the tasks are labels.",
        "Raters may be missing (prostate case09) and may have drawn nothing; both are no error.",
        "Validation case50 of the prostate, task 02, is known for masks that do not belong to the image.",
        "The four channels of a brain tumor share their masks: its masks occur four times.",
        "The volumes have their slices along the first axis; a header that does not say so is not used.",
        "CT values below -1500 are padding.",
    ),
    unverified=(
        "The order of the channels: taken as T1, contrast-enhanced T1, T2, FLAIR; and what each task stands for.",
        "Whether case1-1 of the two pancreas sets is one scan: they count as different subjects.",
        "The sequences of the MRI sets are not stated.",
    ),
)
