"""What happens to the folders of a raw tree: nested, split in halves, laid beside others', copied."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from stress.mutation import Mutation, Right, any_file

#: Sources whose raw trees are laid beside others: alike in form, different in everything else.
_OTHERS = ("kvasir_seg", "tls01", "btcv_abdomen")


def _nested(*names: str) -> Callable[[Path, random.Random], bool]:
    """Put the whole tree into folders."""

    def change(tree: Path, _: random.Random) -> bool:
        inside = tree.rename(tree.with_name("moved"))
        tree.joinpath(*names[:-1]).mkdir(parents=True)
        inside.rename(tree.joinpath(*names))
        return True

    return change


def _deepest(tree: Path, rng: random.Random) -> Path:
    """A folder with files, at random."""
    return rng.choice(sorted({path.parent for path in tree.rglob("*") if path.is_file() and any_file(path)} - {tree}))


def _inner(tree: Path, rng: random.Random) -> Path:
    """A folder with folders in it."""
    folders = {path.parent for path in tree.rglob("*") if path.is_dir() and any_file(path)} - {tree}
    return rng.choice(sorted(folders))


def _halves(tree: Path, rng: random.Random) -> bool:
    """The folders and files of one folder in two downloads, side by side."""
    folder = _inner(tree, rng)
    inside = sorted(path for path in folder.iterdir() if any_file(path))
    if len(inside) < 2:
        return False
    second = folder.with_name(f"{folder.name} (part 2)")
    second.mkdir()
    for path in inside[len(inside) // 2 :]:
        path.rename(second / path.name)
    return True


def _two_downloads(tree: Path, _: random.Random) -> bool:
    """Half of the files of every folder below one folder, half below another, in the same layout."""
    first = tree.rename(tree.with_name("moved"))
    files = sorted(path for path in first.rglob("*") if path.is_file() and any_file(path))
    for number, path in enumerate(files):
        target = tree / ("part1", "part2")[2 * number >= len(files)] / path.relative_to(first)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    shutil.rmtree(first)
    return True


def _folder(change: Callable[[Path, random.Random], object]) -> Callable[[Path, random.Random], bool]:
    """Change a folder with files."""

    def apply(tree: Path, rng: random.Random) -> bool:
        return change(_deepest(tree, rng), rng) is not False

    return apply


def _renamed(new: Callable[[str], str]) -> Callable[[Path, random.Random], bool]:
    def change(folder: Path, _: random.Random) -> bool:
        target = folder.with_name(new(folder.name))
        if target.exists():
            return False
        folder.rename(target)
        return True

    return _folder(change)


def _copied(new: Callable[[str], str]) -> Callable[[Path, random.Random], bool]:
    return _folder(lambda folder, _: shutil.copytree(folder, folder.with_name(new(folder.name))))


def _emptied(folder: Path, _: random.Random) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _flattened(folder: Path, _: random.Random) -> bool:
    """The files of a folder one level up."""
    moved = [path.rename(folder.parent / path.name) for path in sorted(folder.iterdir()) if path.is_file()]
    return bool(moved)


def _linked_elsewhere(folder: Path, _: random.Random) -> bool:
    """A folder on another drive, with a link to it."""
    tree = next(one for one in folder.parents if one.name == "tree")
    store = folder.rename(tree.with_name("drive"))
    folder.symlink_to(store)
    return True


def _link_around(folder: Path, _: random.Random) -> None:
    (folder / "again").symlink_to(folder.parent)


def _beside(tree: Path, rng: random.Random) -> bool:
    """Another publisher's data in the same downloads folder."""
    _nested("downloads", "this")(tree, rng)
    other = rng.choice(_OTHERS)
    import_module(f"raw_trees.{other}").write(tree / "downloads" / f"other {other}")
    return True


def _within(tree: Path, rng: random.Random) -> bool:
    """Another publisher's data unpacked into the folder."""
    import_module(f"raw_trees.{rng.choice(_OTHERS)}").write(tree)
    return True


def _twice(tree: Path, _: random.Random) -> bool:
    """The whole download twice, one below the other."""
    shutil.copytree(tree, tree.with_name("moved"))
    tree.with_name("moved").rename(tree / "backup")
    return True


def _side_by_side(tree: Path, rng: random.Random) -> bool:
    """The whole download twice, side by side."""
    _nested("first")(tree, rng)
    shutil.copytree(tree / "first", tree / "second")
    return True


def _side_by_side_cut(tree: Path, rng: random.Random) -> bool:
    """The first download was interrupted, the second is whole."""
    _side_by_side(tree, rng)
    files = sorted(path for path in (tree / "first").rglob("*") if path.is_file() and any_file(path))
    for path in files[len(files) // 2 :]:
        path.unlink()
    return True


def _leftovers(tree: Path, _: random.Random) -> bool:
    """What computers leave in folders."""
    for folder in sorted({path.parent for path in tree.rglob("*") if path.is_file()}):
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".~lock.meta.csv#", "._icon"):
            (folder / name).write_bytes(b"\0\1\2")
    return True


def _appledouble(tree: Path, _: random.Random) -> bool:
    for path in sorted(tree.rglob("*")):
        if path.is_file() and any_file(path):
            path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07")
    return True


def _macosx(tree: Path, _: random.Random) -> bool:
    shutil.copytree(tree, tree.with_name("moved"))
    tree.with_name("moved").rename(tree / "__MACOSX")
    return True


def _notes(tree: Path, _: random.Random) -> bool:
    for folder in sorted({path.parent for path in tree.rglob("*") if path.is_file()}):
        (folder / "README.txt").write_text("downloaded on Monday\n")
        (folder / "list.csv").write_text("name,size\na,1\n")
    return True


def _archives(tree: Path, _: random.Random) -> bool:
    for path in sorted(tree.iterdir()):
        path.with_name(f"{path.name}.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    return True


def _kind(name: str, change: Callable[[Path, random.Random], bool], right: Right = "said") -> Mutation:
    return Mutation(f"folder {name}", change, any_file, right, whole_tree=True)


FOLDERS = [
    _kind("one level deeper", _nested("downloaded"), "same"),
    _kind("two levels deeper", _nested("data", "v1"), "same"),
    _kind("five levels deeper", _nested("a", "b", "c", "d", "e")),
    _kind("below an odd name", _nested("Daten [neu] (1) ü {x} $HOME 'a' *"), "same"),
    _kind("below a hidden folder", _nested(".cache")),
    _kind("in two halves", _halves),
    _kind("in two downloads", _two_downloads),
    _kind("beside another publisher's", _beside),
    _kind("with another publisher's in it", _within),
    _kind("in a copy below", _twice),
    _kind("in a copy beside", _side_by_side),
    _kind("in a cut copy beside", _side_by_side_cut),
    _kind("with leftovers of computers", _leftovers, "same"),
    _kind("with AppleDouble files", _appledouble, "same"),
    _kind("with __MACOSX", _macosx, "same"),
    _kind("with notes", _notes),
    _kind("with its archives", _archives, "same"),
    _kind("lost", _folder(lambda folder, _: shutil.rmtree(folder))),
    _kind("emptied", _folder(_emptied)),
    _kind("flattened", _folder(_flattened)),
    _kind("linked from another drive", _folder(_linked_elsewhere)),
    _kind("with a link around", _folder(_link_around)),
    _kind("in capitals", _renamed(str.upper)),
    _kind("in small letters", _renamed(str.lower)),
    _kind("renamed", _renamed(lambda name: f"old {name}")),
    _kind("renamed (1)", _renamed(lambda name: f"{name} (1)")),
    _kind("with a blank behind its name", _renamed(lambda name: f"{name} ")),
    _kind("copied (1)", _copied(lambda name: f"{name} (1)")),
    _kind("copied as backup", _copied(lambda name: f"backup of {name}")),
    _kind("copied _old", _copied(lambda name: f"{name}_old")),
    _kind("copied in capitals", _copied(str.upper)),
    _kind("copied as another subject", _copied(lambda name: name[:-1] + "9")),
]
