from pathlib import Path

import pyarrow.parquet as pq
import pytest
from trees import files, temporaries

from cosmos_datasets.build import seal as seal_module
from cosmos_datasets.build.files import combine, file_sha256
from cosmos_datasets.build.plan import Shard, plan_shards
from cosmos_datasets.build.seal import read_sealed, seal
from cosmos_datasets.build.spool import read_spool, spool_path, spool_study
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.registry import get_source
from cosmos_datasets.schema import INDEX_SCHEMA, MEDIA_COLUMNS, ROW_SCHEMA


@pytest.fixture
def spooled(raw: Path, tmp_path: Path) -> tuple[Shard, dict[str, Path]]:
    source = get_source("msd")
    shard = next(shard for shard in plan_shards("msd", source.cases(raw / "msd")) if shard.modality == "CT")
    spool_study(source, shard.cases, Intensity(), raw, tmp_path / "spool")
    return shard, {case.case_id: spool_path(tmp_path / "spool", case, raw) for case in shard.cases}


def test_shard_index_and_note_agree(spooled: tuple[Shard, dict[str, Path]], tmp_path: Path) -> None:
    shard, paths = spooled
    staging = tmp_path / "staging"
    entry = seal(shard, paths, {"x/broken": "why"}, staging)
    rows = [row for path in paths.values() for row in read_spool(path)[0]]
    stored = pq.read_table(staging / entry.path)
    assert stored.to_pylist() == rows
    assert stored.schema.equals(ROW_SCHEMA)
    index = pq.read_table(staging / entry.index)
    assert index.schema.equals(INDEX_SCHEMA)
    assert index.num_rows == entry.masks == sum(len(row["objects"]) for row in rows)
    assert entry.instances == 0
    assert (entry.rows, entry.cases, entry.modality, entry.split) == (len(rows), len(shard.cases), "CT", "train")
    assert entry.digest == combine(digest for path in paths.values() for digest in read_spool(path)[1].digests)
    assert entry.sha256 == file_sha256(staging / entry.path)
    assert entry.bytes == (staging / entry.path).stat().st_size
    assert entry.broken == {"x/broken": "why"}
    assert read_sealed(staging, shard) == entry
    assert temporaries(staging) == []


def test_the_index_leads_to_its_row(
    spooled: tuple[Shard, dict[str, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal_module, "ROW_GROUP_BYTES", 5000)
    shard, paths = spooled
    entry = seal(shard, paths, {}, tmp_path)
    file = pq.ParquetFile(tmp_path / entry.path)
    assert file.num_row_groups > 3
    for mask in pq.read_table(tmp_path / entry.index).to_pylist():
        assert mask["shard"] == entry.path
        row = file.read_row_group(mask["row_group"]).slice(mask["row"], 1).to_pylist()[0]
        assert row["image_id"] == mask["image_id"]
        assert any(
            all(one[name] == mask[name] for name in ("label", "object", "area", "bbox")) for one in row["objects"]
        )


def test_media_are_stored_plain_with_a_page_index(spooled: tuple[Shard, dict[str, Path]], tmp_path: Path) -> None:
    shard, paths = spooled
    entry = seal(shard, paths, {}, tmp_path)
    group = pq.ParquetFile(tmp_path / entry.path).metadata.row_group(0)
    columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
    assert {name for name, column in columns.items() if column.compression == "UNCOMPRESSED"} == set(MEDIA_COLUMNS)
    assert all(column.has_offset_index for column in columns.values())


def test_sealing_twice_gives_the_same_bytes(spooled: tuple[Shard, dict[str, Path]], tmp_path: Path) -> None:
    shard, paths = spooled
    for name in ("one", "two"):
        seal(shard, paths, {}, tmp_path / name)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_an_interrupted_shard_is_not_sealed(
    spooled: tuple[Shard, dict[str, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard, paths = spooled

    def stop(_: Path) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(seal_module, "file_sha256", stop)
    with pytest.raises(KeyboardInterrupt):
        seal(shard, paths, {}, tmp_path / "staging")
    assert read_sealed(tmp_path / "staging", shard) is None
    assert files(tmp_path / "staging") == {}
