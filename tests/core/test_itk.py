"""MetaImage, NRRD and GIPL beside SimpleITK; headers that name other files, and headers that are damaged."""

import gzip
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from raw_trees.phantom import store, write_itk

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import ItkImage
from cosmos_datasets.readers.world import LPS_TO_RAS

_VOLUME = store(np.arange(4 * 6 * 5).reshape(4, 6, 5).astype(np.int16), "axial", "LPS", (3.0, 0.5, 0.7))
_SHAPE = " ".join(map(str, _VOLUME.array.shape))
_SIZES = st.tuples(*[st.floats(0.1, 9)] * 3)
_TYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")


def _itk(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    image = SimpleITK.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return np.asarray(SimpleITK.GetArrayFromImage(image)).T, LPS_TO_RAS @ affine


def _meta(folder: Path, data: str = "a.bin", **fields: str) -> Path:
    path = folder / "a.mhd"
    stated = {
        "NDims": "3",
        "DimSize": _SHAPE,
        "ElementSpacing": "0.7 0.5 3",
        "ElementType": "MET_SHORT",
        **fields,
        "ElementDataFile": data,
    }
    path.write_text("".join(f"{key} = {value}\n" for key, value in stated.items() if value))
    return path


def _nrrd(folder: Path, data: str = "a.bin", **fields: str) -> Path:
    path = folder / "a.nhdr"
    stated = {
        "type": "short",
        "dimension": "3",
        "encoding": "raw",
        "endian": "little",
        "sizes": _SHAPE,
        "space": "left-posterior-superior",
        "space directions": "(0.7,0,0) (0,0.5,0) (0,0,3)",
        **{key.replace("_", " "): value for key, value in fields.items()},
        "data file": data,
    }
    lines = [f"{key}: {value}\n" for key, value in stated.items() if value]
    path.write_text("NRRD0004\n# a comment: with a colon\n" + "".join(lines), encoding="utf-8")
    return path


def _data(folder: Path, name: str = "a.bin") -> Path:
    (folder / name).write_bytes(_VOLUME.array.tobytes(order="F"))
    return folder / name


def _said(path: Path) -> str:
    return " / ".join(note.what for note in ItkImage(path).read().notes)


@given(
    suffix=st.sampled_from([".mhd", ".mha", ".nrrd", ".nhdr", ".gipl", ".gipl.gz"]),
    dtype=st.sampled_from(_TYPES),
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    spacing=_SIZES,
    packed=st.booleans(),
    seed=st.integers(0, 99),
)
def test_what_itk_writes_is_read_as_itk_reads_it(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    dtype: str,
    shape: tuple[int, ...],
    spacing: tuple[float, ...],
    packed: bool,
    seed: int,
) -> None:
    if suffix.startswith(".gipl") and dtype in {"i4", "u4", "i8", "u8"}:
        return  # not among its types
    rng = np.random.default_rng(seed)
    image = SimpleITK.GetImageFromArray(rng.integers(0, 120, shape).astype(dtype))
    image.SetSpacing(spacing)
    image.SetOrigin(rng.normal(0, 50, 3).tolist())
    image.SetDirection(np.linalg.qr(rng.normal(size=(3, 3)))[0].ravel().tolist())
    path = tmp_path_factory.getbasetemp() / f"itk{suffix}"
    SimpleITK.WriteImage(image, str(path), packed)
    grid, (array, affine) = ItkImage(path).read(), _itk(path)
    assert grid.array.dtype == array.dtype
    np.testing.assert_array_equal(grid.array, array)
    np.testing.assert_allclose(grid.affine, affine, atol=1e-4)
    assert grid.notes == ()


@pytest.mark.parametrize(
    ("write", "fields"),
    [
        (_meta, {"BinaryDataByteOrderMSB": "True"}),
        (_meta, {"ElementSpacing": "", "ElementSize": "2 3 4"}),
        (_meta, {"TransformMatrix": "0 1 0 -1 0 0 0 0 1", "Position": "5 6 7"}),
        (_meta, {"Orientation": "0 1 0 -1 0 0 0 0 1", "Origin": "5 6 7"}),
        (_meta, {"Comment": "ElementDataFile = other.bin", "HeaderSize": "0"}),
        (_nrrd, {"endian": "big"}),
        (_nrrd, {"space": "right-anterior-superior", "space_origin": "(5,6,7)"}),
        (_nrrd, {"space": "LAS", "kinds": "domain domain domain"}),
        (_nrrd, {"space": "", "space_directions": "", "spacings": "2 3 4"}),
    ],
)
def test_headers_mean_what_itk_takes_them_for(tmp_path: Path, write: Callable[..., Path], fields: Any) -> None:
    path = write(tmp_path, **fields)
    _data(tmp_path)
    grid, (array, affine) = ItkImage(path).read(), _itk(path)
    np.testing.assert_array_equal(grid.array, array)
    np.testing.assert_allclose(grid.affine, affine, atol=1e-6)


@pytest.mark.parametrize("skipped", [-1, 7])
@pytest.mark.parametrize("write", [_meta, _nrrd])
def test_bytes_before_the_voxels_are_left_out(tmp_path: Path, write: Callable[..., Path], skipped: int) -> None:
    path = write(tmp_path, **{"HeaderSize" if write is _meta else "byte_skip": str(skipped)})
    _data(tmp_path).write_bytes(b"PATIENT" + _VOLUME.array.tobytes(order="F"))
    np.testing.assert_array_equal(ItkImage(path).read().array, _VOLUME.array)
    np.testing.assert_array_equal(_itk(path)[0], _VOLUME.array)


def test_units_are_converted_and_told(tmp_path: Path) -> None:
    _data(tmp_path)
    micrometres = {"ElementSpacing": "700 500 3000", "DistanceUnits": "um"}
    assert "micrometres; they were converted" in _said(_meta(tmp_path, **micrometres))
    np.testing.assert_allclose(ItkImage(tmp_path / "a.mhd").read().affine, np.diag([-0.7, -0.5, 3, 1]))
    _nrrd(tmp_path, space_directions="(700,0,0) (0,500,0) (0,0,3000)", space_units='"µm" "µm" "µm"')
    np.testing.assert_allclose(ItkImage(tmp_path / "a.nhdr").read().affine, np.diag([-0.7, -0.5, 3, 1]))


def test_what_a_header_does_not_state_is_told(tmp_path: Path) -> None:
    _data(tmp_path)
    assert "no voxel size; 1 mm was taken" in _said(_meta(tmp_path, ElementSpacing=""))
    assert not ItkImage(tmp_path / "a.mhd").read().placed
    assert "no voxel size; 1 mm was taken" in _said(_nrrd(tmp_path, space="", space_directions=""))
    assert not ItkImage(tmp_path / "a.nhdr").read().placed
    assert "taken as stored" in _said(_meta(tmp_path, ElementToIntensityFunctionSlope="2"))


# Files that a header names.


def _slices(folder: Path, name: str, first: int = 0) -> list[str]:
    """The volume's slices in a file each; ``name`` is a pattern for their number."""
    names = [name % (k + first) for k in range(_VOLUME.array.shape[2])]
    for k, one in enumerate(names):
        (folder / one).write_bytes(_VOLUME.array[:, :, k].tobytes(order="F"))
    return names


@pytest.mark.parametrize("write", [_meta, _nrrd])
@pytest.mark.parametrize("how", ["list", "pattern"])
def test_lists_and_patterns_are_read_and_known(tmp_path: Path, write: Callable[..., Path], how: str) -> None:
    names = _slices(tmp_path, "slice_%03d.bin")
    listed = "LIST 2\n" if write is _meta else "LIST\n"
    path = write(tmp_path, listed + "\n".join(names) if how == "list" else f"slice_%03d.bin 0 {len(names) - 1} 1")
    reader = ItkImage(path)
    assert reader.files == (path, *(tmp_path / name for name in names))
    np.testing.assert_array_equal(reader.read().array, _VOLUME.array)
    np.testing.assert_array_equal(_itk(path)[0], _VOLUME.array)
    (tmp_path / names[1]).write_bytes((tmp_path / names[1]).read_bytes() + b"12")
    with pytest.raises(CaseError, match=rf"{names[1]}: holds 2 bytes more"):
        reader.read()
    (tmp_path / names[2]).unlink()
    with pytest.raises(CaseError, match=names[2]):
        reader.read()


@pytest.mark.parametrize("bounds", ["", " 1", " 1 4", " 1 4 1"])
def test_a_pattern_of_metaimage_counts_the_slices_itself(tmp_path: Path, bounds: str) -> None:
    _slices(tmp_path, "slice %d.bin", first=1)
    path = _meta(tmp_path, f"slice %d.bin{bounds}")
    np.testing.assert_array_equal(ItkImage(path).read().array, _VOLUME.array)


@pytest.mark.parametrize("suffix", [".mhd", ".mha", ".nrrd", ".nhdr", ".gipl", ".gipl.gz"])
def test_capitals_are_read_alike(tmp_path: Path, suffix: str) -> None:
    write_itk(tmp_path / f"a{suffix}", _VOLUME.array, _VOLUME.affine)
    upper = tmp_path / f"a{suffix.upper()}"
    (tmp_path / f"a{suffix}").rename(upper)
    np.testing.assert_array_equal(ItkImage(upper).read().array, _VOLUME.array)
    assert set(ItkImage(upper).files) == set(tmp_path.iterdir())


@pytest.mark.parametrize("write", [_meta, _nrrd])
@pytest.mark.parametrize(
    "name",
    [
        "/etc/hostname",
        "../secret.bin",
        "sub/../../secret.bin",
        "..\\secret.bin",
        "C:\\a.bin",
        "-",
        "a\x00b",
        "LIST\n../secret.bin",
        "../secret%d.bin 0 3 1",
    ],
)
def test_a_data_file_elsewhere_is_refused_and_never_opened(
    tmp_path: Path, write: Callable[..., Path], name: str
) -> None:
    _data(tmp_path, "secret.bin")
    (tmp_path / "raw").mkdir()
    reader = ItkImage(write(tmp_path / "raw", name))
    assert reader.files == (reader.path,)
    with pytest.raises(CaseError, match="names a data file outside of its own folder"):
        reader.read()


@pytest.mark.parametrize("write", [_meta, _nrrd])
@pytest.mark.parametrize("pattern", ["%s%d.bin 0 3 1", "%n.bin 0 3 1", "%d%d.bin 0 3 1", "%99999999d.bin 0 3 1"])
def test_patterns_that_are_none_reach_no_decoder(tmp_path: Path, write: Callable[..., Path], pattern: str) -> None:
    with pytest.raises(CaseError, match="by a pattern that cannot be read"):
        ItkImage(write(tmp_path, pattern)).read()


@pytest.mark.parametrize("again", ["ElementDataFile = /etc/hostname", "elementdatafile: x", "no field at all"])
def test_a_line_that_other_readers_understand_otherwise_is_refused(tmp_path: Path, again: str) -> None:
    _data(tmp_path)
    path = _meta(tmp_path)
    text = path.read_text()
    path.write_text(f"{again}\n{text}")
    with pytest.raises(CaseError, match=r"a\.mhd: its header|outside of its own folder"):
        ItkImage(path).read()
    nrrd = _nrrd(tmp_path)
    nrrd.write_text(nrrd.read_text().replace("data file: a.bin", "datafile: /etc/hostname\ndata file: a.bin"))
    with pytest.raises(CaseError, match=r"a\.nhdr: its header cannot be read"):
        ItkImage(nrrd).read()


# Damaged files.


@pytest.mark.parametrize("suffix", [".mhd", ".mha"])
def test_data_longer_than_the_header_says_is_told_and_shorter_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_itk(path, _VOLUME.array, _VOLUME.affine)
    text = path.read_bytes()
    count = str(_VOLUME.array.shape[2]).encode()
    line = next(line for line in text.split(b"\n") if line.startswith(b"DimSize = "))
    path.write_bytes(text.replace(line, line[: -len(count)] + str(int(count) - 1).encode()))
    assert _said(path) == "the file is longer than its header says; is a slice or a volume missing in the header?"
    for more in (b"9", b"30000000"):
        path.write_bytes(text.replace(line, line[: -len(count)] + more))
        with pytest.raises(CaseError, match="announces"):
            ItkImage(path).read()


@pytest.mark.parametrize("suffix", [".mhd", ".mha", ".nrrd", ".nhdr", ".gipl.gz"])
def test_damage_of_packed_voxels_is_noticed(tmp_path: Path, suffix: str) -> None:
    """ITK itself takes no notice of the checksum of MetaImage, nor of voxels that end too early."""
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(0).integers(0, 3000, (20, 9, 8)).astype(np.int16)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(noise), str(path), useCompression=True)
    packed = ItkImage(path).files[-1]
    data = packed.read_bytes()
    assert _said(path) in {"", "the header states no orientation; slices are shown as the format's default has them"}
    for place in (len(data) // 2, len(data) - 6):
        damaged = bytearray(data)
        damaged[place] ^= 4
        packed.write_bytes(damaged)
        with pytest.raises(CaseError, match=rf"{packed.name}: cannot be read"):
            ItkImage(path).read()
    packed.write_bytes(data[: len(data) // 2] + bytes(20) + data[len(data) // 2 + 20 :])
    with pytest.raises(CaseError, match=packed.name):
        ItkImage(path).read()
    packed.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(CaseError, match=packed.name):
        ItkImage(path).read()


def test_packed_voxels_that_end_too_early_or_too_late(tmp_path: Path) -> None:
    voxels = _VOLUME.array.tobytes(order="F")
    path, data = _meta(tmp_path, CompressedData="True"), tmp_path / "a.bin"
    data.write_bytes(zlib.compress(voxels[:-60]))
    with pytest.raises(CaseError, match=r"a\.bin: holds 180 bytes of voxels, its header announces 240"):
        ItkImage(path).read()
    data.write_bytes(gzip.compress(voxels[:100]) + gzip.compress(voxels[100:]))
    np.testing.assert_array_equal(ItkImage(path).read().array, _VOLUME.array)
    data.write_bytes(zlib.compress(voxels + b"more"))
    assert "longer than its header says" in _said(path)


def test_more_than_the_file_can_hold_takes_no_memory(tmp_path: Path) -> None:
    _data(tmp_path)
    for path in (
        _meta(tmp_path, DimSize="30000 30000 30000", CompressedData="True"),
        _nrrd(tmp_path, sizes="30000 30000 30000", encoding="gzip"),
    ):
        with pytest.raises(CaseError, match="more than the 240 of the file can hold"):
            ItkImage(path).read()


@pytest.mark.parametrize("write", [_meta, _nrrd])
@pytest.mark.parametrize("value", ["Jane Doe", "nan", "0", "-3", "1e999", "9" * 5000])
def test_no_text_of_a_header_is_copied(tmp_path: Path, write: Callable[..., Path], value: str) -> None:
    _data(tmp_path)
    sizes, place = ("DimSize", "ElementSpacing") if write is _meta else ("sizes", "space_directions")
    for field in (sizes, place):
        with pytest.raises(CaseError, match=r"a\.(mhd|nhdr): its header") as raised:
            ItkImage(write(tmp_path, **{field: value})).read()
        assert value not in str(raised.value).removeprefix(str(tmp_path))


# One value a voxel, one segment.


def test_a_segmentation_of_several_segments_is_refused(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray(_VOLUME.array.T.astype(np.uint8))
    for count in (1, 2):
        image.SetMetaData(f"Segment{count - 1}_ID", f"Segment_{count}")
        image.SetMetaData(f"Segment{count - 1}_LabelValue", str(count))
        SimpleITK.WriteImage(image, str(tmp_path / f"{count}.seg.nrrd"))
    np.testing.assert_array_equal(ItkImage(tmp_path / "1.seg.nrrd").read().array, _VOLUME.array.astype(np.uint8))
    with pytest.raises(CaseError, match="it holds 2 segments"):
        ItkImage(tmp_path / "2.seg.nrrd").read()


def test_layers_of_segments_and_vectors_are_refused(tmp_path: Path) -> None:
    _data(tmp_path).write_bytes(bytes(3 * _VOLUME.array.nbytes))
    layers = {
        "dimension": "4",
        "sizes": f"3 {_SHAPE}",
        "kinds": "list domain domain domain",
        "space_directions": "none (1,0,0) (0,1,0) (0,0,1)",
    }
    with pytest.raises(CaseError, match=r"one value a voxel was expected, its shape is \(3, "):
        ItkImage(_nrrd(tmp_path, **layers)).read()
    one = {**layers, "sizes": f"1 {_SHAPE}"}
    assert ItkImage(_nrrd(tmp_path, **one)).read().array.shape == _VOLUME.array.shape
    for fields in ({"kinds": "vector domain domain"}, {"kinds": "RGB-color domain domain"}):
        with pytest.raises(CaseError, match="one value a voxel was expected"):
            ItkImage(_nrrd(tmp_path, **fields, space="", space_directions="")).read()
    with pytest.raises(CaseError, match="one value a voxel was expected"):
        ItkImage(_meta(tmp_path, ElementNumberOfChannels="3")).read()


def test_an_edited_header_is_parsed_again(tmp_path: Path) -> None:
    path = _meta(tmp_path, "a.bin")
    assert ItkImage(path).files[1].name == "a.bin"
    path.write_text(path.read_text().replace("a.bin", "b.bin"))
    os.utime(path, ns=(1, 1))
    assert ItkImage(path).files[1].name == "b.bin"


def test_another_format_is_named(tmp_path: Path) -> None:
    _data(tmp_path, "a.vtk")
    with pytest.raises(CaseError, match=r"a\.vtk: its format is not read; convert it"):
        ItkImage(tmp_path / "a.vtk").read()
