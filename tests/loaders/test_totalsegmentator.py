import re
import subprocess
import sys
from pathlib import Path

import pytest
from raw_trees import totalsegmentator

from cosmos_datasets.build.run import build
from cosmos_datasets.errors import CaseError, LayoutError
from cosmos_datasets.loaders.totalsegmentator import SOURCE
from cosmos_datasets.standardise import standardise

_SHARED = Path(__file__).parents[2].parent / "shared"
_REAL = _SHARED / "real" / "totalsegmentator"
_TOP = {"v1": "Totalsegmentator_dataset", "v2": "Totalsegmentator_dataset_v201"}


def test_releases_have_104_and_117_classes() -> None:
    for release, count in (("v1", 104), ("v2", 117)):
        assert sum(label.release in {release, ""} for label in SOURCE.labels) == count


@pytest.mark.parametrize("release", ["v1", "v2"])
def test_release_is_told_from_the_files_and_ids_are_the_same(tmp_path: Path, release: str) -> None:
    totalsegmentator.write(tmp_path, release=release)
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == ["s0000", "s0001", "s0011", "s1429"]
    assert {case.release for case in cases} == {release}


def test_releases_are_downloaded_side_by_side_and_v1_is_built(tmp_path: Path) -> None:
    for release in ("v1", "v2"):
        totalsegmentator.write(tmp_path, release=release)
    assert SOURCE.downloads[1].into == _TOP["v2"]
    assert {case.release for case in SOURCE.cases(tmp_path)} == {"v1"}
    assert {case.release for case in SOURCE.cases(tmp_path / _TOP["v2"])} == {"v2"}


def test_archive_of_v2_unpacked_flat(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path)
    expected = [(case.case_id, case.split) for case in SOURCE.cases(tmp_path)]
    for path in sorted((tmp_path / _TOP["v2"]).iterdir()):
        path.rename(tmp_path / path.name)
    assert [(case.case_id, case.split) for case in SOURCE.cases(tmp_path)] == expected


def test_splits_come_from_meta_and_are_unknown_without_it(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path)
    assert [case.split for case in SOURCE.cases(tmp_path)] == ["train", "validation", "test", "train"]
    (tmp_path / _TOP["v2"] / "meta.csv").unlink()
    listing = SOURCE.listing(tmp_path)
    assert {case.split for case in listing.cases} == {"train"}
    assert [one.what for one in listing.findings if one.level == "warning"] == [
        "meta.csv not found: the official splits are unknown, and every case is in the split train"
    ]


def test_a_subject_that_meta_does_not_name_is_left_out_by_name(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path)
    meta = tmp_path / _TOP["v2"] / "meta.csv"
    meta.write_text("".join(line for line in meta.open(newline="") if "s0011" not in line), newline="")
    report = build(SOURCE, tmp_path, tmp_path / "out")
    assert report.broken == {"s0011": "totalsegmentator/s0011: meta.csv: no split is stated for s0011."}
    assert set(report.splits) == {"train", "validation"}


def test_a_table_saved_again_gives_the_same_splits_and_an_edit_is_noticed(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    totalsegmentator.write(raw)
    before = build(SOURCE, raw, out).splits
    meta = raw / _TOP["v2"] / "meta.csv"
    text = meta.read_text()
    meta.write_bytes(text.replace(";", ",").encode("utf-16"))
    assert build(SOURCE, raw, out).splits == before
    meta.write_text(text.replace("val", "was").replace("test", "val").replace("was", "test"))
    after = build(SOURCE, raw, out)
    assert not after.up_to_date
    assert (after.splits["test"], after.splits["validation"]) == (before["validation"], before["test"])


def test_listing_decodes_nothing(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path)
    expected = SOURCE.cases(tmp_path)
    for file in tmp_path.rglob("*.nii.gz"):
        file.write_bytes(b"not a volume")
    assert SOURCE.cases(tmp_path) == expected


def test_partial_subject_keeps_its_id_and_may_lack_a_release(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path)
    for mask in (tmp_path / _TOP["v2"] / "s0001" / "segmentations").glob("[!l]*"):
        mask.unlink()
    case = SOURCE.cases(tmp_path)[1]
    assert (case.case_id, case.release, [one.label for one in case.annotations]) == ("s0001", "", ["liver"])


def test_unknown_class_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path)
    folder = tmp_path / _TOP["v2"] / "s0011" / "segmentations"
    for harmless in ("statistics.json", "preview_total.png", ".liver.nii.gz", "multilabel.nii.gz"):
        (folder / harmless).touch()
    assert len(SOURCE.cases(tmp_path)) == 4
    (folder / "lymph_nodes.nii.gz").touch()
    with pytest.raises(LayoutError, match=r"s0011.segmentations: lymph_nodes is no class"):
        SOURCE.cases(tmp_path)


def test_mixed_releases_are_an_error(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path)
    (tmp_path / _TOP["v2"] / "s0000" / "segmentations" / "face.nii.gz").touch()
    with pytest.raises(LayoutError, match=r"s0000.segmentations mixes releases: face is of v1 and \w+ is of v2"):
        SOURCE.cases(tmp_path)


@pytest.mark.parametrize("lost", ["ct.nii.gz", "segmentations"])
def test_half_a_subject_is_listed_and_fails_alone(tmp_path: Path, lost: str) -> None:
    totalsegmentator.write(tmp_path)
    before = SOURCE.cases(tmp_path)
    (tmp_path / _TOP["v2"] / "s0001" / lost).rename(tmp_path / "elsewhere")
    cases = SOURCE.cases(tmp_path)
    assert [case.case_id for case in cases] == [case.case_id for case in before]
    assert [case for case in cases if case.case_id != "s0001"] == [case for case in before if case.case_id != "s0001"]
    with pytest.raises(CaseError, match=rf"s0001/{re.escape(lost)}: no such file; is the download complete"):
        standardise(SOURCE, cases[1])


def test_damaged_ct_of_v1_is_left_out(tmp_path: Path) -> None:
    totalsegmentator.write(tmp_path, release="v1")
    top = tmp_path / _TOP["v1"]
    (top / "s0011").rename(top / "s0864")
    meta = top / "meta.csv"
    meta.write_text(meta.read_text().replace("s0011", "s0864"))
    whole = (top / "s0864" / "ct.nii.gz").read_bytes()
    (top / "s0864" / "ct.nii.gz").write_bytes(whole[:20] + b"\xff" * 1980 + whole[2000:])
    report = build(SOURCE, tmp_path, tmp_path / "out")
    assert report.broken.keys() == {"s0864"}
    assert "s0864/ct.nii.gz: cannot be read" in report.broken["s0864"]
    assert report.cases == 3


def test_real_subject() -> None:
    if not _REAL.is_dir():
        pytest.skip(f"no real data at {_REAL}")
    (case,) = SOURCE.cases(_REAL)
    assert (case.case_id, case.release, case.split, len(case.annotations)) == ("s0001", "v2", "train", 117)


@pytest.mark.parametrize("saved", ["a", "b", "c"])
def test_a_table_saved_again_absent_and_as_published(saved: str, tmp_path: Path) -> None:
    script = _SHARED / "cases" / "19-splits-table-resaved" / "make.py"
    if not script.is_file():
        pytest.skip(f"no such case at {script}")
    subprocess.run([sys.executable, script, tmp_path], check=True)
    listing = SOURCE.listing(tmp_path / saved)
    splits = ["train"] * 3 if saved == "b" else ["train", "validation", "test"]
    assert [case.split for case in listing.cases] == splits
    assert any("official splits are unknown" in one.what for one in listing.findings) == (saved == "b")
