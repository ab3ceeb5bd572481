"""All ten tasks of the Decathlon: 3D and 4D files in differing orientations, leftovers of Mac archives."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from raw_trees.phantom import Truth, anatomy, macos_junk, paint, stacks, store, write_nifti


class Task(NamedTuple):
    """Folder, file names, channels (id, modality; an empty id for 3D files), and label values."""

    folder: str
    stems: tuple[str, ...]
    channels: dict[str, str]
    values: dict[str, int]


_GLIOMA = {"brain_tumor_edema": 1, "brain_tumor_nonenhancing": 2, "brain_tumor_enhancing": 3}
_ZONES = {"prostate_peripheral_zone": 1, "prostate_transition_zone": 2}
_SEQUENCES = {"flair": "T2-FLAIR MRI", "t1w": "T1W MRI", "t1gd": "T1-GD MRI", "t2w": "T2W MRI"}
TASKS = (
    Task("Task01_BrainTumour", ("BRATS_001", "BRATS_484"), _SEQUENCES, _GLIOMA),
    Task("Task02_Heart", ("la_003",), {"": "MRI"}, {"left_atrium": 1}),
    Task("Task03_Liver", ("liver_0", "liver_130"), {"": "CT"}, {"liver": 1, "liver_tumor": 2}),
    Task(
        "Task04_Hippocampus",
        ("hippocampus_001", "hippocampus_003"),
        {"": "T1W MRI"},
        {"hippocampus_anterior": 1, "hippocampus_posterior": 2},
    ),
    Task("Task05_Prostate", ("prostate_00", "prostate_01"), {"t2": "T2W MRI", "adc": "ADC MRI"}, _ZONES),
    Task("Task06_Lung", ("lung_001",), {"": "CT"}, {"lung_tumor": 1}),
    Task("Task07_Pancreas", ("pancreas_001",), {"": "CT"}, {"pancreas": 1, "pancreatic_tumor": 2}),
    Task("Task08_HepaticVessel", ("hepaticvessel_001",), {"": "CT"}, {"hepatic_vessel": 1, "liver_tumor": 2}),
    Task("Task09_Spleen", ("spleen_2", "spleen_10"), {"": "CT"}, {"spleen": 1}),
    Task("Task10_Colon", ("colon_001",), {"": "CT"}, {"colon_cancer_primary": 1}),
)
_AXCODES = ("RAS", "LPS", "LAS", "RSA", "ASL")


def write(root: Path, seed: int = 0) -> Truth:
    """Write one or two labelled cases of every task below ``root``, and images without labels."""
    rng = np.random.default_rng(seed)
    truth = Truth()
    at = 0
    for task in TASKS:
        # An archive may unpack into a folder of its own name.
        folder = root / task.folder / task.folder if task.folder == "Task09_Spleen" else root / task.folder
        for stem in task.stems:
            _write_case(folder, task, stem, _AXCODES[at % len(_AXCODES)], rng=rng, truth=truth)
            at += 1
        unlabelled = f"{task.stems[0].rsplit('_', 1)[0]}_900.nii.gz"
        write_nifti(folder / "imagesTs" / unlabelled, rng.integers(0, 99, (8, 9, 5), np.int16), np.eye(4))
        macos_junk(folder / "imagesTr", f"{task.stems[0]}.nii.gz")
        macos_junk(folder / "labelsTr", f"{task.stems[0]}.nii.gz")
        _write_json(folder / "dataset.json", task)
    return truth


def _write_case(folder: Path, task: Task, stem: str, axcodes: str, *, rng: np.random.Generator, truth: Truth) -> None:
    shape = (7, 36, 48) if len(task.stems) > 1 else (6, 40, 33)
    values = task.values
    if stem == "prostate_01":  # two of the published cases have no peripheral zone
        values = {"prostate_transition_zone": 2}
    labels = anatomy(rng, shape, tuple(values.values()))
    # Papers of the tasks state 1 mm cubes for Task01 and Task04, thick slices for the others.
    spacing = (1.0, 1.0, 1.0) if task.folder[:6] in {"Task01", "Task04"} else (3.0, 0.8, 0.7)
    channels = [
        store(paint(rng, labels, offset=-1024 if modality == "CT" else 100 * at), "axial", axcodes, spacing)
        for at, modality in enumerate(task.channels.values())
    ]
    stored = store(labels, "axial", axcodes, spacing)
    image = channels[0].array if "" in task.channels else np.stack([one.array for one in channels], axis=-1)
    ending = ".nii" if stem == "liver_130" else ".nii.gz"
    write_nifti(folder / "imagesTr" / f"{stem}{ending}", image.astype(np.float32), stored.affine)
    dtype = np.float32 if stem == "spleen_2" else np.uint8
    write_nifti(folder / "labelsTr" / f"{stem}{ending}", stored.array.astype(dtype), stored.affine)
    for channel, modality in task.channels.items():
        truth.add_volume(
            f"msd/{task.folder}/{stem}" + (f"/{channel}" if channel else ""),
            stored.slice_index,
            stacks(labels, values),
            subject=stem,
            modality=modality,
        )


def _write_json(path: Path, task: Task) -> None:
    pairs = [{"image": f"./imagesTr/{s}.nii.gz", "label": f"./labelsTr/{s}.nii.gz"} for s in task.stems]
    labels = {"0": "background", **{str(value): name for name, value in task.values.items()}}
    path.write_text(json.dumps({"licence": "CC-BY-SA 4.0", "labels": labels, "training": pairs, "test": []}))
