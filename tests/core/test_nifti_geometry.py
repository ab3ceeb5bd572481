"""The rule by which the fields of a NIfTI header decide, beside nibabel and ITK."""

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from nibabel.quaternions import quat2mat

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import Nifti
from cosmos_datasets.readers.itk import LPS_TO_RAS
from cosmos_datasets.readers.nifti_geometry import place

_ARRAY = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
_FILE = Path("scan.nii")
sizes = st.tuples(*[st.floats(0.2, 9)] * 3)
quaternions = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1)


def _affine(quaternion: tuple[float, ...], size: tuple[float, ...]) -> Any:
    affine = np.eye(4)
    affine[:3, :3] = quat2mat(np.array(quaternion)) * size
    affine[:3, 3] = 3, -70, 15
    return affine


def _header(sform: Any = None, qform: Any = None, **fields: Any) -> Any:
    header = nibabel.Nifti1Header()
    header.set_data_shape(_ARRAY.shape)
    header.set_data_dtype(np.int16)
    if sform is not None:
        header.set_sform(sform, 1)
    if qform is not None:
        header.set_qform(qform, 1)
    for name, value in fields.items():
        header[name] = value
    return header


def _write(path: Path, header: Any, array: Any = _ARRAY) -> Path:
    header["vox_offset"] = header["vox_offset"] or 352
    header["magic"] = b"n+1"
    data = header.binaryblock + b"\0" * 4 + array.tobytes(order="F")
    path.write_bytes(data)
    return path


def _itk(path: Path) -> Any:
    image = SimpleITK.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return LPS_TO_RAS @ affine


def _said(path: Path) -> str:
    return " / ".join(note.what for note in Nifti(path).read().notes)


@given(quaternion=quaternions, size=sizes, form=st.sampled_from(["sform", "qform", "both"]))
def test_sound_headers_lie_where_nibabel_says(
    quaternion: tuple[float, ...], size: tuple[float, ...], form: str
) -> None:
    affine = _affine(quaternion, size)
    header = _header(affine if form != "qform" else None, affine if form != "sform" else None)
    header.set_zooms(size)
    found = place(header, _FILE)
    np.testing.assert_allclose(found.affine, header.get_best_affine(), atol=1e-3)
    assert found.placed
    assert found.notes == ()


@given(quaternion=quaternions, size=sizes, unit=st.sampled_from([0, 1, 2, 3]))
def test_units_become_millimetres_as_in_itk(
    tmp_path_factory: pytest.TempPathFactory, quaternion: tuple[float, ...], size: tuple[float, ...], unit: int
) -> None:
    scale = {0: 1, 1: 1000, 2: 1, 3: 0.001}[unit]
    affine = _affine(quaternion, tuple(one / scale for one in size))
    affine[:3, 3] /= scale
    header = _header(affine, affine, xyzt_units=unit)
    path = _write(tmp_path_factory.getbasetemp() / "units.nii", header)
    grid = Nifti(path).read()
    np.testing.assert_allclose(grid.affine, _itk(path), rtol=1e-3, atol=1e-3)
    assert bool(grid.notes) == (unit in {1, 3})


def test_a_unit_that_makes_metres_of_voxels_is_not_believed(tmp_path: Path) -> None:
    affine = np.diag([0.8, 0.8, 3, 1])
    path = _write(tmp_path / "a.nii", _header(affine, xyzt_units=1, pixdim=[1, 0.8, 0.8, 3, 1, 1, 1, 1]))
    np.testing.assert_allclose(Nifti(path).read().affine, affine, atol=1e-6)
    assert "the metre, cannot be right" in _said(path)


@pytest.mark.parametrize("sform", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.diag([1.0, 1, 0, 1])])
def test_a_broken_sform_leaves_the_place_to_the_qform(tmp_path: Path, sform: Any) -> None:
    affine = _affine((0.9, 0.1, -0.3, 0.2), (0.7, 0.8, 5))
    header = _header(None, affine, sform_code=2, srow_x=sform[0], srow_y=sform[1], srow_z=sform[2])
    path = _write(tmp_path / "a.nii", header)
    np.testing.assert_allclose(Nifti(path).read().affine, affine, atol=1e-5)
    assert "sform cannot be used; its qform was taken" in _said(path)
    header["qform_code"] = 0
    with pytest.raises(CaseError, match=r"a\.nii: the header states a place in its sform, which cannot be used"):
        Nifti(_write(path, header)).read()


def test_a_quaternion_that_is_slightly_too_long_is_read_as_itk_reads_it(tmp_path: Path) -> None:
    header = _header(None, np.diag([0.7, 0.8, 5, 1]), quatern_b=0.6, quatern_c=0.8003, quatern_d=0)
    path = _write(tmp_path / "a.nii", header)
    with pytest.raises(ValueError, match="w2 should be positive"):
        nibabel.load(path)
    np.testing.assert_allclose(Nifti(path).read().affine, _itk(path), atol=1e-3)


@pytest.mark.parametrize("with_qform", [False, True])
def test_an_sform_that_lost_the_voxel_size_gets_that_of_pixdim(tmp_path: Path, with_qform: bool) -> None:
    true = np.diag([-1.5625, -1.5625, 10, 1])
    header = _header(np.diag([-1.0, -1, 1, 1]), true if with_qform else None)
    header["pixdim"][1:4] = 1.5625, 1.5625, 10
    path = _write(tmp_path / "a.nii", header)
    np.testing.assert_allclose(Nifti(path).read().affine, true)
    assert "has lost the voxel size" in _said(path)


def test_other_sizes_that_disagree_are_told_and_the_sform_is_taken(tmp_path: Path) -> None:
    affine = np.diag([0.7, 0.7, 3, 1])
    header = _header(affine)
    header["pixdim"][1:4] = 0.7, 0.7, 5
    path = _write(tmp_path / "a.nii", header)
    np.testing.assert_allclose(Nifti(path).read().affine, affine, atol=1e-6)
    (note,) = Nifti(path).read().notes
    assert note.level == "warning"
    assert "0.7 x 0.7 x 3 mm and 0.7 x 0.7 x 5 mm" in note.where


def test_two_places_in_one_header_are_told(tmp_path: Path) -> None:
    first, second = np.diag([2.0, 2, 2, 1]), np.diag([-2.0, -2, 2, 1])
    path = _write(tmp_path / "a.nii", _header(first, second))
    np.testing.assert_allclose(Nifti(path).read().affine, first)
    assert "sform and qform place the volume differently" in _said(path)


def test_a_header_without_a_place_is_nibabels_default(tmp_path: Path) -> None:
    header = _header(pixdim=[1, 2, 3, 4, 1, 1, 1, 1])
    path = _write(tmp_path / "a.nii", header)
    grid = Nifti(path).read()
    assert not grid.placed
    np.testing.assert_allclose(grid.affine, header.get_base_affine())


# What moves the voxels.


@pytest.mark.parametrize("offset", [0, 100, 348])
def test_voxels_never_begin_inside_the_header(tmp_path: Path, offset: int) -> None:
    header = _header(np.diag([1.0, 1, 2, 1]))
    path = _write(tmp_path / "a.nii", header)
    data = bytearray(path.read_bytes())
    data[108:112] = np.float32(offset).tobytes()
    path.write_bytes(data)
    np.testing.assert_array_equal(Nifti(path).read().array, _ARRAY)
    assert "inside of itself; they were read behind it" in _said(path)
    path.write_bytes(data + b"\0" * 16)
    with pytest.raises(CaseError, match=r"a\.nii: the header lets voxels begin at byte"):
        Nifti(path).read()


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_header_that_announces_fewer_slices_than_there_are_is_told(tmp_path: Path, name: str) -> None:
    image = nibabel.Nifti1Image(_ARRAY, np.eye(4))
    plain = image.to_bytes()
    shorter = bytearray(plain)
    shorter[46:48] = np.int16(6).tobytes()
    path = tmp_path / name
    path.write_bytes(gzip.compress(shorter) if name.endswith("gz") else bytes(shorter))
    assert Nifti(path).read().array.shape == (5, 6, 6)
    assert "longer than its header says" in _said(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("shape", [(30000, 30000, 30000), (0, 6, 7), (-5, 6, 7)])
def test_a_header_that_announces_more_than_there_can_be_is_refused(tmp_path: Path, name: str, shape: Any) -> None:
    data = bytearray(nibabel.Nifti1Image(_ARRAY, np.eye(4)).to_bytes())
    data[42:48] = np.array(shape, np.int16).tobytes()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else bytes(data))
    with pytest.raises(CaseError, match=rf"{name}: (?:its header announces|the header states the shape)"):
        Nifti(path).read()


def test_names_do_not_tell_what_is_packed(tmp_path: Path) -> None:
    data = nibabel.Nifti1Image(_ARRAY, np.eye(4)).to_bytes()

    (tmp_path / "packed.nii").write_bytes(gzip.compress(data))
    (tmp_path / "plain.nii.gz").write_bytes(data)
    (tmp_path / "twice.nii.gz").write_bytes(gzip.compress(gzip.compress(data)))
    for name in ("packed.nii", "plain.nii.gz"):
        np.testing.assert_array_equal(Nifti(tmp_path / name).read().array, _ARRAY)
    with pytest.raises(CaseError, match="packed twice"):
        Nifti(tmp_path / "twice.nii.gz").read()


@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.AnalyzeImage])
def test_pairs_are_found_in_any_capitals_and_both_files_are_named(tmp_path: Path, kind: Any) -> None:
    nibabel.save(kind(_ARRAY, np.diag([2.0, 2, 3, 1])), tmp_path / "a.img")
    (tmp_path / "a.img").rename(tmp_path / "a.IMG")
    (tmp_path / "a.hdr").rename(tmp_path / "a.HDR")
    reader = Nifti(tmp_path / "a.HDR")
    assert reader.files == (tmp_path / "a.HDR", tmp_path / "a.IMG")
    np.testing.assert_array_equal(reader.read().array, _ARRAY)
    (tmp_path / "a.IMG").unlink()
    with pytest.raises(CaseError, match=r"a\.HDR"):
        reader.read()
