"""What KiTS19 and KiTS21 have in common: a folder for every case, the same scans, a download of the images apart."""

from collections.abc import Iterator
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import named, pairs
from cosmos_datasets.readers import Nifti

#: The folders above the cases: the repository, its data folder, and what a script run elsewhere made beside them.
_ABOVE = ("", "*/", "*/*/", "*/*/*/")
_CASE = "case_[0-9][0-9][0-9][0-9][0-9]"


def markers(segmentation: str) -> tuple[str, ...]:
    """Patterns of the segmentations, the shallow ones first, so that the root lies above images and labels."""
    return tuple(f"{above}{_CASE}/{segmentation}.nii*" for above in _ABOVE)


def kits_cases(root: Path, segmentation: str) -> Iterator[Case]:
    """Yield a case for every segmentation; its scan lies with it, in another tree, or is a file of a flat folder.

    Args:
        root: a folder at most four levels above the files.
        segmentation: their name without suffix.
    """
    flat = (path for above in _ABOVE for path in root.glob(f"{above}images/*"))
    images = named(flat, r"(case_\d{5})\.nii(?:\.gz)?") | _by_case(root, "imaging")
    for name, image, label in pairs(images, _by_case(root, segmentation)):
        yield Case(
            case_id=name,
            subject_id=name,
            modality="CT",
            image=Nifti(image),
            # A label of another revision than its image differs in shape, which is an error then.
            annotations=(Annotation(Nifti(label), on_image_grid=True),),
            group=f"kits/{int(name.removeprefix('case_'))}",
        )


def _by_case(root: Path, stem: str) -> dict[str, Path]:
    """The files ``<case>/<stem>.nii.gz``, by case; of two copies the one in the deeper folder."""
    found = (path for pattern in markers(stem) for path in sorted(root.glob(pattern)))
    return {path.parent.name: path for path in found if path.suffix in {".nii", ".gz"}}
