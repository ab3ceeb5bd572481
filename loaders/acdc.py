"""ACDC: short-axis cine MRI of the heart, one end-diastolic and one end-systolic volume a patient."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.noticing import notice
from cosmos_datasets.pairing import below, named
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every labelled frame; the 4D series and test patients without any ``_gt`` are left out."""
    # Some copies unpack every file into a folder of the same name, so names decide and not the depth.
    files = list(below(root, "patient*_frame*"))
    images = named(files, r"(patient\d{3}_frame\d{2})\.nii(?:\.gz)?")
    labels = named(files, r"(patient\d{3}_frame\d{2})_gt\.nii(?:\.gz)?")
    labelled = {name[:10] for name in labels}
    for name in sorted(images.keys() | labels.keys()):
        patient, is_training = name[:10], int(name[7:10]) <= 100
        if not is_training and patient not in labelled:
            notice("note", "a test patient has no label at all, as in older copies; it is not used", images[name])
            continue
        label = labels.get(name) or images[name].with_name(f"{name}_gt.nii.gz")
        image = images.get(name) or label.with_name(f"{name}.nii.gz")
        # The headers of some label files differ from their image's though the voxels correspond.
        annotation = Annotation(Nifti(label), on_image_grid=True)
        yield Case(name, patient, "Cine-MRI", Nifti(image), (annotation,), "train" if is_training else "test")


SOURCE = Source(
    id="acdc",
    title="ACDC (Automated Cardiac Diagnosis Challenge, MICCAI 2017)",
    homepage="https://www.creatis.insa-lyon.fr/Challenge/acdc/",
    licence="CC-BY-NC-SA-4.0",
    redistributable="yes",
    access="open",
    obtain=(
        "Open https://humanheart-project.creatis.insa-lyon.fr/database/#collection/637218c173e9f0047faa00fb, download "
        "the whole collection as one zip and unpack it; name the folder that holds training/ and testing/."
    ),
    modalities=("Cine-MRI",),
    labels=(
        Label("right_ventricle", "right_ventricle", 1),
        Label("left_ventricular_myocardium", "left_ventricular_myocardium", 2),
        Label("left_ventricle", "left_ventricle", 3),
    ),
    layout="""
ACDC/database/
  training/patient001/patient001_frame01.nii.gz, patient001_frame01_gt.nii.gz, patient001_frame12.nii.gz, ...
  ... training/patient100/
  testing/patient101/ ... patient150/
""",
    citation="""
@article{bernard2018acdc,
  title = {Deep Learning Techniques for Automatic {MRI} Cardiac Multi-Structures Segmentation and Diagnosis: Is the
           Problem Solved?},
  author = {Bernard, Olivier and Lalande, Alain and Zotti, Clement and Cervenansky, Frederick and others},
  journal = {IEEE Transactions on Medical Imaging}, volume = {37}, number = {11}, pages = {2514--2525}, year = {2018},
  doi = {10.1109/TMI.2018.2837502}
}
""",
    expected={"cases": 300, "subjects": 150},
    find_cases=find_cases,
    markers=tuple(f"{above}patient[0-9]*" for above in ("t*ing/", "t*ing/t*ing/", "")),
    plane="acquired",
    downloads=(
        Download(
            "https://humanheart-project.creatis.insa-lyon.fr/database/api/v1/collection/637218c173e9f0047faa00fb/download",
            sha256="2787e08b0d3525cbac710fc3bdf69ee7c5fd7446472e49db8bc78548802f6b5e",
            name="ACDC.zip",
        ),
    ),
    pitfalls=(
        "frame01 need not be end-diastole: Info.cfg tells which frame is which.",
        "The label values run the other way round than in M&Ms: here 1 is the right ventricle.",
        "Slices are 5 to 10 mm apart, pixels 0.7 to 1.95 mm wide.",
        "Older copies lack testing/ or ship it without labels; they are then left out.",
    ),
    unverified=("The licence, as a redistributor states it.", "That headers of some labels differ from the image's."),
)
