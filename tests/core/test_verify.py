import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from cosmos_datasets.build import verify as verify_module
from cosmos_datasets.build.files import file_sha256
from cosmos_datasets.build.manifest import read_manifest, write_manifest
from cosmos_datasets.build.readme import render_readme
from cosmos_datasets.build.run import build
from cosmos_datasets.build.verify import verify
from cosmos_datasets.encoding import decode_mask, encode_mask
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.load.rows import as_array
from cosmos_datasets.registry import get_source

_SHARD = "msd/ct/train-00000-of-00001.parquet"


def _found(folder: Path, *, deep: bool = False) -> list[tuple[str, str]]:
    return [(problem.path, problem.message) for problem in verify(folder, deep=deep).problems]


def test_a_fresh_data_set_is_well(built: Path) -> None:
    result = verify(built, deep=True)
    assert result.problems == []
    manifest = read_manifest(built)
    shards = [shard for entry in manifest.sources.values() for shard in entry.shards]
    assert (result.shards, result.images, result.bytes) == (len(shards), 130, sum(shard.bytes for shard in shards))


def test_several_processes_find_the_same(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own / "data" / _SHARD).unlink()
    monkeypatch.setattr(verify_module, "_BYTES_PER_WORKER", 1)
    assert verify(own, workers=2).problems == verify(own).problems != []


@pytest.mark.parametrize("base", ["data", "index"])
def test_missing_and_changed_files(own: Path, base: str) -> None:
    path = own / base / _SHARD
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    ((name, message),) = _found(own)
    assert name == f"{base}/{_SHARD}"
    assert message.startswith("differs from the manifest (sha256")
    path.unlink()
    assert (f"{base}/{_SHARD}", "is missing") in _found(own)


def test_what_it_names_can_be_mended_by_building_again(own: Path, raw: Path) -> None:
    path = own / "data" / _SHARD
    path.write_bytes(bytes(reversed(path.read_bytes())))
    (problem,) = verify(own).problems
    assert problem.source == "msd"
    (own / problem.path).unlink()
    build(get_source(problem.source), raw, own)
    assert verify(own, deep=True).problems == []


def test_a_file_left_over_would_be_loaded(own: Path) -> None:
    stray = own / "data" / "msd" / "ct" / "train-00001-of-00002.parquet"
    stray.write_bytes((own / "data" / _SHARD).read_bytes())
    ((name, message),) = _found(own)
    assert name == stray.relative_to(own).as_posix()
    assert "in no entry of manifest.json" in message


def test_the_readme_has_to_fit(own: Path) -> None:
    readme = own / "README.md"
    text = readme.read_text()
    readme.write_text(text.replace("data/drive/*/train-*.parquet", "data/drive/*/*.parquet"))
    assert _found(own) == [("README.md", "does not list the configurations of manifest.json; load_dataset reads it")]
    readme.write_text(text.replace("description: files ", "description: files 0"))
    assert _found(own) == [("README.md", "is older than the shards; load_dataset could answer from an old cache")]
    readme.write_text("# mine")
    assert len(_found(own)) == 1
    readme.unlink()
    assert len(_found(own)) == 1


def _replace(own: Path, base: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Rewrite a file as somebody who knows the checksums would."""
    path = own / base / _SHARD
    pq.write_table(change(pq.read_table(path)), path)
    manifest = read_manifest(own)
    shards = manifest.sources["msd"].shards
    (at,) = (number for number, shard in enumerate(shards) if shard.path == f"data/{_SHARD}")
    digest = file_sha256(path)
    shards[at] = dataclasses.replace(shards[at], **{"sha256" if base == "data" else "index_sha256": digest})
    write_manifest(own, manifest)
    (own / "README.md").write_text(render_readme(manifest))


def _with(table: pa.Table, name: str, values: list[object]) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))


def test_schema_and_row_counts(own: Path) -> None:
    _replace(own, "data", lambda table: table.drop_columns("fold"))
    assert _found(own) == [(f"data/{_SHARD}", "has another schema than this version writes")]


def test_row_counts_of_both_files(own: Path) -> None:
    _replace(own, "data", lambda table: table.slice(1))
    _replace(own, "index", lambda table: table.slice(1))
    messages = dict(_found(own))
    assert messages[f"data/{_SHARD}"] == "holds 35 rows, the manifest says 36"
    assert messages[f"index/{_SHARD}"].startswith(("holds 49 rows", "does not agree"))


def test_an_index_that_does_not_agree(own: Path) -> None:
    _replace(own, "index", lambda table: _with(table, "area", [51, *table["area"].to_pylist()[1:]]))
    assert _found(own) == [(f"index/{_SHARD}", f"does not agree with data/{_SHARD}")]


@pytest.mark.parametrize("where", ["the same shard", "another shard"])
def test_an_image_that_is_there_twice(own: Path, where: str) -> None:
    ids = pq.read_table(own / "data" / _SHARD)["image_id"].to_pylist()
    others = pq.read_table(own / "data" / _SHARD.replace("ct", "mri"))["image_id"].to_pylist()
    twice = ids[-1] if where == "the same shard" else others[0]
    _replace(own, "data", lambda table: _with(table, "image_id", [twice, *ids[1:]]))
    found = [message for _, message in _found(own) if "more than one row" in message]
    assert found == [f"{twice} lies in more than one row"] * 2


def test_a_group_in_two_folds(own: Path) -> None:
    def moved(table: pa.Table) -> pa.Table:
        folds = table["fold"].to_pylist()
        return _with(table, "fold", [(folds[0] + 1) % 5, *folds[1:]])

    _replace(own, "data", moved)
    messages = [message for _, message in _found(own, deep=True)]
    assert any("lies in several splits or folds" in message for message in messages)
    assert any("is not that of its group" in message for message in messages)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("split", "evil", "split is evil, its shard holds train"),
        ("modality", "CT\x1b[31m", "modality is no printable ASCII text"),
        ("spacing", [float("nan"), 1.0], "a spacing of nan mm"),
        ("slice_spacing", -1.0, "a spacing of -1 mm"),
        ("slice_index", 10**6, "slice 1000000 of"),
        ("intensity_range", [0.0, float("inf")], "the intensity range is not finite"),
        ("height", 2**30, "the image is not 1073741824 x"),
    ],
)
def test_deep_finds_fields_out_of_range(own: Path, name: str, value: object, said: str) -> None:
    _replace(own, "data", lambda table: _with(table, name, [value, *table[name].to_pylist()[1:]]))
    messages = [message for _, message in _found(own, deep=True)]
    assert any(said in message for message in messages), messages
    assert all(message.isprintable() for message in messages)


def test_a_mask_that_announces_gigabytes_is_not_decoded(own: Path) -> None:
    huge = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(huge, "PNG")

    def swapped(table: pa.Table) -> pa.Table:
        objects = table["objects"].to_pylist()
        objects[0][0]["mask"]["bytes"] = huge.getvalue()
        return _with(table, "objects", objects)

    _replace(own, "data", swapped)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cosmos_datasets.build.verify_rows.decode_mask", _decoded_small)
        messages = [message for _, message in _found(own, deep=True)]
    assert any("does not fit its box, area or image" in message for message in messages)


def _decoded_small(data: bytes) -> object:
    assert len(data) < 10_000, "the hostile mask was decoded"
    return decode_mask(data)


def test_only_deep_looks_at_pixels(own: Path) -> None:
    def inverted(table: pa.Table) -> pa.Table:
        objects = table["objects"].to_pylist()
        one = objects[0][0]
        one["mask"]["bytes"] = encode_mask(~as_array(one["mask"]))
        return _with(table, "objects", objects)

    _replace(own, "data", inverted)
    assert _found(own) == []
    messages = [message for _, message in _found(own, deep=True)]
    assert "holds other pixels or metadata than the manifest's content digest says" in messages
    assert any("does not fit its box, area or image" in message for message in messages)


def test_a_folder_without_a_manifest(raw: Path, own: Path) -> None:
    with pytest.raises(CosmosError, match="is not a built data set"):
        verify(raw)
    (own / "manifest.json").write_text("{")
    with pytest.raises(CosmosError, match=r"manifest\.json: cannot be read"):
        verify(own)
