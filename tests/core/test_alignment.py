"""Labels on the pixels of their image, compared with SimpleITK's resampling."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from raw_trees.phantom import anatomy, store

from cosmos_datasets.alignment import on_grid
from cosmos_datasets.errors import CaseError
from cosmos_datasets.grid import Grid
from cosmos_datasets.orientation import slicing
from cosmos_datasets.readers import DicomSeries, ItkImage, Nifti

_REAL = Path(__file__).parents[2].parent / "shared" / "real"
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def _itk(grid: Grid) -> Any:
    assert grid.affine is not None
    lps = _LPS @ grid.affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(grid.array.T))
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / spacing).ravel().tolist())
    return image


def itk_resampled(labels: Grid, image: Grid) -> NDArray[Any]:
    """Nearest neighbour on the image's grid by ITK, zero outside; the independent judge of these tests."""
    moved = SimpleITK.Resample(_itk(labels), _itk(image), SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0)
    return np.asarray(SimpleITK.GetArrayFromImage(moved)).T


def _grid(shape: tuple[int, int, int], rng: np.random.Generator, values: int = 5) -> Grid:
    """Random labels on a randomly turned grid about the world's centre."""
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * rng.uniform(0.6, 2.5, 3)
    affine[:3, 3] = rng.normal(size=3) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(rng.integers(0, values, shape).astype(np.uint8), affine)


@pytest.mark.parametrize("seed", range(12))
def test_any_two_grids_agree_with_itk(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, image = _grid((17, 13, 11), rng), _grid((12, 14, 9), rng)
    found, expected = on_grid(labels, image, trust_index=False), itk_resampled(labels, image)
    assert found.shape == image.array.shape
    assert found.dtype == labels.array.dtype
    assert found.any()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("tilt", [0.0, 12.5])
@pytest.mark.parametrize("axcodes", ["RAS", "LPI", "PIR", "SLA", "ASL"])
def test_another_order_of_voxels_loses_nothing(axcodes: str, tilt: float) -> None:
    """Not even at the edges, where a rounding error puts voxels outside of the other grid."""
    drawn = anatomy(np.random.default_rng(3), (7, 31, 40), (1, 2, 3))
    drawn[:, 0] = drawn[:, -1] = drawn[:, :, 0] = drawn[:, :, -1] = 3
    spacing, first = (2.5, 0.7, 0.9), store(drawn, "axial", "LPS", (2.5, 0.7, 0.9), tilt=tilt)
    second = store(drawn, "axial", axcodes, spacing, origin=(0, 0, 0), tilt=tilt)
    # Put the second grid where the first one is: the same corner of the drawing at the same place.
    corner = [0 if code in "LPS" else size - 1 for code, size in zip(axcodes, second.array.shape, strict=True)]
    affine = second.affine.copy()
    affine[:3, 3] += first.affine[:3, 3] - (affine @ [*corner, 1])[:3]
    found = on_grid(Grid(second.array, affine), Grid(first.array, first.affine), trust_index=False)
    np.testing.assert_array_equal(found, first.array)


def test_single_oblique_slice_is_kept() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (8, 9, 1)).astype(np.uint8)
    turned = _grid((8, 9, 1), rng).affine
    assert turned is not None
    flipped = turned @ np.array([[-1.0, 0, 0, 7], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    found = on_grid(Grid(labels[::-1], flipped), Grid(labels, turned), trust_index=False)
    np.testing.assert_array_equal(found, labels)


@given(st.floats(0, 0.04), st.sampled_from([np.uint8, np.int16, np.float32, np.bool_]))
def test_rounding_of_headers_moves_no_label(shift: float, dtype: Any) -> None:
    labels = np.arange(60).reshape(3, 4, 5).astype(dtype)
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = 5
    moved = affine.copy()
    moved[0, 3] += shift * 2
    found = on_grid(Grid(labels, moved), Grid(np.zeros((3, 4, 5)), affine), trust_index=False)
    assert found is labels


def test_bool_and_float_labels_are_resampled_without_mixing() -> None:
    rng = np.random.default_rng(1)
    labels, image = _grid((17, 13, 11), rng, values=2), _grid((12, 14, 9), rng)
    expected = itk_resampled(labels, image)
    for dtype in (np.bool_, np.float32, np.float64, np.int64, np.uint32):
        found = on_grid(Grid(labels.array.astype(dtype), labels.affine), image, trust_index=False)
        np.testing.assert_array_equal(found, expected)


def test_index_is_trusted_on_demand_or_without_geometry() -> None:
    labels = np.ones((3, 4, 5), np.uint8)
    here, there = np.diag([1.0, 1, 1, 1]), np.diag([-1.0, 1, 1, 1])
    there[:3, 3] = 900
    image = Grid(np.zeros((3, 4, 5)), here)
    assert on_grid(Grid(labels, there), image, trust_index=True) is labels
    assert on_grid(Grid(labels, stacked=True), image, trust_index=False) is labels
    assert on_grid(Grid(labels, there, placed=False), image, trust_index=False) is labels
    picture = Grid(np.zeros((6, 7, 3), np.uint8))
    assert on_grid(Grid(np.ones((6, 7))), picture, trust_index=False).shape == (6, 7)


@pytest.mark.parametrize("bare", [np.diag([1.5, 1.5, 4, 1]), np.diag([-1.5, -1.5, 4, 1])])
def test_header_without_orientation_is_paired_by_voxel(bare: NDArray[np.float64]) -> None:
    """As tools that know no geometry write it: in NIfTI's axes or in ITK's."""
    labels = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    real = np.array([[-1.5, 0, 0, 80], [0, 1.4, 0.3, -60], [0, -0.4, 4, 110], [0, 0, 0, 1]])
    found = on_grid(Grid(labels, bare), Grid(np.zeros((3, 4, 5)), real), trust_index=False)
    assert found is labels
    assert on_grid(Grid(labels, real), Grid(np.zeros((3, 4, 5)), bare), trust_index=False) is labels


def test_grid_that_starts_at_the_origin_still_flips() -> None:
    """Without rotation and origin, but it fills the image's box exactly: its header is to be believed."""
    labels = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    bare = np.diag([2.0, 2, 2, 1])
    flipped = np.array([[-2.0, 0, 0, 4], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])
    found = on_grid(Grid(labels, bare), Grid(np.zeros((3, 4, 5)), flipped), trust_index=False)
    np.testing.assert_array_equal(found, labels[::-1])


def test_what_cannot_be_paired_is_an_error() -> None:
    image = Grid(np.zeros((3, 4, 5)), np.diag([1.0, 1, 1, 1]))
    far = np.diag([1.0, 1, 1, 1])
    far[:3, 3] = 500
    with pytest.raises(CaseError, match="different places"):
        on_grid(Grid(np.ones((3, 4, 6)), far), image, trust_index=False)
    with pytest.raises(CaseError, match=r"\(3, 4, 6\).*\(3, 4, 5\)"):
        on_grid(Grid(np.ones((3, 4, 6)), far), image, trust_index=True)
    with pytest.raises(CaseError, match=r"\(5, 5\)"):
        on_grid(Grid(np.ones((5, 5))), Grid(np.zeros((6, 5, 3))), trust_index=False)
    for broken in (np.diag([1.0, 1, 0, 1]), np.full((4, 4), np.nan)):
        with pytest.raises(CaseError, match="no usable geometry"):
            on_grid(Grid(np.ones((3, 4, 5)), broken), image, trust_index=False)


def test_an_empty_mask_cropped_to_nothing_may_lie_anywhere() -> None:
    image = Grid(np.zeros((3, 4, 5)), np.diag([1.0, 1, 1, 1]))
    far = np.diag([1.0, 1, 1, 1])
    far[:3, 3] = 500
    found = on_grid(Grid(np.zeros((1, 1, 1), np.uint8), far), image, trust_index=False)
    assert found.shape == (3, 4, 5)
    assert not found.any()


def test_real_labels_with_reversed_rows_land_on_the_organs() -> None:
    """A CT as DICOM, its label map as NIfTI with rows stored in the other direction."""
    folder = _REAL / "dicom_ct"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    image = DicomSeries(tuple(sorted((folder / "series").iterdir()))).read()
    labels = Nifti(folder / "segmentation.nii.gz").read()
    assert image.affine is not None
    assert labels.affine is not None
    assert not np.allclose(image.affine, labels.affine), "the two are stored in different directions"
    found = on_grid(labels, image, trust_index=False)
    np.testing.assert_array_equal(found, itk_resampled(labels, image))
    assert sorted(np.unique(found)) == sorted(np.unique(labels.array))
    assert np.count_nonzero(found) == np.count_nonzero(labels.array)
    # Bone is dense, lung is air, soft tissue lies between (values of TotalSegmentator's "total" numbering).
    medians = {int(v): float(np.median(image.array[found == v])) for v in np.unique(found) if v}
    expected = {1: (0, 250), 5: (0, 250), 52: (20, 400)}  # spleen, liver, aorta
    checked = [value for value in expected if value in medians]
    assert checked
    for value in checked:
        low, high = expected[value]
        assert low < medians[value] < high
    # The spleen lies on the patient's left, so on the right of an axial slice; the liver on the other side.
    if {1, 5} <= set(medians):
        stack = slicing(image.affine, "axial").stack(found)
        assert np.argwhere(stack == 1)[:, 2].mean() > np.argwhere(stack == 5)[:, 2].mean()


def test_real_nrrd_pairs_lie_on_one_grid() -> None:
    folder = _REAL / "nrrd_pairs"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    for name in ("lung2", "brain1"):
        image, labels = (ItkImage(folder / f"{name}_{part}.nrrd").read() for part in ("image", "label"))
        assert on_grid(labels, image, trust_index=False) is labels.array
