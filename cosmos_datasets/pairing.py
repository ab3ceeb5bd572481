"""Files by their official names, and images paired with their labels. Nothing is opened.

What is odd about names (copies, two files for one name, labels without images) is noticed, see
:mod:`cosmos_datasets.noticing`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import translate
from pathlib import Path

from cosmos_datasets.noticing import notice

_WORD = re.compile("[A-Za-z]+")
_COPIED = "(?:copy|copie|kopie|copia)"
#: How browsers and file managers call a second copy of ``name.ext``, in the languages they do so most.
_COPY = re.compile(
    rf"(?:(?P<before>{_COPIED}(?: \(\d+\))? (?:of|de|von) ))?(?P<stem>.*?)"
    rf"(?P<after>(?: ?\(\d+\)| \((?:another |\d+\w\w )?{_COPIED}(?: \d+)?\)| -? ?{_COPIED}(?: ?\(?\d+\)?)?)*)"
    r"(?P<suffix>(?:\.[a-z]\w*)*)",
    re.IGNORECASE,
)
_SECOND = "two files stand for one; the first is read and the other is not"


def below(root: Path, pattern: str = "*", depth: int = 7) -> Iterator[Path]:
    """List the files below a folder, sorted; links to folders are followed, links to nothing are files.

    Hidden files, ``__MACOSX``, copies of a file that lies beside them, pipes and devices are left out.

    Args:
        root: the folder; nothing is listed if there is none.
        pattern: of file names, as for ``fnmatch``, in any case.
        depth: of folders below ``root`` at most.
    """
    wanted = re.compile(translate(pattern), re.IGNORECASE)
    return (path for path in _files(root, depth, frozenset()) if wanted.match(path.name))


def _files(folder: Path, depth: int, above: frozenset[str]) -> Iterator[Path]:
    here = os.path.realpath(folder)
    if here in above or not folder.is_dir():
        return
    try:
        with os.scandir(folder) as found:
            entries = sorted((one for one in found if not is_leftover(one.name)), key=lambda one: one.name)
    except OSError as error:
        notice("warning", f"a folder cannot be read ({error.strerror}); nothing of it is used", folder)
        return
    if not entries:
        notice("note", "a folder is empty; are its files lost?", folder)
    names = {entry.name for entry in entries}
    for entry in entries:
        if is_folder(entry):
            # A link to a folder around it leads nowhere.
            if depth and not (entry.is_symlink() and Path(here).is_relative_to(os.path.realpath(entry.path))):
                yield from _files(Path(entry.path), depth - 1, above | {here})
        elif not (entry.is_symlink() or entry.is_file()):
            notice("warning", "a pipe or a device lies among the files; it is not read", entry.path)
        elif not _is_copy(entry.name, names, entry.path):
            yield Path(entry.path)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; a link to itself is none."""
    return Path(entry.path).is_dir() if entry.is_symlink() else entry.is_dir()


def is_leftover(name: str) -> bool:
    """Whether a file or folder is hidden, or what an archive made on a Mac leaves."""
    return name.startswith((".", "__MACOSX"))


def _is_copy(name: str, beside: Collection[str], path: Path | str) -> bool:
    """Whether a name is that of a copy of a file that lies beside it, which is then noticed."""
    match = _COPY.fullmatch(name)
    if not match or not (match["before"] or match["after"]) or match["stem"] + match["suffix"] not in beside:
        return False
    notice("warning", "a copy of a file lies beside it; the file is read and the copy is not", path)
    return True


def inside(files: Iterable[Path], *folders: str) -> list[Path]:
    """Choose the files whose folder is called so.

    Args:
        files: any paths.
        folders: patterns of names, as for ``fnmatch``, in any case.
    """
    wanted = [re.compile(translate(folder), re.IGNORECASE) for folder in folders]
    return [path for path in files if any(one.match(path.parent.name) for one in wanted)]


def named(files: Iterable[Path], pattern: str) -> dict[str, Path]:
    """Choose the files of one kind, by the key that their names hold.

    Args:
        files: any paths, e.g. ``folder.glob("*")``.
        pattern: of a whole file name, in any case; its first group is the key. With slashes it is of as many folders
            as well. Leftovers of archives (``._name``, ``.DS_Store``) do not match a pattern that begins as the
            official name does.

    Returns:
        Key to path, sorted by path; of two files with one key (``a.nii`` beside ``a.nii.gz``) the first, and the other
        is noticed. Words of a key are spelled as the pattern has them.
    """
    expression, depth, spelled = re.compile(pattern, re.IGNORECASE), pattern.count("/") + 1, _spelling(pattern)
    matches: list[tuple[Path, str]] = []
    beside: dict[Path, set[str]] = {}
    for path in sorted(files):
        if match := expression.fullmatch("/".join(path.parts[-depth:])):
            matches.append((path, _WORD.sub(lambda word: spelled.get(word[0].casefold(), word[0]), match[1])))
            beside.setdefault(path.parent, set()).add(path.name)
    # Some programs unpack a.nii.gz into a folder a.nii, with the file of the same name in it.
    are_files = ((path, key) for path, key in matches if path.is_symlink() or path.is_file())
    return merged(*({key: path} for path, key in are_files if not _is_copy(path.name, beside[path.parent], path)))


def _spelling(pattern: str) -> dict[str, str]:
    """The words of a pattern's first group in lower case -> as they are written there."""
    bare = re.sub(r"\\.|\[.*?\]", " ", pattern)
    start = re.search(r"\((?!\?)", bare)
    group, depth = "", 0
    for one in bare[start.start() :] if start else "":
        depth += (one == "(") - (one == ")")
        group += one
        if not depth:
            break
    return {word.casefold(): word for word in _WORD.findall(group)}


def merged(*found: Mapping[str, Path]) -> dict[str, Path]:
    """Join files by key; of two with one key the first counts, and the other is noticed."""
    files: dict[str, Path] = {}
    for some in found:
        for key, path in some.items():
            if files.setdefault(key, path) != path:
                notice("warning", _SECOND, f"{files[key]}, not {path}")
    return files


def pairs(
    images: Mapping[str, Path], labels: Mapping[str, Path], *, every_image: bool = False
) -> Iterator[tuple[str, Path, Path]]:
    """Pair images and labels of the same key.

    A label whose image is absent is paired with the path where the image should be, told from the other images. The
    case is then listed, reading it fails with that path, and a build leaves it out and says so. Where no image is
    there at all, or no label, every file that lacks its partner is noticed.

    Args:
        images: key to file, see :func:`named`; images without a label are unlabelled and skipped, which is noticed.
        labels: key to file.
        every_image: the publisher labels every image here, so one without a label is incomplete as well.

    Yields:
        Key, image and label, sorted by key; nothing if there are no images or no labels at all.
    """
    for path in labels.values() if not images else ():
        notice("warning", "a label is there and its image is not; it is not used", path)
    if not every_image or not labels:
        for key in sorted(images.keys() - labels.keys()):
            what = "an image is there and its label is not; it is not used"
            notice("warning" if every_image else "note", what, images[key])
    keys = labels.keys() | images.keys() if every_image else labels.keys()
    for key in sorted(keys) if images and labels else ():
        yield key, images.get(key) or _expected(key, images), labels.get(key) or _expected(key, labels)


def _expected(key: str, siblings: Mapping[str, Path]) -> Path:
    """Where a file should be: as the first of its siblings, with its own key in the names of file and folders."""
    other, path = next(iter(siblings.items()))
    folders = [key if part == other else _like(part, other, key) for part in path.parent.parts]
    return Path(*folders, path.name.replace(other, key, 1))


def _like(part: str, other: str, key: str) -> str:
    """A folder that is called as the key begins (``sub-001`` of ``sub-001_run-1``), for another key."""
    return key[: len(part)] if len(part) > 2 and other.startswith(part) else part
