"""The ten tasks of the Medical Segmentation Decathlon: names, sequences and label values."""

from dataclasses import dataclass

from cosmos_datasets.source import Label


@dataclass(frozen=True)
class Task:
    """What tells one task from the others.

    Attributes:
        name: official folder name.
        prefix: of its file names, before the number.
        cases: how many labelled scans the publisher counts.
        labels: label and object of the values 1, 2, ...
        sequences: end of the case id and modality, in the order of the last axis of a 4D file; one without an end of
            the id for a task of 3D files.
        group: the source whose training scans these are under the same numbers, if any.
    """

    name: str
    prefix: str
    cases: int
    labels: tuple[tuple[str, str], ...]
    sequences: tuple[tuple[str, str], ...] = (("", "CT"),)
    group: str = ""


_GLIOMA = tuple((name, name) for name in ("brain_tumor_edema", "brain_tumor_nonenhancing", "brain_tumor_enhancing"))
_ZONES = (("prostate_peripheral_zone", "prostate"), ("prostate_transition_zone", "prostate"))
_HIPPOCAMPUS = (("hippocampus_anterior", "hippocampus"), ("hippocampus_posterior", "hippocampus"))
_FOUR = (("/flair", "T2-FLAIR MRI"), ("/t1w", "T1W MRI"), ("/t1gd", "T1-GD MRI"), ("/t2w", "T2W MRI"))
_TUMOR = ("liver_tumor", "liver_tumor")

TASKS = (
    Task("Task01_BrainTumour", "BRATS", 484, _GLIOMA, _FOUR),
    Task("Task02_Heart", "la", 20, (("left_atrium", "left_atrium"),), (("", "MRI"),)),
    Task("Task03_Liver", "liver", 131, (("liver", "liver"), _TUMOR), group="lits"),
    Task("Task04_Hippocampus", "hippocampus", 260, _HIPPOCAMPUS, (("", "T1W MRI"),)),
    Task("Task05_Prostate", "prostate", 32, _ZONES, (("/t2", "T2W MRI"), ("/adc", "ADC MRI"))),
    Task("Task06_Lung", "lung", 63, (("lung_tumor", "lung_tumor"),)),
    Task("Task07_Pancreas", "pancreas", 281, (("pancreas", "pancreas"), ("pancreatic_tumor", "pancreatic_mass"))),
    Task("Task08_HepaticVessel", "hepaticvessel", 303, (("hepatic_vessel", "hepatic_vessel"), _TUMOR)),
    Task("Task09_Spleen", "spleen", 41, (("spleen", "spleen"),)),
    Task("Task10_Colon", "colon", 126, (("colon_cancer_primary", "colon_tumor"),)),
)

LABELS = tuple(
    Label(name, canonical, value, task.name, modalities=tuple(modality for _, modality in task.sequences))
    for task in TASKS
    for value, (name, canonical) in enumerate(task.labels, 1)
)
