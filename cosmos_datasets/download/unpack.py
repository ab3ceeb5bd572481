"""Archives: unpacked whole or not at all, and never beyond their folder."""

from __future__ import annotations

import shutil
import stat
import subprocess
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from tqdm import tqdm

from cosmos_datasets.download.fetch import check_space
from cosmos_datasets.download.tar_stream import is_tar, open_tar
from cosmos_datasets.errors import CosmosError

#: Suffixes of archives that are looked for within archives.
_NESTED = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".rar", ".7z")
#: Archives in archives in archives: published data has two of these.
_DEEPEST = 4
#: Formats that Python cannot read, and the programs that can: the first that is installed is used. Both refuse paths
#: that leave the folder, and follow no link that they have unpacked.
_FOREIGN = (".rar", ".7z")
_TOOLS = (
    ("unar", "-q", "-D", "-o", "{folder}", "{archive}"),
    ("bsdtar", "-x", "-f", "{archive}", "-C", "{folder}"),
)


def is_archive(path: Path) -> bool:
    """Whether a file is to be unpacked: zip, tar (compressed or not), rar, 7z. A lone ``.nii.gz`` is not."""
    return path.suffix.lower() in _FOREIGN or zipfile.is_zipfile(path) or is_tar(path)


def unpack(archive: Path, folder: Path, *, progress: bool = False, depth: int = 0) -> None:
    """Unpack an archive into a folder, and archives in it where they lie.

    What is there already is kept, files of the same name are replaced. Links are neither made nor followed: an archive
    that holds one is refused, and so is a link in the folder where a member's folder should be.

    Args:
        archive: see :func:`is_archive`.
        folder: made if it is not there.
        progress: show a bar on a terminal.
        depth: of archives that this one lies in.

    Raises:
        CosmosError: if a member would leave the folder or is no plain file, the archive is damaged or encrypted, the
            disk is too small, or a tool is needed that is not installed. Nothing is then left in ``folder``.
    """
    if depth > _DEEPEST:
        raise CosmosError(f"{archive.name}: refused, it is an archive within more than {_DEEPEST} others.")
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".unpacking-{archive.name}"
    if aside.is_symlink():
        aside.unlink()
    shutil.rmtree(aside, ignore_errors=True)
    try:
        with _explained(archive):
            if archive.suffix.lower() in _FOREIGN:
                _with_tool(archive, aside)
            elif zipfile.is_zipfile(archive):
                _unzip(archive, aside, progress)
            else:
                _untar(archive, aside, progress)
        for nested in [path for path in aside.rglob("*") if path.name.lower().endswith(_NESTED) and path.is_file()]:
            unpack(nested, nested.parent, progress=progress, depth=depth + 1)
            nested.unlink()
        _check_places(aside, folder)
        _merge(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _explained(archive: Path) -> Iterator[None]:
    try:
        yield
    except CosmosError:
        raise
    except (RuntimeError, NotImplementedError) as error:
        # zipfile's words for a password, and for a compression that it does not know.
        raise CosmosError(f"{archive}: cannot be unpacked ({error}); unpack it yourself.") from error
    except OSError as error:
        if error.errno is None:  # a decompressor's
            raise _damaged(archive, error) from error
        raise CosmosError(f"{archive}: cannot be unpacked into {archive.parent} ({error.strerror}).") from error
    except Exception as error:  # damaged archives make the libraries raise nearly everything
        raise _damaged(archive, error) from error


def _damaged(archive: Path, error: Exception) -> CosmosError:
    reason = str(error) or type(error).__name__
    return CosmosError(f"{archive}: damaged ({reason}); remove it and download it again.")


def _unzip(archive: Path, folder: Path, progress: bool) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            _check_member(archive, member.filename, kind in {0, stat.S_IFREG, stat.S_IFDIR})
            member.filename = member.filename.replace("\\", "/")  # as some programs for Windows write it
        _check_doubles(archive, {(member.filename, member.CRC) for member in members if not member.is_dir()})
        size = sum(member.file_size for member in members)
        check_space(folder.parent, size, f"unpacking {archive.name}")
        with _bar(archive, size, progress) as bar:
            for member in members:
                file.extract(member, folder)
                bar.update(member.file_size)


def _untar(archive: Path, folder: Path, progress: bool) -> None:
    with open_tar(archive) as file:
        members = file.getmembers()
        for member in members:
            _check_member(archive, member.name, member.isfile() or member.isdir())
        _check_doubles(archive, ((member.name, number) for number, member in enumerate(members) if member.isfile()))
        size = sum(member.size for member in members)
        check_space(folder.parent, size, f"unpacking {archive.name}")
        folder.mkdir()
        with _bar(archive, size, progress) as bar:
            for member in members:
                file.extract(member, folder, filter="data")
                bar.update(member.size)


def _with_tool(archive: Path, folder: Path) -> None:
    tool = next((one for one in _TOOLS if shutil.which(one[0])), None)
    if tool is None:
        names = " or ".join(one[0] for one in _TOOLS)
        raise CosmosError(
            f"{archive} is there, but none of the programs that unpack it. Install {names} and give the same command "
            f"again, or unpack it yourself in {archive.parent}."
        )
    folder.mkdir()
    command = [word.format(folder=folder, archive=archive) for word in tool]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise CosmosError(f"{archive}: {tool[0]} cannot unpack it ({' '.join(done.stderr.split())[:300]}).")
    for path in folder.rglob("*"):
        state = path.lstat()
        is_plain = stat.S_ISDIR(state.st_mode) or (stat.S_ISREG(state.st_mode) and state.st_nlink == 1)
        _check_member(archive, path.relative_to(folder).as_posix(), is_plain)


def _check_member(archive: Path, name: str, is_plain: bool) -> None:
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in {*posix.parts, *windows.parts}:
        raise CosmosError(f"{archive}: refused, its member {name!r} would leave the folder.")
    if not is_plain:
        raise CosmosError(f"{archive}: refused, its member {name!r} is a link or a device, no plain file.")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise CosmosError(f"{archive}: refused, the name of its member {name!r} holds control characters.")


def _check_doubles(archive: Path, members: Iterable[tuple[str, int]]) -> None:
    """Refuse a place that two members claim, given the name and the content of each."""
    names = Counter(place for place, _ in {(PurePosixPath(name), content) for name, content in members})
    twice = next((place for place, times in names.items() if times > 1), None)
    if twice is not None:
        raise CosmosError(f"{archive}: refused, it holds {str(twice)!r} more than once, with different content.")


def _bar(archive: Path, size: int, progress: bool) -> tqdm[Any]:
    return tqdm(
        total=size, unit="B", unit_scale=True, desc=f"unpacking {archive.name}", disable=None if progress else True
    )


def _check_places(aside: Path, folder: Path) -> None:
    """Look at every place before anything moves, so that a refusal leaves the folder as it was."""
    for path in aside.iterdir():
        target = folder / path.name
        if path.is_dir() and target.is_symlink():
            raise CosmosError(f"{target} is a link, and a folder of that name is to be unpacked; remove it.")
        if not path.is_dir() and target.is_dir():
            raise CosmosError(f"{target} is a folder, and a file of that name is to be unpacked; remove it.")
        if path.is_dir() and target.is_dir():
            _check_places(path, target)


def _merge(aside: Path, folder: Path) -> None:
    for path in sorted(aside.iterdir()):
        target = folder / path.name
        if path.is_dir() and target.is_dir():
            _merge(path, target)
        else:
            path.replace(target)
