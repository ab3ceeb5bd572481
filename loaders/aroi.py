"""AROI: retinal OCT B-scans with layers and fluids as label numbers."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, inside, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.source import Label, Source


def find_cases(root: Path) -> Iterator[Case]:
    """Yield the labelled B-scans of every patient."""
    # What lies in inter_intra are repeated annotations.
    files = [path for path in below(root, "patient*_raw*") if "inter_intra" not in path.parts]
    images, labels = (named(inside(files, kind), r"(patient\d+_raw\d+)\.png") for kind in ("labeled", "number"))
    for name, image, numbers in pairs(images, labels, every_image=True):
        layers = Annotation(Picture(numbers, channels="index"))
        yield Case(name, name.partition("_")[0], "OCT", Picture(image), (layers,))


SOURCE = Source(
    id="aroi",
    title="AROI: Annotated Retinal OCT Images database",
    homepage="https://ipg.fer.hr/ipg/resources/oct_image_database",
    licence="free of charge for research and education on request; the right to redistribute is unknown",
    redistributable="no",
    access="request",
    obtain=(
        "Ask the author (M. Melinscak) by e-mail, see https://ipg.fer.hr/ipg/resources/oct_image_database; a link to "
        "AROI.rar is sent. Unpack it."
    ),
    modalities=("OCT",),
    labels=(
        # Zero is not only background: it is the region above the retina.
        Label("ilm_to_ipl_inl", "retinal_layer_ilm_to_ipl", 1),
        Label("ipl_inl_to_rpe", "retinal_layer_ipl_to_rpe", 2),
        Label("rpe_to_bm", "retinal_pigment_epithelium", 3),
        Label("under_bm", "under_bruchs_membrane", 4),
        Label("pigment_epithelial_detachment", "pigment_epithelial_detachment", 5),
        Label("subretinal_fluid", "subretinal_fluid", 6),
        Label("intraretinal_fluid", "intraretinal_fluid", 7),
    ),
    layout="""
AROI - online/24 patient/
  patient1/
    raw/labeled/patient1_raw0010.png ...
    raw/ALL/ ...                           every B-scan, not used
    mask/number/patient1_raw0010.png ...
    mask/colour/ ...                       for viewing, not used
  ... patient24/
""",
    citation="""
@article{melinscak2021aroi,
  title  = {Annotated retinal optical coherence tomography images ({AROI}) database for joint retinal layer and fluid
            segmentation},
  author = {Melinscak, M. and Radmilovic, M. and Vatavuk, Z. and Loncaric, S.},
  journal = {Automatika}, volume = {62}, number = {3}, pages = {375--385}, year = {2021},
  doi = {10.1080/00051144.2021.1973298}
}
""",
    expected={"cases": 1136, "subjects": 24},
    find_cases=find_cases,
    markers=("patient*/mask/number",),
    plane="native",
    pitfalls=(
        "Only 1136 of 3072 B-scans are labelled, those in raw/labeled.",
        "The folder inter_intra holds repeated annotations of B-scans that are there already; it is left out.",
        "Neighbouring B-scans of a patient look alike: there is no official split, and folds keep patients together.",
    ),
    unverified=(
        "The order of the fluids 5, 6, 7, which comes from three code listings; another project lists another order.",
    ),
    extra=True,
)
