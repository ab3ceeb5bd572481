"""Which folders of a download are read, and what is said of the others."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from checked import CHECKED
from raw_trees import acdc, kvasir_seg, tls01

from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.errors import CosmosError, LayoutError
from cosmos_datasets.finding import Finding
from cosmos_datasets.listing import Listing
from cosmos_datasets.pairing import below, named, pairs
from cosmos_datasets.readers import Picture
from cosmos_datasets.registry import get_source
from cosmos_datasets.source import Label, Source

_ALL_READ = "several folders look like this source and all are read; move away what is not the publisher's"


def _find_cases(root: Path) -> Iterator[Case]:
    images, masks = (named(below(root / kind), r"(\w+)\.png") for kind in ("images", "masks"))
    for name, image, mask in pairs(images, masks):
        release = "v2" if name.startswith("two") else ""
        label = Annotation(Picture(mask), label="polyp")
        yield Case(name.removeprefix("two_"), name, "Colonoscopy", Picture(image), (label,), release=release)


SOURCE = Source(
    id="phantom",
    title="The Phantom Challenge",
    homepage="https://example.org",
    licence="CC0-1.0",
    redistributable="yes",
    access="open",
    obtain="Draw it.",
    modalities=("Colonoscopy",),
    labels=(Label("polyp", "polyp"),),
    layout="images/1.png",
    citation="",
    expected={},
    find_cases=_find_cases,
    markers=("masks",),
)


def _write(folder: Path, *names: str) -> None:
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / kind / f"{name}.png").touch()


def _ids(listing: Listing) -> list[str]:
    return [case.case_id for case in listing.cases]


def _of(listing: Listing, level: str) -> list[tuple[str, str]]:
    return [(one.what, one.where) for one in listing.findings if one.level == level]


# Several folders.


def test_parts_that_lie_side_by_side_are_all_read_and_named(tmp_path: Path) -> None:
    _write(tmp_path / "part_1", "a", "c")
    _write(tmp_path / "more" / "part_2", "b")
    listing = SOURCE.listing(tmp_path)
    assert _ids(listing) == ["a", "b", "c"]
    assert listing.root == tmp_path == SOURCE.root(tmp_path)
    assert _of(listing, "warning") == [(_ALL_READ, "part_1"), (_ALL_READ, "more/part_2")]


def test_a_part_inside_of_another_is_read_too(tmp_path: Path) -> None:
    _write(tmp_path, "a")
    _write(tmp_path / "more", "b")
    assert _ids(SOURCE.listing(tmp_path)) == ["a", "b"]


def test_a_second_copy_is_named_and_not_read(tmp_path: Path) -> None:
    _write(tmp_path / "one", "a", "b")
    _write(tmp_path / "two", "a", "b")
    listing = SOURCE.listing(tmp_path)
    assert {case.image.files[0].parents[1].name for case in listing.cases} == {"one"}
    ((what, where),) = _of(listing, "warning")
    assert "second copy" in what
    assert where == "two"
    assert listing.root == tmp_path / "one"


def test_another_release_is_named_and_not_read(tmp_path: Path) -> None:
    _write(tmp_path / "one", "a", "b")
    _write(tmp_path / "two", "two_a", "two_b", "two_c")
    listing = SOURCE.listing(tmp_path)
    assert [case.subject_id for case in listing.cases] == ["a", "b"]
    ((what, _),) = _of(listing, "warning")
    assert "another release" in what


def test_folders_that_hold_one_case_differently_are_refused_by_name(tmp_path: Path) -> None:
    _write(tmp_path / "one", "a", "b")
    _write(tmp_path / "two", "a", "c")
    with pytest.raises(LayoutError, match=r"two files claim case a under .*one/images/a\.png and .*two/images/a\.png"):
        SOURCE.listing(tmp_path)


def test_a_folder_that_only_looks_alike_is_named(tmp_path: Path) -> None:
    _write(tmp_path / "ours", "a")
    (tmp_path / "theirs" / "masks").mkdir(parents=True)
    listing = SOURCE.listing(tmp_path)
    assert _ids(listing) == ["a"]
    assert _of(listing, "note") == [("a folder looks like this source and holds no case of it", "theirs")]


def test_a_folder_whose_list_is_damaged_is_named_with_the_reason(tmp_path: Path) -> None:
    def find_cases(root: Path) -> Iterator[Case]:
        if (root / "list.txt").exists():
            raise LayoutError(f"{root / 'list.txt'} is a web page.")
        yield from _find_cases(root)

    _write(tmp_path / "a", "a")
    _write(tmp_path / "b", "b")
    (tmp_path / "b" / "list.txt").touch()
    listing = dataclasses.replace(SOURCE, find_cases=find_cases).listing(tmp_path)
    ((what, where),) = _of(listing, "warning")
    assert what.endswith("and is not read")
    assert where.startswith("b: ")
    assert where.endswith("list.txt is a web page.")


def test_markers_are_found_in_any_case(tmp_path: Path) -> None:
    _write(tmp_path, "a")
    (tmp_path / "masks").rename(tmp_path / "Masks")
    with pytest.raises(LayoutError, match="no image with a label"):
        SOURCE.listing(tmp_path)


def test_the_two_halves_of_a_real_layout(tmp_path: Path) -> None:
    acdc.write(tmp_path)
    source = get_source("acdc")
    before = {case.case_id: case.split for case in source.cases(tmp_path)}
    for part in ("training", "testing"):
        folder = next(tmp_path.rglob(part))
        shutil.move(folder, tmp_path / f"ACDC_{part}")
    found = {case.case_id: case.split for case in source.cases(tmp_path)}
    assert found == before
    assert set(found.values()) == {"train", "test"}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("downloads")
    for source_id in CHECKED:
        import_module(f"raw_trees.{source_id}").write(folder / f"of {source_id}")
    return folder


@pytest.mark.parametrize("source_id", CHECKED)
def test_no_source_takes_a_case_of_another(source_id: str, everything: Path) -> None:
    """The downloads of all publishers lie side by side, and the folder around them is named."""
    source = get_source(source_id)
    own = everything / f"of {source_id}"
    if source.only_named:
        with pytest.raises(LayoutError, match="name the folder itself"):
            source.listing(everything)
        return
    listing = source.listing(everything)
    taken = {case.case_id for case in listing.cases if not all(map(own.__eq__, map(_home(everything), case.files)))}
    if source_id == "endotect20":  # the same pictures under the names of another set, which is said
        assert any("another set's" in one.what for one in listing.findings)
        assert all(case_id.startswith("c") for case_id in taken)
        return
    assert not taken
    assert {case.case_id for case in source.cases(own)} == {case.case_id for case in listing.cases}


def _home(folder: Path) -> object:
    return lambda path: folder / path.relative_to(folder).parts[0]


# Folders that are meant and named.


def test_without_telling_names_the_named_folder_or_the_one_in_it_is_taken(tmp_path: Path) -> None:
    tls01.write(tmp_path)
    source = get_source("tls01")
    for raw, where in ((tmp_path, "tls01"), (tmp_path / "tls01", "the folder that was named")):
        notes = [one.where for one in source.listing(raw).findings if "no layout is published" in one.what]
        assert notes == [where]
    (tmp_path / "tls01").rename(tmp_path / "lesions")
    assert source.root(tmp_path) == tmp_path / "lesions"


@pytest.mark.parametrize("deeper", [False, True])
def test_another_publishers_folder_is_not_taken(deeper: bool, tmp_path: Path) -> None:
    raw = tmp_path / "downloads"
    kvasir_seg.write(raw / "polyps" if deeper else raw)
    (raw / "other").mkdir()
    with pytest.raises(LayoutError, match="does not look like"):
        get_source("tls01").listing(raw)
    kvasir_seg.write(tmp_path / "kvasir_seg" / "kvasir_seg")
    with pytest.raises(LayoutError, match="does not look like"):
        get_source("tls01").listing(tmp_path / "kvasir_seg")


def test_of_several_folders_the_one_called_as_the_source_is_taken(tmp_path: Path) -> None:
    tls01.write(tmp_path)
    kvasir_seg.write(tmp_path)
    assert get_source("tls01").root(tmp_path) == tmp_path / "tls01"


# Odd names and odd files.


def test_a_name_that_is_no_plain_one_leaves_its_case_out(tmp_path: Path) -> None:
    _write(tmp_path, "a", "größe")
    listing = SOURCE.listing(tmp_path)
    assert _ids(listing) == ["a"]
    ((what, where),) = _of(listing, "error")
    assert "plain letters" in what
    assert where == "'gr\\xf6\\xdfe'"


def test_bytes_that_are_no_text_and_escape_sequences_do_no_harm(tmp_path: Path) -> None:
    _write(tmp_path, "a")
    odd = os.fsdecode(b"m\xffsk.png")
    for name in (odd, "\x1b[31mred.png"):
        (tmp_path / "masks" / name).touch()
    source = dataclasses.replace(SOURCE, find_cases=lambda root: [*_find_cases(root), Finding("note", "odd", odd)])
    listing = source.listing(tmp_path)
    assert _ids(listing) == ["a"]
    assert ("odd", "m\\udcffsk.png") in _of(listing, "note")


def test_links_in_a_circle_pipes_and_forbidden_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, "a")
    (tmp_path / "images" / "self.png").symlink_to("self.png")
    (tmp_path / "images" / "up").symlink_to(tmp_path / "images")
    os.mkfifo(tmp_path / "images" / "pipe.png")
    (tmp_path / "images" / "locked").mkdir()
    scandir = os.scandir

    def refusing(folder: str | Path) -> object:
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    listing = SOURCE.listing(tmp_path)
    assert _ids(listing) == ["a"]
    assert set(_of(listing, "warning")) == {
        ("a pipe or a device lies among the files; it is not read", "images/pipe.png"),
        ("a folder cannot be read (Permission denied); nothing of it is used", "images/locked"),
    }


@pytest.mark.parametrize("changes", [{"modality": "CT"}, {"split": "evil"}, {"case_id": 7}, None])
def test_what_a_package_lists_must_be_what_it_declares(tmp_path: Path, changes: dict[str, object] | None) -> None:
    _write(tmp_path, "a")

    def find_cases(root: Path) -> Iterator[Case]:
        for case in _find_cases(root):
            yield "no case" if changes is None else dataclasses.replace(case, **changes)  # type: ignore[arg-type,misc]

    with pytest.raises(CosmosError, match="phantom: its package lists"):
        dataclasses.replace(SOURCE, find_cases=find_cases).listing(tmp_path)


def test_an_emptied_folder_and_one_that_holds_only_leftovers_are_named(tmp_path: Path) -> None:
    _write(tmp_path, "a")
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    (tmp_path / "emptied").mkdir()
    (tmp_path / "emptied" / ".DS_Store").touch()
    what = "a folder is empty; are its files lost?"
    assert _of(SOURCE.listing(tmp_path), "note") == [(what, "emptied"), (what, "empty/inner")]
