"""Values that a volume or picture of sound form should not hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK
from numpy.typing import NDArray
from PIL import Image
from stress.mutation import Change, Mutation, Right, every, has

_NIFTI = has(".nii", ".nii.gz")
_ITK = has(".mhd", ".nrrd")
_PLAIN = has(".png", ".bmp")
_FORMATS: tuple[tuple[str, Callable[[Path], bool]], ...] = (("nifti", _NIFTI), ("itk", _ITK), ("picture", _PLAIN))
#: Whether an array is to be changed, and what it becomes.
_Edit = Callable[[NDArray[Any], random.Random], NDArray[Any] | None]


def _read(path: Path) -> tuple[NDArray[Any], Callable[[NDArray[Any]], None]]:
    """The values in the file's order, slices first, and what writes others in their place."""
    if _NIFTI(path):
        image = nibabel.load(path)

        def save(array: NDArray[Any]) -> None:
            nibabel.save(nibabel.Nifti1Image(array.T, image.affine, dtype=array.dtype), path)

        return np.array(image.dataobj).T, save
    if _ITK(path):
        volume = SimpleITK.ReadImage(str(path))

        def write(array: NDArray[Any]) -> None:
            changed = SimpleITK.GetImageFromArray(np.ascontiguousarray(array))
            changed.CopyInformation(volume)
            for key in volume.GetMetaDataKeys():
                changed.SetMetaData(key, volume.GetMetaData(key))
            SimpleITK.WriteImage(changed, str(path), useCompression=path.suffix == ".nrrd")

        return SimpleITK.GetArrayFromImage(volume), write
    with Image.open(path) as picture:
        if picture.mode not in {"1", "L"}:
            raise ValueError("values of colours are another matter")
        grey, kind = np.array(picture.convert("L")), picture.format
    return grey, lambda array: Image.fromarray(array).save(path, kind)


def _edited(edit: _Edit) -> Change:
    def apply(path: Path, rng: random.Random) -> bool:
        array, save = _read(path)
        changed = edit(array, rng)
        if changed is None or np.array_equal(changed, array):
            return False
        save(changed)
        return True

    return apply


def _is_labels(array: NDArray[Any]) -> bool:
    return len(np.unique(array)) <= 24


def _is_volume(array: NDArray[Any]) -> bool:
    return array.ndim == 3 and array.shape[0] > 2 and array.shape[2] > 3


def _voxel(value: float) -> _Edit:
    def edit(array: NDArray[Any], _: random.Random) -> NDArray[Any] | None:
        if array.ndim < 3:
            return None
        changed = array.astype(np.float32)
        changed.flat[array.size // 2] = value
        return changed

    return edit


def _labels(change: Callable[[NDArray[Any]], NDArray[Any]]) -> _Edit:
    return lambda array, _: change(array) if _is_labels(array) and array.any() else None


def _images(change: Callable[[NDArray[Any]], NDArray[Any]]) -> _Edit:
    return lambda array, _: None if _is_labels(array) else change(array)


def _slices(change: Callable[[NDArray[Any], int], None], *, of_labels: bool) -> _Edit:
    """Change one slice, in place."""

    def edit(array: NDArray[Any], _: random.Random) -> NDArray[Any] | None:
        if not _is_volume(array) or _is_labels(array) != of_labels:
            return None
        changed = array.copy()
        change(changed, len(array) // 2)
        return changed

    return edit


def _set_zero(array: NDArray[Any], at: int) -> None:
    array[at] = 0


def _set_last_half_zero(array: NDArray[Any], at: int) -> None:
    array[at:] = 0


def _repeat(array: NDArray[Any], at: int) -> None:
    array[at] = array[at - 1]


def _brighter(array: NDArray[Any], at: int) -> None:
    array[at] += np.asarray(1024, array.dtype)


def _larger(array: NDArray[Any]) -> NDArray[Any]:
    return np.where(array > 0, array.astype(np.int32) + 100, 0).astype(np.uint8 if array.max() < 156 else np.int16)


def _smooth(array: NDArray[Any]) -> NDArray[Any]:
    """Labels resampled with interpolation: fractions, and labels that are neither of their neighbours."""
    return ((array + np.roll(array, 1, -1).astype(np.float32)) / 2).astype(np.float32)


def _smooth_as_stored(array: NDArray[Any]) -> NDArray[Any]:
    return np.rint(_smooth(array)).astype(array.dtype)


def _nearly(array: NDArray[Any]) -> NDArray[Any]:
    return np.where(array > 0, array - np.float32(1e-4), 0).astype(np.float32)


def _to_255(array: NDArray[Any]) -> NDArray[Any]:
    return (array.astype(np.float32) * 255 / array.max()).round().astype(np.uint8)


def _to_1(array: NDArray[Any]) -> NDArray[Any]:
    return (array > 0).astype(np.uint8)


def _uneven(high: int, low: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Two values where there was one, every other column."""

    def change(array: NDArray[Any]) -> NDArray[Any]:
        columns = np.arange(array.shape[-1]) % 2 == 0
        return np.where(array > 0, np.where(columns, high, low), 0).astype(np.uint8)

    return change


def _kind(name: str, edit: _Edit, right: Right = "said", *, only: str = "nifti itk picture") -> list[Mutation]:
    return [
        Mutation(f"{form} {name}", _edited(edit), applies, right) for form, applies in _FORMATS if form in only.split()
    ]


VALUES = [
    *_kind("voxel of 1e30", _voxel(1e30), only="nifti itk"),
    *_kind("voxel of -1e30", _voxel(-1e30), only="nifti itk"),
    *_kind("voxel of 65535", _voxel(65535), only="nifti itk"),
    *_kind("voxel of NaN", _voxel(float("nan")), only="nifti itk"),
    *_kind("voxel of infinity", _voxel(float("inf")), only="nifti itk"),
    *_kind("all NaN", _images(lambda array: np.full(array.shape, np.nan, np.float32)), only="nifti itk"),
    *_kind("all one value", _images(lambda array: np.full_like(array, 7))),
    *_kind(
        "of values to 1", _images(lambda array: (array / array.max()).astype(np.float32)), "other", only="nifti itk"
    ),
    *_kind("image wrapped to bytes", _images(lambda array: array.astype(np.uint8)), "other", only="nifti itk"),
    *_kind("slice never written", _slices(_set_zero, of_labels=False), only="nifti itk"),
    *_kind("half never written", _slices(_set_last_half_zero, of_labels=False), only="nifti itk"),
    *_kind("slice written twice", _slices(_repeat, of_labels=False), only="nifti itk"),
    *_kind("slice of other units", _slices(_brighter, of_labels=False), "other", only="nifti itk"),
    *_kind("labels of half the slices", _slices(_set_last_half_zero, of_labels=True), "other", only="nifti itk"),
    *_kind("labels from 100", _labels(_larger)),
    *_kind("labels below zero", _labels(lambda array: -array.astype(np.int16)), only="nifti itk"),
    *_kind("labels smoothed", _labels(_smooth), only="nifti itk"),
    *_kind("labels smoothed and rounded", _labels(_smooth_as_stored), "other"),
    *_kind("labels nearly whole", _labels(_nearly), only="nifti itk"),
    *_kind("labels to 255", _labels(_to_255)),
    *_kind("labels to 1", _labels(_to_1), "other"),
    *_kind("labels empty", _labels(np.zeros_like), "other"),
    *_kind("labels everywhere", _labels(lambda array: np.full_like(array, array.max()))),
    *_kind("labels inverted", _labels(lambda array: np.where(array > 0, 0, array.max()).astype(array.dtype))),
    Mutation("picture mask of 254 and 253", _edited(_labels(_uneven(254, 253))), _PLAIN),
    Mutation("picture mask of 2 and 1", _edited(_labels(_uneven(2, 1))), _PLAIN),
    Mutation("every picture's mask to 1", every(_edited(_labels(_to_1))), _PLAIN),
]
