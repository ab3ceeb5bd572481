"""Files that go with a header: none is taken from elsewhere, whatever links a raw tree holds."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from raw_trees.phantom import write_itk

from cosmos_datasets.errors import CaseError
from cosmos_datasets.readers import ItkImage, Nifti
from cosmos_datasets.readers.header_files import numbered_names, sibling

_VOLUME = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


def _pair(folder: Path, kind: str) -> tuple[Path, Path]:
    """A volume in two files: header and voxels."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "mhd":
        write_itk(folder / "a.mhd", _VOLUME, np.eye(4))
        return folder / "a.mhd", folder / "a.raw"
    nibabel.save(nibabel.Nifti1Pair(_VOLUME, np.eye(4)), folder / "a.img")
    return folder / "a.hdr", folder / "a.img"


def _linked(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    path.symlink_to(target)


def _read(header: Path) -> object:
    return (Nifti if header.suffix == ".hdr" else ItkImage)(header).read().array


@pytest.mark.parametrize("kind", ["mhd", "hdr"])
def test_voxels_behind_a_link_to_elsewhere_are_refused(tmp_path: Path, kind: str) -> None:
    header, voxels = _pair(tmp_path / "raw", kind)
    _linked(voxels, tmp_path / "private" / "a.bin")
    with pytest.raises(CaseError, match="names a data file outside of its own folder"):
        _read(header)


@pytest.mark.parametrize("kind", ["mhd", "hdr"])
def test_links_within_the_folder_and_linked_pairs_are_read(tmp_path: Path, kind: str) -> None:
    header, voxels = _pair(tmp_path / "raw", kind)
    _linked(voxels, tmp_path / "raw" / "below" / "a.bin")
    np.testing.assert_array_equal(_read(header), _VOLUME)
    header, voxels = _pair(tmp_path / "pair", kind)
    for path in (header, voxels):  # as a user makes a raw folder of a large drive
        _linked(path, tmp_path / "drive" / path.name)
    np.testing.assert_array_equal(_read(header), _VOLUME)


@pytest.mark.parametrize("kind", ["mhd", "hdr"])
@pytest.mark.parametrize("header_too", [False, True])
def test_repositories_of_git_annex_are_read(tmp_path: Path, kind: str, header_too: bool) -> None:
    header, voxels = _pair(tmp_path / "repository" / "raw" / "images", kind)
    objects = tmp_path / "repository" / ".git" / "annex" / "objects"
    _linked(voxels, objects / "Xq" / "7J" / "KEY-1" / "KEY-1")
    if header_too:
        _linked(header, objects / "Wp" / "2k" / "KEY-2" / "KEY-2")
    np.testing.assert_array_equal(_read(header), _VOLUME)
    (objects / "Xq" / "7J" / "KEY-1" / "KEY-1").unlink()
    with pytest.raises(CaseError, match="git annex get"):
        _read(header)


def test_an_annex_of_another_repository_is_elsewhere(tmp_path: Path) -> None:
    header, voxels = _pair(tmp_path / "raw", "mhd")
    _linked(voxels, tmp_path / "other" / ".git" / "annex" / "objects" / "KEY")
    with pytest.raises(CaseError, match="outside of its own folder"):
        _read(header)


def test_siblings_in_any_capitals(tmp_path: Path) -> None:
    for name in ("a [1].IMG", "a 1.img", "b.img.gz", "c.img", "C.IMG"):
        (tmp_path / name).touch()
    for header, expected in {"a [1].HDR": "a [1].IMG", "b.hdr": "b.img.gz", "c.hdr": "c.img", "d.hdr": None}.items():
        found = sibling(tmp_path / header, ".img", ".img.gz")
        assert (found and found.name) == expected
    assert sibling(tmp_path / "b.IMG.GZ", ".img.gz") == tmp_path / "b.img.gz"


@pytest.mark.parametrize("pattern", ["s%d", "s%03d.raw", "s%3d_x", "%2d"])
def test_numbered_names_are_those_of_printf(pattern: str) -> None:
    assert list(numbered_names(pattern, 8, 12, 2) or ()) == [pattern % number for number in (8, 10, 12)]


@pytest.mark.parametrize("pattern", ["s", "%s%d", "%d%d", "%%d", "%123d", "%x", "%-3d"])
def test_other_patterns_are_none(pattern: str) -> None:
    assert numbered_names(pattern, 0, 1) is None
