"""Headers that name other files: all of them are known, and none lies outside of the header's folder."""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from raw_trees.phantom import store, write_itk

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import ItkImage
from cosmos_datasets.readers.itk_header import itk_header

_VOLUME = store(np.arange(4 * 6 * 5).reshape(4, 6, 5).astype(np.int16), "axial", "LPS", (3.0, 0.5, 0.7))


def _slices(folder: Path, name: str) -> list[str]:
    """The volume's slices in a file each; ``name`` is a pattern for their number."""
    names = [name % k for k in range(_VOLUME.array.shape[2])]
    for k, one in enumerate(names):
        (folder / one).write_bytes(_VOLUME.array[:, :, k].tobytes(order="F"))
    return names


def _meta(folder: Path, data: str) -> Path:
    path = folder / "a.mhd"
    head = "ObjectType = Image\nNDims = 3\nBinaryData = True\nCompressedData = False\nElementSpacing = 0.7 0.5 3\n"
    sizes = " ".join(map(str, _VOLUME.array.shape))
    path.write_text(f"{head}DimSize = {sizes}\nElementType = MET_SHORT\nElementDataFile = {data}\n")
    return path


def _nrrd(folder: Path, data: str) -> Path:
    path = folder / "a.nhdr"
    sizes = " ".join(map(str, _VOLUME.array.shape))
    head = "NRRD0004\n# a comment: with a colon\ntype: short\ndimension: 3\nencoding: raw\nendian: little\n"
    space = "space: left-posterior-superior\nspace directions: (0.7,0,0) (0,0.5,0) (0,0,3)\nspace origin: (0,0,0)\n"
    path.write_text(f"{head}sizes: {sizes}\n{space}data file: {data}\n")
    return path


@pytest.mark.parametrize("write", [_meta, _nrrd])
@pytest.mark.parametrize("how", ["list", "pattern"])
def test_lists_and_patterns_are_read_and_known(tmp_path: Path, write: object, how: str) -> None:
    assert callable(write)
    names = _slices(tmp_path, "slice_%03d.bin")
    listed = "LIST 2\n" if write is _meta else "LIST\n"
    path = write(tmp_path, listed + "\n".join(names) if how == "list" else f"slice_%03d.bin 0 {len(names) - 1} 1")
    reader = ItkImage(path)
    assert reader.files == (path, *(tmp_path / name for name in names))
    np.testing.assert_array_equal(reader.read().array, _VOLUME.array)
    (tmp_path / names[2]).unlink()
    with pytest.raises(CaseError, match=names[2]):
        reader.read()


@pytest.mark.parametrize("suffix", [".mhd", ".mha", ".nrrd", ".nhdr"])
def test_capitals_are_read_alike(tmp_path: Path, suffix: str) -> None:
    write_itk(tmp_path / f"a{suffix}", _VOLUME.array, _VOLUME.affine)
    upper = tmp_path / f"a{suffix.upper()}"
    (tmp_path / f"a{suffix}").rename(upper)
    np.testing.assert_array_equal(ItkImage(upper).read().array, _VOLUME.array)
    assert set(ItkImage(upper).files) == set(tmp_path.iterdir())


@pytest.mark.parametrize("write", [_meta, _nrrd])
@pytest.mark.parametrize(
    "name", ["/etc/hostname", "../secret.bin", "sub/../../secret.bin", "..\\secret.bin", "C:\\a.bin"]
)
def test_a_data_file_elsewhere_is_refused_and_never_opened(tmp_path: Path, write: object, name: str) -> None:
    assert callable(write)
    (tmp_path / "secret.bin").write_bytes(_VOLUME.array.tobytes())
    (tmp_path / "raw").mkdir()
    reader = ItkImage(write(tmp_path / "raw", name))
    assert reader.files == (reader.path,)
    with pytest.raises(CaseError, match="names a data file outside of its own folder"):
        reader.read()


@pytest.mark.parametrize("suffix", [".mhd", ".mha"])
def test_data_longer_than_the_header_says_is_told_and_shorter_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_itk(path, _VOLUME.array, _VOLUME.affine)
    text = path.read_bytes()
    count = str(_VOLUME.array.shape[2]).encode()
    line = next(line for line in text.split(b"\n") if line.startswith(b"DimSize = "))
    path.write_bytes(text.replace(line, line[: -len(count)] + str(int(count) - 1).encode()))
    assert [note.what for note in ItkImage(path).read().notes] == [
        "the file is longer than its header says; is a slice missing in the header?"
    ]
    path.write_bytes(text.replace(line, line[: -len(count)] + b"30000000"))
    with pytest.raises(CaseError, match=r"announces|damaged"):
        ItkImage(path).read()


def test_a_segmentation_of_several_segments_is_refused(tmp_path: Path) -> None:
    image = SimpleITK.GetImageFromArray(_VOLUME.array.T.astype(np.uint8))
    for count in (1, 2):
        image.SetMetaData(f"Segment{count - 1}_ID", f"Segment_{count}")
        image.SetMetaData(f"Segment{count - 1}_LabelValue", str(count))
        SimpleITK.WriteImage(image, str(tmp_path / f"{count}.seg.nrrd"))
    assert itk_header(tmp_path / "1.seg.nrrd").segments == 1
    ItkImage(tmp_path / "1.seg.nrrd").read()
    with pytest.raises(CaseError, match="it holds 2 segments"):
        ItkImage(tmp_path / "2.seg.nrrd").read()


def test_an_edited_header_is_parsed_again(tmp_path: Path) -> None:
    path = _meta(tmp_path, "a.bin")
    assert ItkImage(path).files[1].name == "a.bin"
    path.write_text(path.read_text().replace("a.bin", "b.bin"))
    os.utime(path, ns=(1, 1))
    assert ItkImage(path).files[1].name == "b.bin"


@pytest.mark.parametrize("suffix", [".mhd", ".mha", ".nrrd", ".nhdr"])
def test_packed_voxels_that_do_not_unpack_are_refused(tmp_path: Path, suffix: str) -> None:
    """MetaIO itself gives zeros for what it cannot unpack, and no reader of NRRD looks at the checksum."""
    image = SimpleITK.GetImageFromArray(np.random.default_rng(0).integers(0, 99, (9, 20, 20)).astype(np.int16))
    path = tmp_path / f"a{suffix}"
    SimpleITK.WriteImage(image, str(path), useCompression=True)
    assert ItkImage(path).read().notes == ()
    packed = ItkImage(path).files[-1]
    data = bytearray(packed.read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 40):
        packed.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        with pytest.raises(CaseError, match=packed.name):
            ItkImage(path).read()


@pytest.mark.parametrize("other", ["elementdatafile = a.bin", "ElementDataFile: a.bin", " ELEMENTDATAFILE = a.bin"])
def test_a_header_that_names_its_data_twice_is_refused(tmp_path: Path, other: str) -> None:
    """Readers differ in which spelling they take: one that passes the check must not hide another that does not."""
    (tmp_path / "a.bin").write_bytes(_VOLUME.array.tobytes(order="F"))
    path = _meta(tmp_path, "/etc/hostname")
    path.write_text(path.read_text().replace("ElementDataFile", f"{other}\nElementDataFile"))
    assert ItkImage(path).files == (path,)
    with pytest.raises(CaseError, match="names the data file more than once"):
        ItkImage(path).read()
