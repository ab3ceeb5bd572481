"""What happens to whole files: lost, cut, not fetched, renamed, copied."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from stress.mutation import Change, Mutation, any_file, has

_PAGE = b"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Please log in.</body></html>\n"
_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize 123456\n"
_ANNEX = b"/annex/objects/MD5E-s123456--0123456789abcdef.nii.gz\n"


def _delete(path: Path, _: random.Random) -> bool:
    path.unlink()
    return True


def _bytes(content: bytes) -> Change:
    def change(path: Path, _: random.Random) -> bool:
        path.write_bytes(content)
        return True

    return change


def _cut(share: float, at_most: int = 0) -> Change:
    def change(path: Path, _: random.Random) -> bool:
        data = path.read_bytes()
        kept = len(data) - at_most if at_most else int(len(data) * share)
        path.write_bytes(data[: max(kept, 1)])
        return len(data) > 2

    return change


def _zeros(path: Path, rng: random.Random) -> bool:
    """A block that a broken download never wrote."""
    data = bytearray(path.read_bytes())
    if len(data) < 64:
        return False
    start = rng.randrange(len(data) // 3, len(data) // 2)
    data[start : start + len(data) // 4] = bytes(len(data) // 4)
    path.write_bytes(data)
    return True


def _hole(path: Path, rng: random.Random) -> bool:
    """Bytes lost in the middle."""
    data = path.read_bytes()
    if len(data) < 64:
        return False
    start = rng.randrange(len(data) // 3, len(data) // 2)
    path.write_bytes(data[:start] + data[start + len(data) // 5 :])
    return True


def _link_to(target: str) -> Change:
    def change(path: Path, _: random.Random) -> bool:
        path.unlink()
        path.symlink_to(path.name if target == "itself" else target)
        return True

    return change


def _pipe(path: Path, _: random.Random) -> bool:
    path.unlink()
    os.mkfifo(path)
    return True


def _folder(path: Path, _: random.Random) -> bool:
    path.unlink()
    path.mkdir()
    return True


def _within_folder(path: Path, _: random.Random) -> bool:
    """Some programs unpack every file into a folder of its name."""
    data = path.read_bytes()
    path.unlink()
    path.mkdir()
    (path / path.name).write_bytes(data)
    return True


def _renamed(pattern: str) -> Change:
    def change(path: Path, _: random.Random) -> bool:
        stem, dot, suffix = path.name.partition(".")
        path.rename(path.with_name(pattern.format(stem=stem, suffix=dot + suffix)))
        return True

    return change


def _copied(pattern: str) -> Change:
    def change(path: Path, _: random.Random) -> bool:
        stem, dot, suffix = path.name.partition(".")
        shutil.copy2(path, path.with_name(pattern.format(stem=stem, suffix=dot + suffix)))
        return True

    return change


def _upper(path: Path, _: random.Random) -> bool:
    stem, dot, suffix = path.name.partition(".")
    new = path.with_name(stem + dot + suffix.upper())
    path.rename(new)
    return new != path


def _all_copied(path: Path, _: random.Random) -> bool:
    """Every file of the folder downloaded twice."""
    for one in sorted(path.parent.iterdir()):
        if one.is_file() and any_file(one):
            shutil.copy2(one, one.with_name(f"{one.stem} (1){one.suffix}"))
    return True


def _packed_twice(path: Path, _: random.Random) -> bool:
    path.write_bytes(gzip.compress(path.read_bytes()))
    return True


def _plain_beside(path: Path, _: random.Random) -> bool:
    """Unpacked beside the packed file, and then half written over."""
    data = gzip.decompress(path.read_bytes())
    path.with_suffix("").write_bytes(data[:-100] + bytes(byte ^ 1 for byte in data[-100:]))
    return True


def _second_tree(path: Path, _: random.Random) -> bool:
    """The folder of the file a second time, as an interrupted move leaves it."""
    shutil.copytree(path.parent, path.parent.with_name(f"{path.parent.name} (1)"))
    return True


def _not_utf8(path: Path, _: random.Random) -> bool:
    path.rename(path.with_name(os.fsdecode(b"\xff\xfe") + path.name))
    return True


def _control(path: Path, _: random.Random) -> bool:
    path.rename(path.with_name("\x1b[31m" + path.name))
    return True


def _mutation(name: str, change: Change, applies: Callable[[Path], bool] = any_file) -> Mutation:
    return Mutation(name, applies, change)


WHOLE_FILES = [
    _mutation("deleted", _delete),
    _mutation("emptied", _bytes(b"")),
    _mutation("web page", _bytes(_PAGE)),
    _mutation("LFS pointer", _bytes(_LFS)),
    _mutation("annex pointer", _bytes(_ANNEX)),
    _mutation("garbage", _bytes(bytes(range(256)) * 8)),
    _mutation("cut to a hundredth", _cut(0.01)),
    _mutation("cut to half", _cut(0.5)),
    _mutation("cut by a byte", _cut(1, 1)),
    _mutation("cut by 200 bytes", _cut(1, 200)),
    _mutation("block of zeros", _zeros, has(".gz", ".png", ".zraw")),
    _mutation("bytes lost", _hole, lambda path: any_file(path) and not has(".txt", ".csv", ".json")(path)),
    _mutation("dangling link", _link_to("../.git/annex/objects/none")),
    _mutation("link to itself", _link_to("itself")),
    _mutation("pipe", _pipe),
    _mutation("folder of that name", _folder),
    _mutation("within a folder of its name", _within_folder),
    _mutation("renamed", _renamed("old {stem}{suffix}")),
    _mutation("renamed with tilde", _renamed("{stem}{suffix}~")),
    _mutation("renamed .part", _renamed("{stem}{suffix}.part")),
    _mutation("copy (1)", _copied("{stem} (1){suffix}")),
    _mutation("copy of", _copied("Copy of {stem}{suffix}")),
    _mutation("- Copy", _copied("{stem} - Copy{suffix}")),
    _mutation("every file (1)", _all_copied),
    _mutation("capital suffix", _upper),
    _mutation("packed twice", _packed_twice, has(".gz")),
    _mutation("plain file beside the packed", _plain_beside, has(".nii.gz")),
    _mutation("folder twice", _second_tree),
    _mutation("name that is no UTF-8", _not_utf8),
    _mutation("control characters in the name", _control),
]
