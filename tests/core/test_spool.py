import os
from collections import Counter
from pathlib import Path

import pytest
from trees import temporaries

from cosmos_datasets.build import spool
from cosmos_datasets.build.digest import row_digest
from cosmos_datasets.build.files import atomic
from cosmos_datasets.build.spool import read_spool, spool_path, spool_study
from cosmos_datasets.case import Case
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.registry import get_source
from cosmos_datasets.standardise import standardise

_DRIVE = get_source("drive")


def _case(raw: Path, case_id: str) -> Case:
    return next(case for case in _DRIVE.cases(raw / "drive") if case.case_id == case_id)


def test_rows_come_back_as_they_were_with_counts_and_digests(raw: Path, tmp_path: Path) -> None:
    case = _case(raw, "21_training")
    done = spool_study(_DRIVE, [case], Intensity(), raw, tmp_path)
    assert [(one.case_id, one.images, one.masks, one.error) for one in done] == [("21_training", 1, 1, "")]
    rows, notes = read_spool(spool_path(tmp_path, case, raw))
    expected = standardise(_DRIVE, case)
    assert rows == expected.rows
    assert notes.digests == [row_digest(row) for row in rows]
    assert Counter(notes.dropped) == expected.dropped


def test_a_case_without_a_row_is_laid_aside_with_its_counts(raw: Path, tmp_path: Path) -> None:
    case = _case(raw, "24_training")
    (done,) = spool_study(_DRIVE, [case], Intensity(), raw, tmp_path)
    assert (done.images, done.masks, done.error) == (0, 0, "")
    rows, notes = read_spool(spool_path(tmp_path, case, raw))
    assert rows == []
    assert notes.dropped == {"mask of 50 pixels or fewer": 1, "image without a mask": 1}


def test_a_finished_case_is_not_decoded_again(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = _case(raw, "21_training")
    first = spool_study(_DRIVE, [case], Intensity(), raw, tmp_path)
    monkeypatch.setattr(spool, "standardise", lambda *_: pytest.fail("decoded again"))
    assert spool_study(_DRIVE, [case], Intensity(), raw, tmp_path) == first


def test_a_broken_case_leaves_its_reason_and_no_file(raw: Path, tmp_path: Path) -> None:
    case = _case(raw, "21_training")
    broken = tmp_path / "21_training.tif"
    broken.write_bytes(case.image.files[0].read_bytes()[:100])
    case = Case("21_training", "s", "Fundus", type(case.image)(broken), case.annotations)  # type: ignore[call-arg]
    (done,) = spool_study(_DRIVE, [case], Intensity(), raw, tmp_path / "spool")
    assert done.images == 0
    assert "drive/21_training" in done.error
    assert broken.name in done.error
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_edited_file_gets_another_place(raw: Path, tmp_path: Path) -> None:
    case = _case(raw, "21_training")
    before = spool_path(tmp_path, case, raw)
    state = case.image.files[0].stat()
    try:
        os.utime(case.image.files[0], ns=(state.st_atime_ns, state.st_mtime_ns + 1))
        assert spool_path(tmp_path, case, raw) != before
    finally:
        os.utime(case.image.files[0], ns=(state.st_atime_ns, state.st_mtime_ns))
    assert spool_path(tmp_path, case, raw) == before


def test_atomic_keeps_the_old_file_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "file"
    with atomic(path) as temporary:
        temporary.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert temporaries(tmp_path) == []
