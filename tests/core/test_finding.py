from pathlib import Path

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
