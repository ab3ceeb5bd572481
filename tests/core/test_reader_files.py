"""The files of a reader are those that it opens, as the kernel tells it: an edit of any of them is noticed."""

import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image
from raw_trees.phantom import Stored, write_dicom_series, write_itk, write_nifti

from cosmos_datasets.build.plan import raw_fingerprint
from cosmos_datasets.readers import (
    DicomSeries,
    ItkImage,
    Nifti,
    NiftiPicture,
    NiftiStack,
    PagedTiff,
    Picture,
    PictureStack,
)

_IN_OPEN = 0x20
_IN_NONBLOCK = 0o4000
_VOLUME = np.arange(8 * 6 * 4, dtype=np.int16).reshape(8, 6, 4)
_GREY = np.arange(80, dtype=np.uint8).reshape(8, 10)


@contextmanager
def _opened(folder: Path) -> Iterator[set[Path]]:
    """The files below a folder that this process, its libraries in C included, opens in the block."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(_IN_NONBLOCK)
    assert descriptor >= 0
    try:
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        watched = {libc.inotify_add_watch(descriptor, os.fsencode(one), _IN_OPEN): one for one in folders}
        found: set[Path] = set()
        yield found
        data = os.read(descriptor, 1 << 16)
        while data:
            number, _, _, length = struct.unpack_from("iIII", data)
            name = os.fsdecode(data[16 : 16 + length].rstrip(b"\0"))
            if name and (watched[number] / name).is_file():
                found.add(watched[number] / name)
            data = data[16 + length :]
    finally:
        os.close(descriptor)


def _pair(folder: Path, kind: Any, *, capitals: bool = False) -> Nifti:
    nibabel.save(kind(_VOLUME, np.diag([2.0, 2, 3, 1])), folder / "a.img")
    if capitals:
        for path in sorted(folder.iterdir()):
            path.rename(path.with_suffix(path.suffix.upper()))
    return Nifti(folder / ("a.HDR" if capitals else "a.hdr"))


def _nifti(folder: Path) -> Path:
    write_nifti(folder / "a.nii.gz", _VOLUME, np.eye(4))
    return folder / "a.nii.gz"


def _itk(folder: Path, suffix: str) -> ItkImage:
    write_itk(folder / f"a{suffix}", _VOLUME, np.eye(4))
    return ItkImage(folder / f"a{suffix}")


def _listed(folder: Path) -> ItkImage:
    reader = _itk(folder, ".mhd")
    (folder / "a.raw").unlink()
    (folder / "b").mkdir()
    names = [f"b/{k}.bin" for k in range(4)]
    for k, name in enumerate(names):
        (folder / name).write_bytes(_VOLUME[:, :, k].tobytes(order="F"))
    reader.path.write_text(reader.path.read_text().replace("a.raw", "\n".join(["LIST", *names])))
    return reader


def _pictures(folder: Path) -> tuple[Path, ...]:
    paths = tuple(folder / f"{k}.png" for k in range(3))
    for path in paths:
        Image.fromarray(_GREY).save(path)
    return paths


def _series(folder: Path) -> DicomSeries:
    paths = [folder / f"{k}.dcm" for k in range(4)]
    write_dicom_series(paths, Stored(_VOLUME, np.diag([-1.0, -1, 2, 1]), (0, 1, 2, 3)))
    return DicomSeries(tuple(paths))


def _pages(folder: Path) -> Path:
    tifffile.imwrite(folder / "a.tif", np.stack([_GREY] * 3), photometric="minisblack")
    return folder / "a.tif"


_READERS: dict[str, Callable[[Path], Any]] = {
    "nifti": lambda folder: Nifti(_nifti(folder)),
    "pair": lambda folder: _pair(folder, nibabel.Nifti1Pair),
    "analyze": lambda folder: _pair(folder, nibabel.Spm99AnalyzeImage),
    "capitals": lambda folder: _pair(folder, nibabel.AnalyzeImage, capitals=True),
    "mhd": lambda folder: _itk(folder, ".mhd"),
    "mha": lambda folder: _itk(folder, ".mha"),
    "nrrd": lambda folder: _itk(folder, ".nrrd"),
    "nhdr": lambda folder: _itk(folder, ".nhdr"),
    "list": _listed,
    "nifti picture": lambda folder: NiftiPicture(_nifti(folder), 1),
    "nifti stack": lambda folder: NiftiStack(_nifti(folder)),
    "picture": lambda folder: Picture(_pictures(folder)[1]),
    "pictures": lambda folder: PictureStack(_pictures(folder)),
    "pages": lambda folder: PagedTiff(_pages(folder)),
    "series": _series,
}


@pytest.mark.parametrize("name", _READERS)
def test_an_edit_of_any_file_that_is_opened_is_noticed(tmp_path: Path, name: str) -> None:
    reader = _READERS[name](tmp_path)
    with _opened(tmp_path) as opened:
        assert reader.read().array.size
    assert opened == set(reader.files)
    for path in opened:
        before = raw_fingerprint(reader.files, tmp_path, with_time=True)
        os.utime(path, ns=(1, 1))
        assert raw_fingerprint(reader.files, tmp_path, with_time=True) != before
