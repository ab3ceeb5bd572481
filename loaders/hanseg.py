"""HaN-Seg: CT of head and neck with one NRRD mask for each of 30 organs at risk."""

from collections import ChainMap
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import ItkImage
from cosmos_datasets.source import Download, Label, Source

#: What stands between ``_OAR_`` and ``.seg.nrrd`` -> label, in the challenge's numbering from 1.
_ORGANS = {
    "A_Carotid_L": Label("carotid_artery_left", "carotid_artery"),
    "A_Carotid_R": Label("carotid_artery_right", "carotid_artery"),
    "Arytenoid": Label("arytenoid", "larynx"),
    "Bone_Mandible": Label("mandible", "mandible"),
    "Brainstem": Label("brainstem", "brainstem"),
    "BuccalMucosa": Label("buccal_mucosa", "oral_cavity"),
    "Cavity_Oral": Label("oral_cavity", "oral_cavity"),
    "Cochlea_L": Label("cochlea_left", "cochlea"),
    "Cochlea_R": Label("cochlea_right", "cochlea"),
    "Cricopharyngeus": Label("cricopharyngeus", "cricopharyngeus"),
    "Esophagus_S": Label("esophagus_cervical", "esophagus"),
    "Eye_AL": Label("eyeball_anterior_left", "eyeball"),
    "Eye_AR": Label("eyeball_anterior_right", "eyeball"),
    "Eye_PL": Label("eyeball_posterior_left", "eyeball"),
    "Eye_PR": Label("eyeball_posterior_right", "eyeball"),
    "Glnd_Lacrimal_L": Label("lacrimal_gland_left", "lacrimal_gland"),
    "Glnd_Lacrimal_R": Label("lacrimal_gland_right", "lacrimal_gland"),
    "Glnd_Submand_L": Label("submandibular_gland_left", "submandibular_gland"),
    "Glnd_Submand_R": Label("submandibular_gland_right", "submandibular_gland"),
    "Glnd_Thyroid": Label("thyroid_gland", "thyroid_gland"),
    "Glottis": Label("glottis", "larynx"),
    "Larynx_SG": Label("larynx_supraglottic", "larynx"),
    "Lips": Label("lips", "oral_cavity"),
    "OpticChiasm": Label("optic_chiasm", "optic_nerve"),
    "OpticNrv_L": Label("optic_nerve_left", "optic_nerve"),
    "OpticNrv_R": Label("optic_nerve_right", "optic_nerve"),
    "Parotid_L": Label("parotid_gland_left", "parotid_gland"),
    "Parotid_R": Label("parotid_gland_right", "parotid_gland"),
    "Pituitary": Label("pituitary_gland", "pituitary_gland"),
    "SpinalCord": Label("spinal_cord", "spinal_cord"),
}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every CT; the MR scan of the same patient lies elsewhere in the world and has no masks."""
    files = list(below(root, "case_*.nrrd"))
    organs = {organ: named(files, rf"(case_\d+)_OAR_{organ}\.seg\.nrrd") for organ in _ORGANS}
    for case, image, mask in pairs(
        named(files, r"(case_\d+)_IMG_CT\.nrrd"), ChainMap(*organs.values()), every_image=True
    ):
        # A CT without any mask is paired with the path of one that should be there.
        masks = {organ: found[case] for organ, found in organs.items() if case in found} or {"Brainstem": mask}
        annotations = (Annotation(ItkImage(path), label=_ORGANS[organ].name) for organ, path in masks.items())
        yield Case(case, case, "CT", ItkImage(image), tuple(annotations))


SOURCE = Source(
    id="hanseg",
    title="HaN-Seg (head and neck organs at risk, CT and MR)",
    homepage="https://han-seg2023.grand-challenge.org/",
    licence="CC-BY-NC-ND-4.0",
    redistributable="no",
    access="open",
    obtain="Download HaN-Seg.zip from https://zenodo.org/records/7442914 and unpack it.",
    modalities=("CT",),
    labels=tuple(_ORGANS.values()),
    layout="""
HaN-Seg/set_1/
  case_01/
    case_01_IMG_CT.nrrd
    case_01_IMG_MR_T1.nrrd                 not used
    case_01_OAR_A_Carotid_L.seg.nrrd ...   up to 30 organs
  ... case_42/
""",
    citation="""
@article{podobnik2023hanseg,
  title = {{HaN-Seg}: The head and neck organ-at-risk {CT} and {MR} segmentation dataset},
  author = {Podobnik, Gasper and others}, journal = {Medical Physics},
  volume = {50}, number = {3}, pages = {1917--1927}, year = {2023}, doi = {10.1002/mp.16197}
}
""",
    expected={"cases": 42, "subjects": 42},
    find_cases=find_cases,
    markers=("set_1/case_*", "case_*/case_*.nrrd", "case_*_IMG_CT.nrrd"),
    downloads=(
        Download(
            "https://zenodo.org/records/7442914/files/HaN-Seg.zip",
            sha256="20226dd717f334dc1b1afe961b3375f946fa56b64a80bf5349128f90c0bbfa5f",
        ),
    ),
    pitfalls=(
        "CT and MR are not registered: masks belong to the CT alone.",
        "An organ may lack its file, or have an empty one.",
        "Organs may overlap; each is kept whole.",
        "A mask may be stored cropped: it is placed by its header.",
    ),
    unverified=("The licence is that of the Zenodo release as a redistributor states it.",),
)
