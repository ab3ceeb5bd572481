"""Ways in which a download differs from what its publisher put out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image
from raw_trees.phantom import macos_junk


def largest(paths: Sequence[Path]) -> Path:
    """The file that holds the pixels, where a header lies beside it."""
    return max(paths, key=lambda path: (path.stat().st_size, path))


def truncate(path: Path) -> None:
    """Keep the first half, as an interrupted download does."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def macos_archive(folder: Path) -> None:
    """Lay beside ``folder`` what an archive made on a Mac holds: ``__MACOSX`` with attribute files for all files."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            mirror = folder.parent / "__MACOSX" / folder.name / path.parent.relative_to(folder)
            macos_junk(mirror, path.name)


def set_one_value(files: Sequence[Path], value: int) -> None:
    """Write a label value into the central voxel of a volume, or pixel of the middle slice."""
    path = files[0] if files[0].suffix == ".mhd" else files[len(files) // 2]
    if path.name.endswith((".nii", ".nii.gz", ".img")):
        image = nibabel.load(path)
        array = np.asanyarray(image.dataobj).copy()
        _set_central(array, value)
        nibabel.save(nibabel.Nifti1Image(array, image.affine, image.header), path)
    elif path.suffix in {".mhd", ".nrrd"}:
        volume = SimpleITK.ReadImage(str(path))
        array = SimpleITK.GetArrayFromImage(volume)
        _set_central(array, value)
        changed = SimpleITK.GetImageFromArray(array)
        changed.CopyInformation(volume)
        SimpleITK.WriteImage(changed, str(path))
    else:
        with Image.open(path) as picture:
            array = np.array(picture.convert("L"))
        _set_central(array, value)
        Image.fromarray(array).save(path)


def _set_central(array: NDArray[Any], value: int) -> None:
    array[tuple(size // 2 for size in array.shape)] = value
