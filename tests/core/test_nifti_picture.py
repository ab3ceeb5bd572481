"""Pictures and stacks in NIfTI files whose geometry means little."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from raw_trees.phantom import write_nifti

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import NiftiPicture, NiftiStack

_PICTURE = np.random.default_rng(0).normal(size=(12, 9)).astype(np.float32)
_AFFINE = np.diag([0.5, 0.7, 3.0, 1.0])


@pytest.mark.parametrize("shape", [(9, 12), (9, 12, 1), (9, 12, 1, 1)])
def test_first_axis_runs_along_a_row(shape: tuple[int, ...], tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii.gz", _PICTURE.T.reshape(shape), _AFFINE)
    grid = NiftiPicture(tmp_path / "a.nii.gz").read()
    assert not grid.is_volume
    assert grid.spacing == pytest.approx((0.7, 0.5))
    np.testing.assert_array_equal(grid.array, _PICTURE)


def test_leading_axis_of_length_one(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii.gz", _PICTURE.T[None], _AFFINE)
    grid = NiftiPicture(tmp_path / "a.nii.gz").read()
    assert grid.spacing == pytest.approx((3.0, 0.7))
    np.testing.assert_array_equal(grid.array, _PICTURE)


def test_channels(tmp_path: Path) -> None:
    channels = np.stack([_PICTURE.T + k for k in range(4)], axis=-1)
    write_nifti(tmp_path / "a.nii.gz", channels, _AFFINE)
    for channel in range(4):
        np.testing.assert_array_equal(NiftiPicture(tmp_path / "a.nii.gz", channel).read().array, _PICTURE + channel)
    for channel, message in ((None, "a picture was"), (4, r"channel 4 \(from 0\) was")):
        with pytest.raises(CaseError, match=rf"a\.nii\.gz: .*{message} expected, its shape is \(9, 12, 4\)"):
            NiftiPicture(tmp_path / "a.nii.gz", channel).read()


@pytest.mark.parametrize("affine", [np.eye(4), np.diag([-1.0, -1.0, 2.0, 1.0])])
def test_first_axis_is_the_slice_whatever_the_header_says(affine: np.ndarray, tmp_path: Path) -> None:
    slices = np.random.default_rng(0).integers(-900, 900, (5, 12, 9)).astype(np.int16)
    write_nifti(tmp_path / "a.nii.gz", slices, affine)
    grid = NiftiStack(tmp_path / "a.nii.gz").read()
    assert grid.is_volume
    assert grid.affine is None
    for k, shown in enumerate(slices):
        np.testing.assert_array_equal(grid.array[:, :, k].T, shown)


def test_header_that_agrees_is_kept(tmp_path: Path) -> None:
    slices = np.zeros((5, 12, 9), np.int16)
    affine = np.array([[0, 0, -1.0, 3], [0, -1, 0, 4], [2.5, 0, 0, 5], [0, 0, 0, 1]])
    write_nifti(tmp_path / "a.nii.gz", slices, affine)
    grid = NiftiStack(tmp_path / "a.nii.gz").read()
    assert grid.affine is not None
    assert nibabel.aff2axcodes(grid.affine) == ("S", "P", "L")
    assert grid.array.shape == (5, 12, 9)
