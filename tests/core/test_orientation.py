"""Slices as a radiologist sees them, compared with nibabel's canonical orientation."""

from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cosmos_datasets.errors import CaseError
from cosmos_datasets.orientation import slicing

ORIENTATIONS = [
    "".join(codes) for axes in permutations(["LR", "PA", "IS"]) for codes in product(*axes)
]  # all 48: where the axes i, j, k of the file point to
SHAPE = (4, 5, 6)
_POSITIVE = {"R": "R", "L": "R", "A": "A", "P": "A", "S": "S", "I": "S"}


def affine_of(axcodes: str, sizes: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> NDArray[np.float64]:
    """The affine of a file whose axes point to ``axcodes``, with voxels of ``sizes`` along i, j, k."""
    affine = np.zeros((4, 4))
    affine[:, 3] = 12, -7, 30, 1
    for axis, code in enumerate(axcodes):
        affine["RAS".find(_POSITIVE[code]), axis] = sizes[axis] * (1 if code in "RAS" else -1)
    return affine


def rotation(degrees: tuple[float, float, float]) -> NDArray[np.float64]:
    turn = np.eye(4)
    for axis, angle in enumerate(np.deg2rad(degrees)):
        one, a, b = np.eye(4), (axis + 1) % 3, (axis + 2) % 3
        one[a, a] = one[b, b] = np.cos(angle)
        one[a, b], one[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ one
    return turn


def shown(canonical: NDArray[np.int16], plane: str) -> NDArray[np.int16]:
    """Slices of an RAS+ array by the written rules, in the order of the world axis across them."""
    x, y, z = 0, 1, 2  # to the right, to the front, to the head
    reversed_xyz = canonical[::-1, ::-1, ::-1]
    if plane == "axial":  # down the rows from front to back, along the columns from right to left
        return reversed_xyz.transpose(z, y, x)[::-1]
    if plane == "coronal":  # from head to feet, from right to left
        return reversed_xyz.transpose(y, z, x)[::-1]
    return reversed_xyz.transpose(x, z, y)[::-1]  # sagittal: from head to feet, from front to back


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("axcodes", ORIENTATIONS)
def test_every_orientation_is_shown_alike(axcodes: str, plane: str) -> None:
    volume = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    affine = affine_of(axcodes)
    assert "".join(nibabel.aff2axcodes(affine)) == axcodes
    canonical = np.asarray(nibabel.as_closest_canonical(nibabel.Nifti1Image(volume, affine)).dataobj)
    cut = slicing(affine, plane)  # type: ignore[arg-type]
    slices = cut.stack(volume)
    world_axis = {"axial": 2, "coronal": 1, "sagittal": 0}[plane]
    if axcodes[cut.axis] not in "RAS":  # slices stay in the order of the file
        slices = slices[::-1]
    assert axcodes[cut.axis] in ("LR", "PA", "IS")[world_axis]
    np.testing.assert_array_equal(slices, shown(canonical, plane))
    assert cut.plane == plane


@given(
    axcodes=st.sampled_from(ORIENTATIONS),
    degrees=st.tuples(*[st.floats(-20, 20)] * 3),
    sizes=st.tuples(*[st.floats(0.1, 9)] * 3),
    plane=st.sampled_from(["axial", "coronal", "sagittal", "acquired"]),
)
def test_oblique_volumes_follow_their_nearest_axes(
    axcodes: str, degrees: tuple[float, float, float], sizes: tuple[float, float, float], plane: str
) -> None:
    straight = slicing(affine_of(axcodes, sizes), plane)  # type: ignore[arg-type]
    oblique = slicing(rotation(degrees) @ affine_of(axcodes, sizes), plane)  # type: ignore[arg-type]
    assert (oblique.letter, oblique.axis, oblique.rows, oblique.columns) == (
        straight.letter,
        straight.axis,
        straight.rows,
        straight.columns,
    )
    assert (oblique.flip_rows, oblique.flip_columns) == (straight.flip_rows, straight.flip_columns)
    spacings = [sizes[axis] for axis in (straight.rows, straight.columns, straight.axis)]
    assert (*(oblique.spacing or ()), oblique.slice_spacing) == pytest.approx(spacings)


def test_a_stack_between_the_planes_has_the_name_of_none() -> None:
    for degrees, plane in ((15, "coronal"), (30, "acquired")):
        assert slicing(rotation((degrees, 0, 0)) @ affine_of("RSA"), "acquired").plane == plane


def test_acquired_slices_lie_along_the_last_axis() -> None:
    for axcodes in ORIENTATIONS:
        cut = slicing(affine_of(axcodes), "acquired")
        assert cut.axis == 2
        assert cut.plane == {"R": "sagittal", "A": "coronal", "S": "acquired"}[_POSITIVE[axcodes[2]]]
        assert cut.letter == {"R": "s", "A": "c", "S": "a"}[_POSITIVE[axcodes[2]]]


@pytest.mark.parametrize("affine", [None, np.diag([2.0, 3.0, 4.0, 1.0])])
def test_native_slices_are_as_stored(affine: NDArray[np.float64] | None) -> None:
    volume = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    cut = slicing(affine, "native")
    for k, one in enumerate(cut.stack(volume)):
        np.testing.assert_array_equal(one, volume[:, :, k].T)
    assert (cut.spacing, cut.slice_spacing) == ((None, None) if affine is None else ((3.0, 2.0), 4.0))


def test_stack_is_a_view() -> None:
    volume = np.zeros(SHAPE)
    assert np.shares_memory(slicing(affine_of("RAS"), "axial").stack(volume), volume)


@pytest.mark.parametrize("affine", [np.diag([1.0, 1.0, 0.0, 1.0]), np.full((4, 4), np.nan)])
def test_useless_geometry_is_an_error(affine: NDArray[np.float64]) -> None:
    with pytest.raises(CaseError, match="no usable geometry"):
        slicing(affine, "axial")
