"""What happens to whole files: lost, cut, not fetched, renamed, copied, exchanged."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

from stress.mutation import Change, Mutation, Right, any_file, every, has, rewritten

_PAGE = b"<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Please log in.</body></html>\n"
_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a" * 16 + b"\nsize 123456\n"
_ANNEX = b"/annex/objects/MD5E-s123456--0123456789abcdef.nii.gz\n"
_TEXT = has(".txt", ".csv", ".tsv", ".json", ".cfg", ".md")


def _is_binary(path: Path) -> bool:
    return not _TEXT(path)


def _delete(path: Path, _: random.Random) -> bool:
    path.unlink()
    return True


def _bytes(content: bytes) -> Change:
    return rewritten(lambda _: content)


def _cut_to(share: float) -> Change:
    return rewritten(lambda data: data[: max(int(len(data) * share), 1)])


def _cut_by(count: int) -> Change:
    return rewritten(lambda data: data[:-count] or None)


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


def _linked_store(path: Path, _: random.Random) -> bool:
    """The file lies elsewhere and a link stands for it, as git-annex and DataLad keep files."""
    store = path.parent / ".store"
    store.mkdir(exist_ok=True)
    path.rename(store / path.name)
    path.symlink_to(store / path.name)
    return True


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


def _called(new: Callable[[str, str], str], how: Callable[[Path, Path], object] = Path.rename) -> Change:
    """Give a file another name, made from stem and suffix."""

    def change(path: Path, _: random.Random) -> bool:
        stem, dot, suffix = path.name.partition(".")
        target = path.with_name(new(stem, dot + suffix))
        if target == path or target.exists():
            return False
        how(path, target)
        return True

    return change


def _copied(new: Callable[[str, str], str]) -> Change:
    return _called(new, shutil.copy2)


def _moved(where: str) -> Change:
    def change(path: Path, _: random.Random) -> bool:
        target = (path.parent / where / path.name).resolve()
        if target.exists():
            return False
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
        return True

    return change


def _renumbered(change: Callable[[str], str]) -> Callable[[str, str], str]:
    """Change the last number in the stem."""
    return lambda stem, suffix: re.sub(r"\d+(?=\D*$)", lambda found: change(found[0]), stem, count=1) + suffix


def _neighbours(path: Path) -> list[Path]:
    return [
        one for one in sorted(path.parent.iterdir()) if one.suffix == path.suffix and one != path and one.is_file()
    ]


def _swapped(path: Path, rng: random.Random) -> bool:
    """Two files of a folder under each other's name."""
    if not (beside := _neighbours(path)):
        return False
    other = rng.choice(beside)
    ours, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(ours)
    return ours != theirs


def _of_neighbour(path: Path, rng: random.Random) -> bool:
    """A neighbour's bytes under this name."""
    return bool(beside := _neighbours(path)) and _bytes(rng.choice(beside).read_bytes())(path, rng)


def _of_elsewhere(path: Path, rng: random.Random) -> bool:
    """The bytes of a file of another folder with the same suffix: an image where a mask should be, or the reverse."""
    tree = next(one for one in path.parents if one.name == "tree")
    there = [one for one in sorted(tree.rglob(f"*{path.suffix}")) if one.parent != path.parent and any_file(one)]
    return bool(there) and _bytes(rng.choice(there).read_bytes())(path, rng)


def _all_copied(path: Path, _: random.Random) -> bool:
    """Every file of the folder downloaded twice."""
    for one in sorted(path.parent.iterdir()):
        if one.is_file() and any_file(one):
            shutil.copy2(one, one.with_name(f"{one.stem} (1){one.suffix}"))
    return True


def _every_second_deleted(path: Path, _: random.Random) -> bool:
    lost = [one for one in sorted(path.parent.iterdir()) if one.is_file() and any_file(one)][1::2]
    for one in lost:
        one.unlink()
    return bool(lost)


def _unpacked(path: Path, _: random.Random) -> bool:
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()
    return True


def _packed(path: Path, _: random.Random) -> bool:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return True


def _plain_beside(path: Path, _: random.Random) -> bool:
    """Unpacked beside the packed file, and then half written over."""
    data = gzip.decompress(path.read_bytes())
    path.with_suffix("").write_bytes(data[:-100] + bytes(byte ^ 1 for byte in data[-100:]))
    return True


def _members(data: bytes) -> bytes:
    """The same content as two members of gzip, as parallel packers write it."""
    plain = gzip.decompress(data)
    return gzip.compress(plain[:1000]) + gzip.compress(plain[1000:])


def _not_utf8(path: Path, _: random.Random) -> bool:
    path.rename(path.with_name(os.fsdecode(b"\xff\xfe") + path.name))
    return True


def _kind(name: str, change: Change, applies: Callable[[Path], bool] = any_file, right: Right = "said") -> Mutation:
    return Mutation(name, change, applies, right)


WHOLE_FILES = [
    _kind("deleted", _delete),
    _kind("every second file deleted", _every_second_deleted),
    _kind("every file of the suffix deleted", every(_delete)),
    _kind("emptied", _bytes(b"")),
    _kind("every file emptied", every(_bytes(b""))),
    _kind("web page", _bytes(_PAGE)),
    _kind("every file a web page", every(_bytes(_PAGE))),
    _kind("LFS pointer", _bytes(_LFS)),
    _kind("every file an LFS pointer", every(_bytes(_LFS))),
    _kind("annex pointer", _bytes(_ANNEX)),
    _kind("garbage", _bytes(bytes(range(256)) * 8)),
    _kind("zeros of its size", rewritten(lambda data: bytes(len(data)))),
    _kind("cut to a hundredth", _cut_to(0.01)),
    _kind("cut to a third", _cut_to(1 / 3)),
    _kind("cut to half", _cut_to(0.5)),
    _kind("cut to nine tenths", _cut_to(0.9)),
    _kind("cut by a byte", _cut_by(1), _is_binary),
    _kind("cut by eight bytes", _cut_by(8), _is_binary),
    _kind("cut by 200 bytes", _cut_by(200)),
    _kind("cut to 400 bytes", rewritten(lambda data: data[:400])),
    _kind("every file cut to half", every(_cut_to(0.5))),
    _kind("bytes behind its end", rewritten(lambda data: data + bytes(40))),
    _kind("written twice", rewritten(lambda data: data + data)),
    _kind("block of zeros", _zeros, has(".gz", ".png", ".zraw")),
    _kind("bytes lost", _hole, _is_binary),
    _kind("as text with CRLF", rewritten(lambda data: data.replace(b"\n", b"\r\n")), _is_binary),
    _kind("first bit of every byte lost", rewritten(lambda data: bytes(byte & 127 for byte in data)), right="other"),
    _kind("dangling link", _link_to("../.git/annex/objects/none")),
    _kind("link to itself", _link_to("itself")),
    _kind("link to its folder", _link_to(".")),
    _kind("link to a store", _linked_store, right="same"),
    _kind("pipe", _pipe),
    _kind("folder of that name", _folder),
    _kind("within a folder of its name", _within_folder),
    _kind("renamed", _called(lambda stem, suffix: f"old {stem}{suffix}")),
    _kind("renamed with tilde", _called(lambda stem, suffix: f"{stem}{suffix}~")),
    _kind("renamed .part", _called(lambda stem, suffix: f"{stem}{suffix}.part")),
    _kind("renamed .crdownload", _called(lambda stem, suffix: f"{stem}{suffix}.crdownload")),
    _kind("renamed _final", _called(lambda stem, suffix: f"{stem}_final{suffix}")),
    _kind("renamed without suffix", _called(lambda stem, _: stem)),
    _kind("renamed .txt", _called(lambda stem, suffix: f"{stem}{suffix}.txt")),
    _kind("suffix twice", _called(lambda stem, suffix: stem + suffix + suffix)),
    _kind("blank before the suffix", _called(lambda stem, suffix: f"{stem} {suffix}")),
    _kind("blank before the name", _called(lambda stem, suffix: f" {stem}{suffix}")),
    _kind("blanks for underscores", _called(lambda stem, suffix: stem.replace("_", " ") + suffix)),
    _kind("number without zeros", _called(_renumbered(lambda digits: str(int(digits))))),
    _kind("number with zeros", _called(_renumbered(lambda digits: digits.zfill(len(digits) + 2)))),
    _kind("number of nobody", _called(_renumbered(lambda digits: str(int(digits) + 500)))),
    _kind("copy under the number of nobody", _copied(_renumbered(lambda digits: str(int(digits) + 500)))),
    _kind("copy (1)", _copied(lambda stem, suffix: f"{stem} (1){suffix}")),
    _kind("copy(1)", _copied(lambda stem, suffix: f"{stem}(1){suffix}")),
    _kind("copy of", _copied(lambda stem, suffix: f"Copy of {stem}{suffix}")),
    _kind("- Copy", _copied(lambda stem, suffix: f"{stem} - Copy{suffix}")),
    _kind("copy _old", _copied(lambda stem, suffix: f"{stem}_old{suffix}")),
    _kind("copy _2", _copied(lambda stem, suffix: f"{stem}_2{suffix}")),
    _kind("copy in capitals", _copied(lambda stem, suffix: stem.upper() + suffix.upper())),
    _kind("every file (1)", _all_copied),
    _kind("only (1) is left", _called(lambda stem, suffix: f"{stem} (1){suffix}")),
    _kind("capital suffix", _called(lambda stem, suffix: stem + suffix.upper())),
    _kind("every suffix in capitals", every(_called(lambda stem, suffix: stem + suffix.upper()))),
    _kind("small suffix", _called(lambda stem, suffix: stem + suffix.lower())),
    _kind("name in capitals", _called(lambda stem, suffix: stem.upper() + suffix)),
    _kind("name in small letters", _called(lambda stem, suffix: stem.lower() + suffix)),
    _kind("name with an accent", _called(lambda stem, suffix: unicodedata.normalize("NFD", f"{stem}ü{suffix}"))),
    _kind("name that is no UTF-8", _not_utf8),
    _kind("control characters in the name", _called(lambda stem, suffix: f"\x1b[31m{stem}{suffix}")),
    _kind("moved up", _moved("..")),
    _kind("moved down", _moved("new")),
    _kind("every file moved down", every(_moved("new"))),
    _kind("packed twice", rewritten(gzip.compress), has(".gz")),
    _kind("packed in two members", rewritten(_members), has(".gz"), right="same"),
    _kind("packed without its suffix", rewritten(gzip.compress), has(".nii", ".mhd", ".mha", ".nrrd", ".tif", ".dcm")),
    _kind("unpacked under its name", rewritten(gzip.decompress), has(".gz")),
    _kind("unpacked", _unpacked, has(".gz")),
    _kind("packed", _packed, lambda path: not has(".gz")(path)),
    _kind("plain file beside the packed", _plain_beside, has(".nii.gz")),
    _kind("swapped with a neighbour", _swapped, right="other"),
    _kind("a neighbour's bytes", _of_neighbour, right="other"),
    _kind("bytes of another folder's file", _of_elsewhere, right="other"),
]
