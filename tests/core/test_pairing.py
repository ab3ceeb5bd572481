"""Files by their official names, and images paired with their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.finding import Finding
from cosmos_datasets.noticing import notice, noticing
from cosmos_datasets.pairing import below, inside, merged, named, pairs

_VOLUME = r"(s\d+)\.nii(?:\.gz)?"
_KEYS = st.sets(st.from_regex(r"[a-z]{1,3}\d{1,4}", fullmatch=True), max_size=8)


def _touch(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [folder / name for name in names]


def _files(folder: str, keys: Iterable[str], name: str) -> dict[str, Path]:
    return {key: Path(folder) / name.format(key) for key in sorted(keys)}


def test_below_lists_files_at_any_depth_in_order(tmp_path: Path) -> None:
    made = _touch(tmp_path, "a/b/c/2.nii", "a/1.nii", "b.nii", "a/notes.txt")
    assert list(below(tmp_path)) == sorted(made)
    assert list(below(tmp_path, "*.nii")) == [tmp_path / name for name in ("a/1.nii", "a/b/c/2.nii", "b.nii")]


def test_below_leaves_out_what_archives_leave(tmp_path: Path) -> None:
    (wanted,) = _touch(tmp_path, "a/1.nii")
    _touch(tmp_path, "a/._1.nii", ".DS_Store", "__MACOSX/a/1.nii", ".Trash/1.nii")
    assert list(below(tmp_path)) == [wanted]


def test_below_follows_links_and_survives_one_to_a_parent(tmp_path: Path) -> None:
    _touch(tmp_path, "elsewhere/1.nii")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "linked").symlink_to(tmp_path / "elsewhere")
    assert list(below(tmp_path / "raw")) == [tmp_path / "raw" / "linked" / "1.nii"]
    (tmp_path / "elsewhere" / "up").symlink_to(tmp_path / "elsewhere")
    assert {path.name for path in below(tmp_path / "raw")} == {"1.nii"}


def test_the_key_is_the_first_group_of_a_whole_file_name(tmp_path: Path) -> None:
    files = _touch(tmp_path, "s02.nii.gz", "s01.nii", "s03.nii.gz.part", "xs04.nii", "s05_seg.nii", "s06.nii~")
    assert named(files, _VOLUME) == {"s01": tmp_path / "s01.nii", "s02": tmp_path / "s02.nii.gz"}


def test_leftovers_are_no_files_of_the_source(tmp_path: Path) -> None:
    assert named(_touch(tmp_path, "._s01.nii", ".DS_Store", ".s01.nii", "Thumbs.db"), r"(\w+)\.nii") == {}


def test_names_in_any_case_give_keys_as_the_pattern_spells_them(tmp_path: Path) -> None:
    assert named(_touch(tmp_path, "S01.NII.GZ", "s02.Nii"), _VOLUME).keys() == {"s01", "s02"}
    files = _touch(tmp_path, "TESTA_1.BMP", "mcucxr_0001_0.png", "cju0QK.jpg")
    assert named(files, r"((?:train|testA|testB)_\d+)\.bmp").keys() == {"testA_1"}
    assert named(files, r"(MCUCXR_\d{4}_[01])\.png").keys() == {"MCUCXR_0001_0"}
    assert named(files, r"(c(?!k)[a-z0-9]{5})\.jpg").keys() == {"cju0QK"}


def test_a_pattern_with_a_slash_is_of_the_folder_too(tmp_path: Path) -> None:
    files = _touch(tmp_path, "a/case_1/mask.nii", "case_2/mask.nii.gz", "case/mask.nii", "case_3/other.nii")
    assert named(files, r"(case_\d)/mask\.nii(?:\.gz)?") == {"case_1": files[0], "case_2": files[1]}


def test_files_by_their_folder_in_any_case(tmp_path: Path) -> None:
    files = _touch(tmp_path, "labelsTr/a.nii", "LABELSTR/b.nii", "labelsTr/a/c.nii", "mylabelsTr/d.nii")
    assert inside(files, "labelsTr") == files[:2]
    assert inside(files, "*labelsTr", "a") == files


def test_of_two_files_with_one_key_the_first_path_counts_in_whatever_order_they_come(tmp_path: Path) -> None:
    files = _touch(tmp_path, "b/s01.nii", "a/s01.nii.gz", "a/s02.nii", "a/s01.nii")
    for some in (files, files[::-1], iter(files)):
        found = named(some, _VOLUME)
        assert list(found.items()) == [("s01", tmp_path / "a/s01.nii"), ("s02", tmp_path / "a/s02.nii")]


def test_a_folder_with_the_name_of_its_file_is_no_file(tmp_path: Path) -> None:
    (inner,) = _touch(tmp_path, "s01.nii/s01.nii")
    assert named([inner.parent, inner], _VOLUME) == {"s01": inner}


@given(images=_KEYS, labels=_KEYS, every_image=st.booleans())
def test_pairs_name_the_files_that_are_there_or_where_they_should_be(
    images: set[str], labels: set[str], every_image: bool
) -> None:
    first, second = _files("images", images, "{}.png"), _files("masks", labels, "{}_mask.gif")
    found = list(pairs(first, second, every_image=every_image))
    wanted = labels | images if every_image else labels
    assert [key for key, _, _ in found] == (sorted(wanted) if images and labels else [])
    for key, image, label in found:
        assert image == Path("images") / f"{key}.png"
        assert label == Path("masks") / f"{key}_mask.gif"


@given(images=_KEYS, labels=_KEYS)
def test_a_folder_that_is_named_after_the_case_is_told_too(images: set[str], labels: set[str]) -> None:
    first, second = (
        {key: Path("raw", key, f"{key}_{end}") for key in keys} for keys, end in ((images, 1), (labels, 2))
    )
    for key, image, label in pairs(first, second, every_image=True):
        assert (image, label) == (Path("raw", key, f"{key}_1"), Path("raw", key, f"{key}_2"))


def test_files_that_are_there_are_taken_as_they_are() -> None:
    images = {"s1": Path("a/s1.nii"), "s2": Path("b/s2.nii.gz")}
    labels = {"s1": Path("c/s1.nii.gz"), "s2": Path("d/s2.nii")}
    assert list(pairs(images, labels)) == [(key, images[key], labels[key]) for key in ("s1", "s2")]


@pytest.mark.parametrize("every_image", [False, True])
def test_without_any_image_or_any_label_there_is_nothing(every_image: bool) -> None:
    some = _files("images", {"s1"}, "{}.png")
    assert not list(pairs({}, some, every_image=every_image))
    assert not list(pairs(some, {}, every_image=every_image))


# What is noticed.


def _findings(call: Callable[[], object]) -> list[Finding]:
    with noticing() as noticed:
        call()
    return noticed.findings


def _noticed(call: Callable[[], object]) -> list[tuple[str, str]]:
    return [(one.what, one.where) for one in _findings(call)]


@pytest.mark.parametrize(
    "copy",
    [
        *("s1 (1).nii.gz", "s1(2).nii.gz", "s1.nii (1).gz", "s1 - Copy.nii.gz", "s1.nii - Copy (2).gz"),
        *("Copy of s1.nii.gz", "Copy (2) of s1.nii.gz", "s1 copy.nii.gz", "s1 copy 3.nii.gz", "s1 (copy).nii.gz"),
        *("s1 (another copy).nii.gz", "s1 (3rd copy).nii.gz", "s1 - Kopie.nii.gz", "s1 - Copie (1).nii.gz"),
    ],
)
def test_a_copy_beside_its_file_is_named_and_not_listed(copy: str, tmp_path: Path) -> None:
    original, second = _touch(tmp_path, "s1.nii.gz", copy)
    what = "a copy of a file lies beside it; the file is read and the copy is not"
    for call in (lambda: list(below(tmp_path)), lambda: list(named(tmp_path.glob("*"), r"(.+)\.gz").values())):
        assert call() == [original]
        assert _noticed(call) == [(what, str(second))]
    original.unlink()
    assert list(below(tmp_path)) == [second], "nothing lies beside it"


def test_official_names_are_no_copies(tmp_path: Path) -> None:
    names = ["1.2.840.113.dcm", "a (b).png", "copy.png", "i0042,0000b.dcm", "patient 1.png", "s01_copy_number.csv"]
    made = _touch(tmp_path, *names)
    assert _noticed(lambda: list(below(tmp_path))) == []
    assert list(below(tmp_path)) == sorted(made)


def test_the_second_of_two_files_for_one_key_is_named(tmp_path: Path) -> None:
    files = _touch(tmp_path, "s1.nii", "s1.nii.gz", "b/s1.nii", "s2.nii")
    assert _noticed(lambda: named(files, _VOLUME)) == [
        ("two files stand for one; the first is read and the other is not", f"{tmp_path / 'b/s1.nii'}, not {path}")
        for path in files[:2]
    ]
    assert _noticed(lambda: merged({"a": files[0]}, {"a": files[0], "b": files[1]})) == []


def test_labels_without_any_image_and_images_without_any_label_are_named() -> None:
    some = _files("images", {"s1", "s2"}, "{}.png")
    label = "a label is there and its image is not; it is not used"
    image = "an image is there and its label is not; it is not used"
    assert _noticed(lambda: list(pairs({}, some))) == [(label, f"images/s{number}.png") for number in (1, 2)]
    notes = [(one.level, one.where) for one in _findings(lambda: list(pairs(some, {"s1": Path("labels/s1.png")})))]
    assert notes == [("note", "images/s2.png")]
    assert _noticed(lambda: list(pairs(some, {}, every_image=True))) == [(image, f"images/s{n}.png") for n in (1, 2)]


def test_nothing_is_kept_of_what_is_noticed_outside() -> None:
    notice("warning", "odd")
    with noticing() as outer:
        with noticing() as inner:
            notice("note", "inner")
        notice("note", "outer", Path("a"))
    assert [one.what for one in inner.findings] == ["inner"]
    assert [(one.what, one.where) for one in outer.findings] == [("outer", "a")]


def test_links_to_nothing_are_files_whose_content_is_missing(tmp_path: Path) -> None:
    (tmp_path / "s1.nii.gz").symlink_to(tmp_path / "annex" / "objects" / "x")
    assert named(below(tmp_path), _VOLUME) == {"s1": tmp_path / "s1.nii.gz"}
