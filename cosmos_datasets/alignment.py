"""Bringing a label map to the grid of its image by world coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid

#: Headers written by different tools differ by rounding; half a tenth of a voxel moves no label.
_TOLERANCE_VOXELS = 0.05


def on_grid(labels: Grid, image: Grid, *, trust_index: bool) -> NDArray[Any]:
    """Return the labels on the image's own pixels.

    Args:
        labels: a label map; an integer-valued array.
        image: the image it belongs to.
        trust_index: pair the arrays pixel by pixel whatever the headers say.

    Returns:
        An array of the image's (spatial) shape. Labels on another grid are taken nearest neighbour; what lies outside
        of them is background.

    Raises:
        CaseError: if the arrays cannot be paired: different shapes without a geometry to relate them, or two grids
            that do not overlap.
    """
    shape = image.array.shape if image.is_volume else image.array.shape[:2]
    same_shape = labels.array.shape == shape
    if same_shape and (trust_index or labels.affine is None or image.affine is None):
        return labels.array
    if trust_index or labels.affine is None or image.affine is None:
        raise CaseError(
            f"the label map has shape {labels.array.shape}, the image {shape}; they do not belong together."
        )
    if not _is_invertible(labels.affine) or not _is_invertible(image.affine):
        raise CaseError("the header of the image or of the label map gives no usable geometry (a singular matrix).")
    to_labels = np.linalg.inv(labels.affine) @ image.affine
    if same_shape and _moves_less_than_tolerance(to_labels, shape):
        return labels.array
    says_nothing = not labels.placed or not image.placed
    if not says_nothing and not _is_same_box(to_labels, shape):
        says_nothing = _has_no_orientation(labels.affine) or _has_no_orientation(image.affine)
    if same_shape and says_nothing:
        # A header that says nothing about place leaves the voxels as the only link, and they match.
        return labels.array
    return _nearest(labels.array, to_labels, shape)


def corner_distance(labels: Grid, image: Grid) -> float:
    """How far apart two headers put the same corner of the two arrays, in millimetres; the farthest corner counts.

    Zero where a header says nothing, or nothing usable.
    """
    if labels.affine is None or image.affine is None:
        return 0.0
    apart = labels.affine @ _corners(labels.array.shape) - image.affine @ _corners(image.array.shape)
    farthest = float(np.linalg.norm(apart[:3], axis=0).max())
    return farthest if np.isfinite(farthest) else 0.0


def _corners(shape: tuple[int, ...]) -> NDArray[np.float64]:
    ends = [(0, size - 1) for size in shape]
    return np.array([[i, j, k, 1.0] for i in ends[0] for j in ends[1] for k in ends[2]]).T


def _moves_less_than_tolerance(transform: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    corners = _corners(shape)
    return bool(np.abs(transform @ corners - corners).max() < _TOLERANCE_VOXELS)


def _is_same_box(transform: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Whether two grids of one shape fill the same box, their axes perhaps reversed."""
    corners = _corners(shape)[:3]
    moved = (transform @ _corners(shape))[:3]
    gaps = [np.abs(of(moved, axis=1) - of(corners, axis=1)).max() for of in (np.min, np.max)]
    return bool(max(gaps) < _TOLERANCE_VOXELS)


def _has_no_orientation(affine: NDArray[np.float64]) -> bool:
    """Whether the matrix is what a header without orientation gives: no rotation and no origin.

    That is the unit matrix times the voxel size in RAS+ (NIfTI) or in LPS+ (MetaImage, NRRD, DICOM).
    """
    sizes = np.diag(affine)
    in_lps = np.all(sizes[:2] < 0) and sizes[2] > 0
    return bool((np.all(sizes > 0) or in_lps) and np.allclose(affine, np.diag(sizes)))


def _is_invertible(affine: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 1e-12)


def _nearest(labels: NDArray[Any], transform: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[Any]:
    from scipy import ndimage

    if not labels.any():
        return np.zeros(shape, labels.dtype)  # tools crop an empty mask to nothing, anywhere
    inside = transform @ _corners(shape)
    low, high = inside[:3].min(axis=1), inside[:3].max(axis=1)
    if np.any(high < -0.5) or np.any(low > np.asarray(labels.shape) - 0.5):
        raise CaseError(
            "image and label map lie in different places of the world; one of the two files is another scan's."
        )
    if labels.dtype == np.bool_:
        labels = labels.astype(np.uint8)
    matrix, offset = transform[:3, :3], transform[:3, 3]
    # SciPy's mode `constant` drops whatever lies a rounding error beyond the centre of an edge voxel; this one reaches
    # to the voxel's border.
    found = ndimage.affine_transform(labels, matrix, offset, shape, order=0, mode="grid-constant", cval=0)
    return np.asarray(found)
