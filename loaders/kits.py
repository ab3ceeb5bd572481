"""What KiTS19 and KiTS21 have in common: a folder for every case, the same scans, a download of the images apart."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.pairing import below, merged, named, pairs
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
    files = list(below(root, "*.nii*", depth=4))
    images = merged(_by_case(files, r"(case_\d{5})/imaging"), _by_case(files, r"images/(case_\d{5})"))
    labels = _by_case(files, rf"(case_\d{{5}})/{segmentation}")
    for name, image, label in pairs(images, labels):
        yield Case(
            case_id=name,
            subject_id=name,
            modality="CT",
            image=Nifti(image),
            # A label of another revision than its image differs in shape, which is an error then.
            annotations=(Annotation(Nifti(label), on_image_grid=True),),
            group=f"kits/{int(name.removeprefix('case_'))}",
        )


def _by_case(files: Sequence[Path], pattern: str) -> dict[str, Path]:
    """The files of one kind by case; of two copies the one in the deeper folder."""
    depths = sorted({len(path.parts) for path in files}, reverse=True)
    levels = ([path for path in files if len(path.parts) == depth] for depth in depths)
    return merged(*(named(level, rf"{pattern}\.nii(?:\.gz)?") for level in levels))
