"""BrainPTM 2021: white matter tracts in T1-weighted and diffusion MRI, one NIfTI mask a tract."""

from collections import ChainMap
from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Nifti
from cosmos_datasets.source import Download, Label, Source

_TRACTS = {
    "OR_left": Label("optic_radiation_left", "white_matter_tract"),
    "OR_right": Label("optic_radiation_right", "white_matter_tract"),
    "CST_left": Label("corticospinal_tract_left", "white_matter_tract"),
    "CST_right": Label("corticospinal_tract_right", "white_matter_tract"),
}
#: File name -> modality, and which volume of a 4D file: the first of a series is the one without diffusion weighting.
_SEQUENCES = {"T1": ("T1W MRI", None), "Diffusion": ("diffusion-weighted MRI", 1)}
#: The tracts of test cases, 61 and up, are placeholders.
_TRAINING = r"case_(?:[1-9]|[1-5]\d|60)"


def find_cases(root: Path) -> Iterator[Case]:
    """Yield two cases for every training case, T1 and one diffusion volume, with the same tracts."""
    tracts = {tract: _by_case(root, tract) for tract in _TRACTS}
    for sequence, (modality, channel) in _SEQUENCES.items():
        for case, image, mask in pairs(_by_case(root, sequence), ChainMap(*tracts.values()), every_image=True):
            # A case without any tract is paired with the path of one that should be there.
            masks = {tract: found[case] for tract, found in tracts.items() if case in found} or {"OR_left": mask}
            # T1 and tracts share one grid; the diffusion series is reported to have another.
            annotations = (
                Annotation(Nifti(path), label=_TRACTS[tract].name, on_image_grid=sequence == "T1")
                for tract, path in masks.items()
            )
            yield Case(f"{case}/{sequence}", case, modality, Nifti(image, channel), tuple(annotations))


def _by_case(root: Path, stem: str) -> dict[str, Path]:
    """The files of one kind by their folder; archives may be unpacked side by side or into one another."""
    return named(below(root, f"{stem}.nii*"), rf"({_TRAINING})/{stem}\.nii(?:\.gz)?")


SOURCE = Source(
    id="brainptm21",
    title="BrainPTM 2021 (Brain Pre-surgical white matter Tractography Mapping)",
    homepage="https://brainptm-2021.grand-challenge.org/",
    licence="NCGL-UK-2.0",
    redistributable="no",
    access="open",
    obtain=(
        "Download sheba75_data_train.zip and sheba75_tracts_train.zip from https://zenodo.org/records/4600679 and "
        "unpack each into a folder of its own name."
    ),
    modalities=("T1W MRI", "diffusion-weighted MRI"),
    labels=tuple(_TRACTS.values()),
    layout="""
sheba75_data_train/
  case_1/T1.nii.gz, Diffusion.nii.gz ... case_60/
sheba75_tracts_train/
  case_1/OR_left.nii.gz, OR_right.nii.gz, CST_left.nii.gz, CST_right.nii.gz ... case_60/
""",
    citation="""
@article{avital2020brainptm,
  title = {Neural Segmentation of Seeding {ROIs} ({sROIs}) for Pre-Surgical Brain Tractography},
  author = {Avital, I. and Nelkenbaum, I. and Tsarfaty, G. and Konen, E. and Kiryati, N. and Mayer, A.},
  journal = {IEEE Transactions on Medical Imaging},
  volume = {39}, number = {5}, pages = {1655--1667}, year = {2020}, doi = {10.1109/TMI.2019.2954477}
}
@inproceedings{nelkenbaum2020brainptm,
  title = {Automatic Segmentation of White Matter Tracts Using Multiple Brain {MRI} Sequences},
  author = {Nelkenbaum, I. and others}, booktitle = {ISBI}, pages = {368--371}, year = {2020}
}
""",
    expected={"cases": 120, "subjects": 60},
    find_cases=find_cases,
    # The two archives lie side by side, each perhaps in a doubled folder, so the folder above both is the root.
    markers=tuple(f"{above}case_*/OR_*.nii*" for above in ("", "*/", "*/*/")),
    downloads=(
        Download(
            "https://zenodo.org/records/4600679/files/sheba75_data_train.zip?download=1",
            sha256="540f3fd72edffe87b06169b796a149429c9e71104341893d3c792d66667ee60e",
            name="sheba75_data_train.zip",
            into="sheba75_data_train",
        ),
        Download(
            "https://zenodo.org/records/4600679/files/sheba75_tracts_train.zip?download=1",
            sha256="e524cdaa73746bcb31718956bd4ea9e00aab50b8fe20fd1adc80dbd005ba22fb",
            name="sheba75_tracts_train.zip",
            into="sheba75_tracts_train",
        ),
    ),
    pitfalls=(
        "Four of the 60 training cases have no corticospinal tracts.",
        "sheba75_tracts_test_dummy (cases 61 to 75) holds placeholders, which are never read.",
        "Tracts may overlap; each is kept whole. T1 and diffusion share them, so each mask occurs twice.",
        "The challenge page forbids participants to pass the data on.",
    ),
    unverified=(
        "The licence is that of the Zenodo record as a third party states it.",
        "That the diffusion series fits the tracts by its header, and begins with the unweighted (b = 0) volume: its "
        "second volume is used.",
    ),
)
