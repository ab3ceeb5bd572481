"""CAMUS: echocardiography in two views, one end-diastolic and one end-systolic frame a view."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case, Split
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import volume
from cosmos_datasets.source import Download, Label, Source
from cosmos_datasets.splits import in_splits, split_lists

_FRAME = r"(patient\d{4}_[24]CH_E[DS])"
_ENDING = r"\.(?:nii|nii\.gz|mhd)"
#: Names of the lists in ``database_split``.
_LISTS: dict[str, Split] = {
    "subgroup_training.txt": "train",
    "subgroup_validation.txt": "validation",
    "subgroup_testing.txt": "test",
}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the labelled frames; a patient without any label belongs to the testing part of the first release."""
    # The lists lie beside the patients' folder, which may itself be the root.
    folders = [folder / "database_split" for folder in (root.parent, root)]
    there = [folder for folder in folders if folder.is_dir()]
    # The first release, in another format, has no lists: its labelled patients are the training part.
    is_first = not there and any(below(root, "patient*_gt.mhd"))
    yield from in_splits(_frames(root), None if is_first else split_lists((*there, *folders)[0], _LISTS))


def _frames(root: Path) -> Iterator[Case]:
    # The testing part of the first release numbers its patients from 1 again: only files of one folder are paired.
    for folder in sorted({path.parent for path in below(root, "patient*_gt.*")}):
        images = named(folder.iterdir(), _FRAME + _ENDING)
        labels = named(folder.iterdir(), f"{_FRAME}_gt{_ENDING}")
        for name, image, label in pairs(images, labels, every_image=True):
            annotation = Annotation(volume(label), on_image_grid=True)
            yield Case(name, name.partition("_")[0], "Ultrasound", volume(image), (annotation,))


SOURCE = Source(
    id="camus",
    title="CAMUS (Cardiac Acquisitions for Multi-structure Ultrasound Segmentation)",
    homepage="https://www.creatis.insa-lyon.fr/Challenge/camus/databases.html",
    licence="unknown; a licence text ships with the data",
    redistributable="no",
    access="open",
    obtain=(
        "Run cosmos-datasets download camus, or take the folder CAMUS_public of "
        "https://humanheart-project.creatis.insa-lyon.fr/database/#collection/6373703d73e9f0047faa1bc8 as one zip and "
        "unpack it. The first release (training.zip, MHD; account on the challenge's site) works as well."
    ),
    modalities=("Ultrasound",),
    labels=(
        Label("left_ventricle", "left_ventricle", 1),
        Label("left_ventricular_myocardium", "left_ventricular_myocardium", 2),
        Label("left_atrium", "left_atrium", 3),
    ),
    layout="""
CAMUS_public/
  database_nifti/                  first release: training/, with .mhd + .raw
    patient0001/                   ... patient0500/
      patient0001_2CH_ED.nii.gz, patient0001_2CH_ED_gt.nii.gz, the same for ES and for 4CH
      patient0001_2CH_half_sequence.nii.gz, Info_2CH.cfg ...    not used
  database_split/
    subgroup_training.txt, subgroup_validation.txt, subgroup_testing.txt
""",
    citation="""
@article{leclerc2019camus,
  title = {Deep Learning for Segmentation Using an Open Large-Scale Dataset in {2D} Echocardiography},
  author = {Leclerc, Sarah and Smistad, Erik and Pedrosa, Jo{\\~a}o and {\\O}stvik, Andreas and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {38}, number = {9}, pages = {2198--2210}, year = {2019},
  doi = {10.1109/TMI.2019.2900516}
}
""",
    expected={"cases": 2000, "subjects": 500},
    find_cases=find_cases,
    markers=("database_nifti/patient[0-9]*", "training/patient[0-9]*", "patient[0-9]*/patient*_[24]CH_E[DS]*"),
    plane="native",
    downloads=(
        Download(
            "https://humanheart-project.creatis.insa-lyon.fr/database/api/v1/folder/63fde55f73e9f004868fb7ac/download",
            name="CAMUS_public.zip",
        ),
    ),
    pitfalls=(
        "The half sequences of the NIfTI release are labelled too, and left out: they begin and end with the very "
        "frames that are here, and the frames between are near copies of them.",
        "The first release has 450 labelled patients (1,800 frames); its 50 testing patients have no labels and are "
        "numbered from 1 again.",
        "Without database_split every patient counts as training. Image and pixel sizes differ between patients.",
    ),
    unverified=("The licence is said to be CC BY-NC-SA 4.0; the splits 400, 50 and 50 patients.",),
)
