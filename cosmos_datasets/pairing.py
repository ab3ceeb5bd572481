"""Files by their official names, and images paired with their labels. Nothing is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path


def below(root: Path, pattern: str = "*", depth: int = 7) -> Iterator[Path]:
    """List the files below a folder; links to folders are followed, hidden files and ``__MACOSX`` left out.

    Args:
        root: the folder; nothing is listed if there is none.
        pattern: of file names, as for ``fnmatch``.
        depth: of folders below ``root`` at most, so that a link to a parent does no harm.
    """
    if not root.is_dir():
        return
    with os.scandir(root) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith((".", "__MACOSX")):
            continue
        if entry.is_dir():
            yield from below(Path(entry.path), pattern, depth - 1) if depth else ()
        elif fnmatch(entry.name, pattern):
            yield Path(entry.path)


def named(files: Iterable[Path], pattern: str) -> dict[str, Path]:
    """Choose the files of one kind, by the key that their names hold.

    Args:
        files: any paths, e.g. ``folder.glob("*")``.
        pattern: of a whole file name, in any case; its first group is the key. Leftovers of archives (``._name``,
            ``.DS_Store``) do not match a pattern that begins as the official name does.

    Returns:
        Key to path, sorted by path; of two files with one key (``a.nii`` beside ``a.nii.gz``) the first.
    """
    found: dict[str, Path] = {}
    for path in sorted(files):
        match = re.fullmatch(pattern, path.name, re.IGNORECASE)
        # Some programs unpack a.nii.gz into a folder a.nii, with the file of the same name in it.
        if match and match[1] not in found and path.is_file():
            found[match[1]] = path
    return found


def pairs(
    images: Mapping[str, Path], labels: Mapping[str, Path], *, every_image: bool = False
) -> Iterator[tuple[str, Path, Path]]:
    """Pair images and labels of the same key.

    A label whose image is absent is paired with the path where the image should be, told from the other images. The
    case is then listed, reading it fails with that path, and a build leaves it out and says so.

    Args:
        images: key to file, see :func:`named`; images without a label are unlabelled and skipped.
        labels: key to file.
        every_image: the publisher labels every image here, so one without a label is incomplete as well.

    Yields:
        Key, image and label, sorted by key; nothing if there are no images or no labels at all.
    """
    if not images or not labels:
        return
    for key in sorted(labels.keys() | images.keys() if every_image else labels.keys()):
        yield key, images.get(key) or _expected(key, images), labels.get(key) or _expected(key, labels)


def _expected(key: str, siblings: Mapping[str, Path]) -> Path:
    """Where a file should be: as the first of its siblings, with its own key in the names of file and folders."""
    other, path = next(iter(siblings.items()))
    folders = [key if part == other else _like(part, other, key) for part in path.parent.parts]
    return Path(*folders, path.name.replace(other, key, 1))


def _like(part: str, other: str, key: str) -> str:
    """A folder that is called as the key begins (``sub-001`` of ``sub-001_run-1``), for another key."""
    return key[: len(part)] if len(part) > 2 and other.startswith(part) else part
