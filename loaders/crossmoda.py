"""crossMoDA 2021 to 2023: vestibular schwannoma and cochleae in contrast-enhanced T1-weighted MRI."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Label, Source

#: Beginning of a file's name -> challenge; the files of 2022 begin with the year in which a hospital joined.
_CHALLENGES = {"crossmoda": "2021", "crossmoda2021": "2022", "crossmoda2022": "2022", "crossmoda2023": "2023"}


def find_cases(root: Path) -> Iterator[Case]:
    """Yield every labelled scan, those of the source domain; the T2 scans of the target domain have no labels."""
    files = list(below(root, "*.nii*"))
    images = named(files, r"(crossmoda\w*)_ceT1\.nii(?:\.gz)?")
    labels = named(files, r"(crossmoda\w*)_Label\.nii(?:\.gz)?")
    for key, image, label in pairs(images, labels, every_image=True):
        challenge = _CHALLENGES.get(key.split("_")[0].lower(), "2023")
        table = "2023" if challenge == "2023" else "2021"
        annotation = Annotation(Nifti(label), table=table)
        yield Case(key, key, "post-contrast T1W MRI", Nifti(image), (annotation,), release=challenge)


SOURCE = Source(
    id="crossmoda",
    title="crossMoDA (Cross-Modality Domain Adaptation: vestibular schwannoma and cochlea)",
    homepage="https://crossmoda.grand-challenge.org/",
    licence="unknown (CC-BY-NC-SA-4.0 by hearsay)",
    redistributable="no",
    access="account",
    obtain=(
        "Accept the rules on https://crossmoda.grand-challenge.org/, follow the link of the Data page (2021 and 2022: "
        "Zenodo; 2023: Synapse syn51236108), download the training data of one year and unpack it."
    ),
    modalities=("post-contrast T1W MRI",),
    labels=(
        Label("vestibular_schwannoma", "vestibular_schwannoma", 1, "2021", release="2021 and 2022"),
        Label("cochlea", "cochlea", 2, "2021", release="2021 and 2022"),
        Label("vestibular_schwannoma_intrameatal", "vestibular_schwannoma", 1, "2023", release="2023"),
        Label("vestibular_schwannoma_extrameatal", "vestibular_schwannoma", 2, "2023", release="2023"),
        Label("cochlea", "cochlea", 3, "2023", release="2023"),
    ),
    layout="""
crossmoda_training/source_training/          2021
  crossmoda_1_ceT1.nii.gz
  crossmoda_1_Label.nii.gz ... crossmoda_105_Label.nii.gz
2022: crossmoda2021_ldn_1_ceT1.nii.gz ...; crossmoda2022_etz_1_ceT1.nii.gz ...
2023: crossmoda23_training/TrainingSource/crossmoda2023_etz_1_ceT1.nii.gz ...
""",
    citation="""
@article{dorent2023crossmoda,
  title = {{CrossMoDA} 2021 challenge: Benchmark of cross-modality domain adaptation techniques for vestibular
           schwannoma and cochlea segmentation},
  author = {Dorent, Reuben and others}, journal = {Medical Image Analysis},
  volume = {83}, pages = {102628}, year = {2023}, doi = {10.1016/j.media.2022.102628}
}
""",
    expected={"cases": 105, "subjects": 105, "cases of 2022": 210, "cases of 2023": 227},
    find_cases=find_cases,
    paper_release="2021 and 2022",
    markers=("crossmoda*_Label.nii*", "*/crossmoda*_Label.nii*", "*/*/crossmoda*_Label.nii*"),
    pitfalls=(
        "Value 2 is the cochlea in 2021 and 2022, and the part of the tumour outside the canal in 2023.",
        "Later years repeat scans under other names, which nobody mapped: build one year only.",
        "A class may be absent: after surgery the tumour, in 2023 in a few cases its part inside the canal.",
        "Both cochleae share one value. Scans of 2023 differ much in size and spacing.",
    ),
    unverified=(
        "The licence, the counts of 2021 and 2022, and the names with etz in 2022.",
        "The order of the values in 2021 is that of redistributors; it fits the sizes of the structures.",
    ),
)
