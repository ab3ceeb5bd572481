"""ACDC: short-axis cine MRI of the heart, one end-diastolic and one end-systolic volume a patient."""

import re
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import LayoutError
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Label, Source

_FRAME = re.compile(r"(patient(\d{3})_frame\d{2})(_gt)?\.nii(\.gz)?")
#: Patients up to this number are the training set, the others the test set.
_LAST_TRAINING = 100


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every labelled frame; the 4D series and test patients without any ``_gt`` are left out."""
    # Some copies unpack every file into a folder of the same name, so names decide and not the depth.
    found = [
        (match, path)
        for path in sorted(root.rglob("patient*_frame*.nii*"))
        if (match := _FRAME.fullmatch(path.name)) and path.is_file()
    ]
    images = {match[1]: path for match, path in found if not match[3]}
    labels = {match[1] for match, _ in found if match[3]}
    labelled_patients = {name.partition("_")[0] for name in labels}
    for name in sorted(images.keys() - labels):
        patient = name.partition("_")[0]
        if patient in labelled_patients or _is_training(patient):
            raise LayoutError(f"{images[name]} has no label {name}_gt.nii.gz beside it; unpack the release again.")
    for match, path in found:
        if not match[3]:
            continue
        if match[1] not in images:
            raise LayoutError(f"{path} has no image {match[1]}.nii.gz beside it; unpack the release again.")
        yield Case(
            case_id=match[1],
            subject_id=f"patient{match[2]}",
            modality="Cine-MRI",
            image=Nifti(images[match[1]]),
            # The headers of some label files differ from their image's though the voxels correspond.
            annotations=(Annotation(Nifti(path), on_image_grid=True),),
            split="train" if _is_training(f"patient{match[2]}") else "test",
        )


def _is_training(patient: str) -> bool:
    return int(patient.removeprefix("patient")) <= _LAST_TRAINING


SOURCE = Source(
    id="acdc",
    title="ACDC (Automated Cardiac Diagnosis Challenge, MICCAI 2017)",
    homepage="https://www.creatis.insa-lyon.fr/Challenge/acdc/",
    licence="CC-BY-NC-SA-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Open the collection page of the Human Heart Project "
        "(https://humanheart-project.creatis.insa-lyon.fr/database/#collection/637218c173e9f0047faa00fb), "
        "download the whole collection as one zip and unpack it; name the folder that holds training/ and testing/."
    ),
    modalities=("Cine-MRI",),
    labels=(
        Label("right_ventricle", "right_ventricle", 1),
        Label("left_ventricular_myocardium", "left_ventricular_myocardium", 2),
        Label("left_ventricle", "left_ventricle", 3),
    ),
    layout="""
ACDC/database/
  training/
    patient001/
      Info.cfg
      patient001_4d.nii.gz
      patient001_frame01.nii.gz
      patient001_frame01_gt.nii.gz
      patient001_frame12.nii.gz
      patient001_frame12_gt.nii.gz
    ... patient100/
  testing/
    patient101/ ... patient150/
""",
    citation="""
@article{bernard2018acdc,
  title   = {Deep Learning Techniques for Automatic {MRI} Cardiac Multi-Structures Segmentation and Diagnosis:
             Is the Problem Solved?},
  author  = {Bernard, Olivier and Lalande, Alain and Zotti, Clement and Cervenansky, Frederick and others},
  journal = {IEEE Transactions on Medical Imaging},
  volume  = {37},
  number  = {11},
  pages   = {2514--2525},
  year    = {2018},
  doi     = {10.1109/TMI.2018.2837502}
}
""",
    expected={"cases": 300, "subjects": 150},
    find_cases=find_cases,
    markers=(
        *(f"{above}{part}/patient[0-9]*" for above in ("", "*/") for part in ("training", "testing")),
        "patient[0-9]*/patient*_frame*",
    ),
    plane="acquired",
    downloads=(
        Download(
            "https://humanheart-project.creatis.insa-lyon.fr/database/api/v1/collection/637218c173e9f0047faa00fb/download",
            sha256="2787e08b0d3525cbac710fc3bdf69ee7c5fd7446472e49db8bc78548802f6b5e",
        ),
    ),
    pitfalls=(
        "frame01 need not be end-diastole: Info.cfg tells which frame is which.",
        "The label values run the other way round than in M&Ms: here 1 is the right ventricle.",
        "Slices are 5 to 10 mm apart, pixels 0.7 to 1.95 mm wide.",
        "Older copies lack testing/ or ship it without labels; they are then left out.",
    ),
    unverified=(
        "The licence is stated by a redistributor who links the licence item of the Human Heart site.",
        "Headers of some label files differ from the image's; the image's geometry is used for both.",
    ),
)
