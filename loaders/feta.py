"""FeTA: super-resolution T2-weighted MRI of the fetal brain, seven tissues."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every reconstruction with a tissue map; biometry maps (``_meas``) are left out."""
    files = list(below(root, "sub-*"))
    images = named(files, r"(sub-[\w-]+)_T2w\.nii(?:\.gz)?")
    labels = named(files, r"(sub-[\w-]+)_dseg\.nii(?:\.gz)?")
    for key, image, label in pairs(images, labels, every_image=True):
        yield Case(key, key.split("_")[0], "T2W MRI", Nifti(image), (Annotation(Nifti(label)),))


SOURCE = Source(
    id="feta",
    title="FeTA (Fetal Tissue Annotation challenge)",
    homepage="https://feta.grand-challenge.org/",
    licence="unknown (data use agreement)",
    redistributable="no",
    access="request",
    obtain=(
        "Register on https://www.synapse.org, request access to syn25649159 and download the release (the steps: "
        "https://feta.grand-challenge.org/data-download/). The cases of Vienna (2022) need an agreement with the "
        "Medical University of Vienna; put their sub- folders beside the others."
    ),
    modalities=("T2W MRI",),
    labels=(
        Label("external_cerebrospinal_fluid", "cerebrospinal_fluid", 1),
        Label("gray_matter", "gray_matter", 2),
        Label("white_matter", "white_matter", 3),
        Label("brain_ventricles", "brain_ventricle", 4),
        Label("cerebellum", "cerebellum", 5),
        Label("deep_gray_matter", "gray_matter", 6),
        Label("brainstem", "brainstem", 7),
    ),
    layout="""
feta_2.1/          or feta_2.2, feta_2.3, feta_2.4
  participants.tsv
  sub-001/anat/
    sub-001_rec-mial_T2w.nii.gz
    sub-001_rec-mial_dseg.nii.gz
  ... sub-080/anat/sub-080_rec-irtk_dseg.nii.gz
""",
    citation="""
@article{payette2021feta,
  title = {An automatic multi-tissue human fetal brain segmentation benchmark using the Fetal Tissue Annotation
           Dataset},
  author = {Payette, Kelly and de Dumast, Priscille and Kebiri, Hamza and Ezhov, Ivan and others},
  journal = {Scientific Data}, volume = {8}, pages = {167}, year = {2021}, doi = {10.1038/s41597-021-00946-3}
}
""",
    expected={"cases": 80, "subjects": 80, "cases with those of Vienna": 120},
    find_cases=find_cases,
    markers=("sub-*/anat/sub-*_dseg.nii*", "*/sub-*/anat/sub-*_dseg.nii*"),
    pitfalls=(
        "Cases 1 to 40 were reconstructed by mial, 41 to 80 by irtk: contrast and background differ.",
        "Tissues were drawn on every second or third slice and interpolated: other planes show steps.",
        "Label maps are stored as floating point.",
        "The releases 2.1 to 2.4 hold the same subjects under the same names: build one of them.",
    ),
    unverified=("The names of the Vienna cases, and of the biometry maps of 2024.",),
)
