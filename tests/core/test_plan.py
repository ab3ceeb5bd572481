import os
from pathlib import Path

import pytest

from cosmos_datasets.build import plan
from cosmos_datasets.build.plan import plan_shards, raw_fingerprint, source_folder, study_units
from cosmos_datasets.case import Annotation, Case
from cosmos_datasets.readers import Picture
from cosmos_datasets.registry import get_source


def _case(folder: Path, name: str, size: int, *, split: str = "train", label: str = "") -> Case:
    image, mask = folder / f"{name}.png", folder / f"{label or name}_mask.png"
    image.write_bytes(bytes(size))
    mask.write_bytes(b"1")
    return Case(name, name, "CT", Picture(image), (Annotation(Picture(mask), label="liver"),), split=split)  # type: ignore[arg-type]


def test_a_shard_holds_one_modality_and_split_and_is_named_after_them(raw: Path) -> None:
    source = get_source("drive")
    names = [shard.name for shard in plan_shards("drive", source.cases(raw / "drive"))]
    assert names == ["drive/fundus/test-00000-of-00001.parquet", "drive/fundus/train-00000-of-00001.parquet"]


def test_shards_are_filled_up_to_their_size_and_never_split_a_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "RAW_BYTES_PER_SHARD", 100)
    cases = [_case(tmp_path, name, size) for name, size in {"a": 60, "b": 40, "c": 1, "d": 300, "e": 100}.items()]
    shards = plan_shards("x", cases)
    assert [[case.case_id for case in shard.cases] for shard in shards] == [["a", "b"], ["c"], ["d"], ["e"]]
    assert [shard.number for shard in shards] == [0, 1, 2, 3]
    assert {shard.count for shard in shards} == {4}


def test_the_plan_does_not_depend_on_where_the_files_lie(raw: Path, own: Path, tmp_path: Path) -> None:
    source = get_source("msd")
    here = plan_shards("msd", source.cases(raw / "msd"))
    assert len(here) == 7
    there = plan_shards("msd", source.cases(raw))  # a parent of it
    assert [(shard.name, [case.case_id for case in shard.cases]) for shard in here] == [
        (shard.name, [case.case_id for case in shard.cases]) for shard in there
    ]


def test_cases_that_share_a_label_file_are_one_unit(tmp_path: Path) -> None:
    cases = [
        _case(tmp_path, "p1_t1", 1, label="p1"),
        _case(tmp_path, "p2_t1", 1, label="p2"),
        _case(tmp_path, "p1_t2", 1, label="p1"),
    ]
    assert [[case.case_id for case in unit] for unit in study_units(cases)] == [["p1_t1", "p1_t2"], ["p2_t1"]]


def test_the_fingerprint_notices_names_sizes_and_on_request_times(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        (folder / "x").write_bytes(b"123")
        os.utime(folder / "x", (1, 1))

    def both(folder: Path) -> tuple[str, str]:
        paths = [folder / "x", folder / "absent"]
        return tuple(raw_fingerprint(paths, folder, with_time=timed) for timed in (False, True))  # type: ignore[return-value]

    assert both(first) == both(second)
    os.utime(second / "x", (2, 2))
    assert both(first)[0] == both(second)[0]
    assert both(first)[1] != both(second)[1]
    (second / "x").write_bytes(b"1234")
    assert both(first)[0] != both(second)[0]


def test_a_folder_of_several_sources_is_entered_by_id(raw: Path, tmp_path: Path) -> None:
    assert source_folder(get_source("drive"), raw) == raw / "drive"
    assert source_folder(get_source("drive"), tmp_path) == tmp_path
