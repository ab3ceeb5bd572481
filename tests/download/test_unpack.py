"""Archives, good and evil."""

import gzip
import io
import stat
import tarfile
import tempfile
import tracemalloc
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosmos_datasets.download import unpack as unpack_module
from cosmos_datasets.download.unpack import is_archive, unpack
from cosmos_datasets.errors import CosmosError


def _zip(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name.replace("__", "/"), body)
    return path


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member, body in members:
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_zip_becomes_its_tree_beside_what_is_there(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", images__1=b"one", labels__1=b"two")
    home = tmp_path / "home"
    (home / "images").mkdir(parents=True)
    (home / "images" / "0").write_bytes(b"mine")
    unpack(archive, home)
    assert _tree(home) == {"images/0": b"mine", "images/1": b"one", "labels/1": b"two"}


def test_archives_in_an_archive_are_unpacked_where_they_lie(tmp_path: Path) -> None:
    inner = _tar(tmp_path / "images.tar.gz", (tarfile.TarInfo("images/1.jpg"), b"one"))
    archive = _zip(tmp_path / "a.zip", set__readme=b"hello", **{"set__images.tar.gz": inner.read_bytes()})
    unpack(archive, tmp_path / "home")
    assert _tree(tmp_path / "home") == {"set/readme": b"hello", "set/images/1.jpg": b"one"}


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_tar_in_every_compression(tmp_path: Path, mode: str) -> None:
    archive = _tar(tmp_path / "labels-ah.tar", (tarfile.TarInfo("im0001.ah.ppm.gz"), b"vessels"), mode=mode)
    assert is_archive(archive)
    unpack(archive, tmp_path / "labels-ah")
    assert _tree(tmp_path / "labels-ah") == {"im0001.ah.ppm.gz": b"vessels"}


def test_data_files_are_no_archives(tmp_path: Path) -> None:
    (tmp_path / "training.tif").write_bytes(b"II*\0" + b"\0" * 100)
    (tmp_path / "scan.nii.gz").write_bytes(b"\x1f\x8b" + b"\0" * 100)
    assert not is_archive(tmp_path / "training.tif")
    assert not is_archive(tmp_path / "scan.nii.gz")


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "C:\\evil", "..\\evil"])
def test_a_zip_may_not_leave_its_folder(tmp_path: Path, name: str) -> None:
    archive = _zip(tmp_path / "a.zip", fine=b"fine")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(name, b"evil")
    with pytest.raises(CosmosError, match="would leave the folder"):
        unpack(archive, tmp_path / "home")
    assert _tree(tmp_path / "home") == {}
    assert not (tmp_path / "evil").exists()


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../evil"),
        tarfile.TarInfo("a/../../evil"),
        _link("a", "../.."),
        _link("a", "/etc"),
        _link("a", "../../secret", tarfile.LNKTYPE),
        _link("a", "fine"),
        _link("a", "fine", tarfile.LNKTYPE),
        _link("a", "", tarfile.FIFOTYPE),
        _link("a", "", tarfile.CHRTYPE),
        tarfile.TarInfo("/evil"),
        tarfile.TarInfo("a\x1b[2Jb"),
        tarfile.TarInfo("a\x9b2Jb"),
    ],
    ids=lambda member: f"{member.name}->{member.linkname}",
)
def test_a_tar_may_not_leave_its_folder(tmp_path: Path, member: tarfile.TarInfo) -> None:
    archive = _tar(tmp_path / "a.tar", (tarfile.TarInfo("fine"), b"fine"), (member, b""))
    with pytest.raises(CosmosError, match="refused"):
        unpack(archive, tmp_path / "home")
    assert _tree(tmp_path / "home") == {}
    assert not (tmp_path / "evil").exists()


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("passwords")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(member, "/etc/passwd")
    with pytest.raises(CosmosError, match="'passwords' is a link or a device"):
        unpack(tmp_path / "a.zip", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_a_chain_of_archives_with_links_reaches_nothing(tmp_path: Path) -> None:
    """The first makes a link to its folder, the second one that climbs through it, the third writes through that."""
    home = tmp_path / "a" / "b" / "c" / "home"
    for number, member, body in (
        (1, _link("x", "."), b""),
        (2, _link("x/x/x/l", "../../.."), b""),
        (3, tarfile.TarInfo("l/outside/evil.txt"), b"evil"),
    ):
        archive = _tar(tmp_path / f"{number}.tar", (member, body))
        if member.issym():
            with pytest.raises(CosmosError, match="is a link or a device"):
                unpack(archive, home)
        else:
            unpack(archive, home)
    assert _tree(home) == {"l/outside/evil.txt": b"evil"}
    assert list(tmp_path.rglob("evil.txt")) == [home / "l" / "outside" / "evil.txt"]


@pytest.mark.parametrize("inside", ["l/evil.txt", "deep/l/evil.txt"])
def test_a_link_in_the_folder_is_not_followed(tmp_path: Path, inside: str) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    outside.mkdir()
    link = (home / inside).parent
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    before = sorted(home.rglob("*"))
    with pytest.raises(CosmosError, match=r"is a link, and a folder of that name"):
        unpack(_zip(tmp_path / "a.zip", **{"a_first": b"fine", inside: b"evil"}), home)
    assert list(outside.iterdir()) == []
    assert sorted(home.rglob("*")) == before


def test_a_link_where_it_unpacks_aside_is_not_followed(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (home / ".unpacking-a.zip").symlink_to(outside)
    unpack(_zip(tmp_path / "a.zip", fine=b"fine"), home)
    assert _tree(home) == {"fine": b"fine"}
    assert list(outside.iterdir()) == []


def test_one_name_with_two_contents_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("mask.png", b"one")
        file.writestr("mask.png", b"two")
    with pytest.raises(CosmosError, match=r"'mask\.png' more than once"):
        unpack(tmp_path / "a.zip", tmp_path / "home")


@pytest.mark.parametrize("again", ["mask.png", "./mask.png", "folder/../mask.png"])
def test_one_place_for_two_members_of_a_tar_is_refused(tmp_path: Path, again: str) -> None:
    archive = _tar(tmp_path / "a.tar", (tarfile.TarInfo("mask.png"), b"one"), (tarfile.TarInfo(again), b"two"))
    with pytest.raises(CosmosError, match=r"more than once|would leave"):
        unpack(archive, tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_names_of_windows_become_folders(tmp_path: Path) -> None:
    unpack(_zip(tmp_path / "a.zip", **{"images\\1.png": b"one"}), tmp_path / "home")
    assert _tree(tmp_path / "home") == {"images/1.png": b"one"}


def test_a_header_that_announces_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("PaxHeaders/1")
    header.type, header.size = tarfile.XHDTYPE, 4_000_000_000
    fine = tarfile.TarInfo("fine")
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as out:
        out.write(fine.tobuf() + header.tobuf() + bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(CosmosError, match=r"a header announces 4,000,000,000 bytes"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "home")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_archives_in_archives_end_somewhere(tmp_path: Path) -> None:
    body = _zip(tmp_path / "0.zip", fine=b"fine").read_bytes()
    for number in range(1, 7):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(f"inner{number}.zip", body)
        body = path.read_bytes()
    unpack(tmp_path / "4.zip", tmp_path / "few")
    assert _tree(tmp_path / "few") == {"fine": b"fine"}
    with pytest.raises(CosmosError, match="an archive within more than"):
        unpack(tmp_path / "6.zip", tmp_path / "many")
    assert list((tmp_path / "many").iterdir()) == []


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "a.zip", first=b"whole", second=bytes(range(256)) * 50)
    body = bytearray(archive.read_bytes())
    body[120] ^= 0xFF
    archive.write_bytes(body)
    with pytest.raises(CosmosError, match="damaged"):
        unpack(archive, tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


@settings(max_examples=60)
@given(data=st.data())
def test_whatever_is_wrong_with_an_archive_is_one_sentence(data: st.DataObject) -> None:
    """Archives with bytes changed, cut or put in come out whole, or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        base, home = Path(folder), Path(folder) / "home"
        path = base / "archive"
        kind = data.draw(st.sampled_from(["zip", "w:", "w:gz", "w:bz2", "w:xz"]))
        if kind == "zip":
            _zip(path, images__1=b"one" * 50, labels__1=b"two")
        else:
            members = [(tarfile.TarInfo("images/1"), b"one" * 50), (tarfile.TarInfo("labels/1"), b"two")]
            _tar(path, *members, mode=kind)
        body = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(body)))
            body[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
        path.write_bytes(body)
        try:
            unpack(path, home)
        except CosmosError as error:
            assert "archive" in str(error)
            assert list(home.iterdir()) == []
        assert {one.name for one in base.iterdir()} <= {"archive", "home"}
        assert not any(one.is_symlink() for one in home.rglob("*"))


def test_an_archive_larger_than_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = _zip(tmp_path / "a.zip", zeros=b"\0" * 1_000_000)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(unpack_module.shutil, "disk_usage", lambda _: usage(10, 9, 999_999))
    with pytest.raises(CosmosError, match=r"unpacking a\.zip needs 0\.00 GB more"):
        unpack(archive, tmp_path / "home")


def test_without_a_program_for_rar_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_module.shutil, "which", lambda _: None)
    (tmp_path / "a.rar").write_bytes(b"Rar!\x1a\x07\x00")
    assert is_archive(tmp_path / "a.rar")
    with pytest.raises(CosmosError, match="Install unar or bsdtar"):
        unpack(tmp_path / "a.rar", tmp_path)
    assert (tmp_path / "a.rar").is_file()


@pytest.mark.parametrize("made", ["ln -s / link", "mkfifo pipe", "echo one > a; ln a b", "touch $(printf 'a\\033b')"])
def test_what_another_program_unpacks_is_looked_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    program = tmp_path / "bin" / "unar"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncd "$4" && {made}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    (tmp_path / "a.rar").write_bytes(b"Rar!\x1a\x07\x00")
    with pytest.raises(CosmosError, match="refused, "):
        unpack(tmp_path / "a.rar", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_a_file_may_not_replace_a_folder(tmp_path: Path) -> None:
    (tmp_path / "home" / "images").mkdir(parents=True)
    with pytest.raises(CosmosError, match="is a folder"):
        unpack(_zip(tmp_path / "a.zip", images=b"?"), tmp_path / "home")
