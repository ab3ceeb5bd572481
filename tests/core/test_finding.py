import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.finding import Finding, below, grouped, ungrouped


def test_findings_are_grouped_by_level_and_words_each_place_once() -> None:
    rare, often = Finding("note", "rare", "c"), [Finding("note", "often", place) for place in ("b", "a", "b")]
    error = Finding("error", "broken", "d")
    found = grouped([rare, *often, error])
    assert list(found) == ["error", "note"]
    assert list(found["note"].items()) == [("often", ["b", "a"]), ("rare", ["c"])]
    assert grouped(ungrouped(found)) == found
    assert grouped([]) == {}


def test_files_are_named_below_the_raw_folder(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "raw")
    for folder in ("raw", "link"):
        text = f"{tmp_path / folder}/a/b.nii: odd, {tmp_path / 'raw'}/c.nii too"
        assert below(tmp_path / "link", text) == ("a/b.nii: odd, c.nii too")


_FOLDER = 'O\'Neil, "Jane":  the\nfirst \x1b[1m\udcff'


@pytest.mark.parametrize("root", [Path("/home") / _FOLDER / "raw", Path(_FOLDER) / "raw", Path(f"../{_FOLDER}")])
def test_no_way_of_writing_the_folder_gives_it_away(root: Path) -> None:
    path = root / "a" / "b.nii"
    error = FileNotFoundError(2, "No such file", os.fspath(path))
    for text in (
        f"{path}: odd",
        f"'{path}' is odd",
        f"{error}",
        ascii(os.fspath(path)),
        " ".join(f"{path}: odd".split()),
    ):
        found = below(root, text)
        assert "a/b.nii" in found
        assert not any(part in found for part in ("Neil", "Jane", "first", "[1m", "raw"))


@given(st.integers(0, 200))
def test_a_name_that_was_cut_off_gives_nothing_away(length: int) -> None:
    root = Path("/home/jane_doe/of the second ward/raw")
    found = below(root, f"it cannot be read ({f'{root}/a/b.nii: odd'[:length]}); fetch it again")
    assert not any(part in found for part in ("home", "jane", "doe", "second", "ward", "raw"))
    assert found.endswith("); fetch it again")


def test_other_words_stay() -> None:
    text = "a/home/b, https://x.org/home/c, and/or 3 mm/s; see ./home/d"
    assert below(Path("/home/jane"), text) == text
    assert below(Path("home"), "my-home/a, home/b") == "my-home/a, b"
    assert below(Path(), "a/b.nii") == "a/b.nii"
