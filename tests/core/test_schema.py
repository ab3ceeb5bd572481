"""One row, as Arrow, as parquet and as ``datasets`` features."""

import io
import json
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cosmos_datasets.encoding import encode_image, encode_mask
from cosmos_datasets.schema import DICTIONARY_COLUMNS, INDEX_SCHEMA, MEDIA_COLUMNS, ROW_SCHEMA

_IMAGE = datasets.Image()
FEATURES = datasets.Features(
    {
        "image": _IMAGE,
        "objects": datasets.List(
            {
                "mask": _IMAGE,
                "object": datasets.Value("string"),
                "label": datasets.Value("string"),
                "instance": datasets.Value("int32"),
                "rater": datasets.Value("int32"),
                "area": datasets.Value("int32"),
                "bbox": datasets.List(datasets.Value("int32"), length=4),
            }
        ),
        **{
            name: datasets.Value("string")
            for name in ("modality", "source", "release", "case_id", "subject_id", "group_id", "image_id", "split")
        },
        "fold": datasets.Value("int8"),
        "height": datasets.Value("int32"),
        "width": datasets.Value("int32"),
        "plane": datasets.Value("string"),
        "slice_index": datasets.Value("int32"),
        "n_slices": datasets.Value("int32"),
        "spacing": datasets.List(datasets.Value("float32"), length=2),
        "slice_spacing": datasets.Value("float32"),
        "intensity_range": datasets.List(datasets.Value("float32"), length=2),
    }
)


def _row() -> dict[str, Any]:
    mask = np.ones((3, 4), bool)
    one = {
        "mask": {"bytes": encode_mask(mask), "path": None},
        "object": "liver",
        "label": "liver",
        "instance": 0,
        "rater": -1,
        "area": 12,
        "bbox": [1, 2, 4, 4],
    }
    image = {"bytes": encode_image(np.zeros((6, 7), np.uint8)), "path": None}
    texts = {name: name for name in ROW_SCHEMA.names if ROW_SCHEMA.field(name).type == pa.string()}
    numbers = {"fold": 3, "height": 6, "width": 7, "slice_index": -1, "n_slices": 1}
    geometry = {"spacing": None, "slice_spacing": None, "intensity_range": [0.0, 255.0]}
    return {"image": image, "objects": [one], **texts, **numbers, **geometry}


def test_datasets_reads_the_features_from_the_schema() -> None:
    assert datasets.Features.from_arrow_schema(ROW_SCHEMA) == FEATURES
    assert list(datasets.Features.from_arrow_schema(ROW_SCHEMA)) == ROW_SCHEMA.names


def test_schema_is_what_datasets_would_write() -> None:
    written = FEATURES.arrow_schema
    assert written.names == ROW_SCHEMA.names
    assert json.loads(written.metadata[b"huggingface"]) == json.loads(ROW_SCHEMA.metadata[b"huggingface"])
    for name in set(ROW_SCHEMA.names) - {"image", "objects"}:
        assert written.field(name).type == ROW_SCHEMA.field(name).type


def test_row_survives_parquet_and_decodes() -> None:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([_row()], schema=ROW_SCHEMA), stream)
    table = pq.read_table(pa.BufferReader(stream.getvalue()))
    assert datasets.Features.from_arrow_schema(table.schema) == FEATURES
    assert table.to_pylist() == [_row()]
    (decoded,) = datasets.Dataset(table)
    assert decoded["image"].size == (7, 6)
    assert decoded["objects"][0]["mask"].mode == "1"
    assert decoded["spacing"] is None


def test_index_has_the_fields_of_rows_and_masks_without_pixels() -> None:
    features = datasets.Features.from_arrow_schema(INDEX_SCHEMA)
    assert not {"image", "mask", "objects"} & set(features)
    for name in set(features) & set(FEATURES):
        assert features[name] == FEATURES[name]
    for name in ("object", "label", "instance", "rater", "area", "bbox"):
        assert features[name] == FEATURES["objects"].feature[name]
    assert {"shard", "row_group", "row"} <= set(features)


@pytest.mark.parametrize("column", [*DICTIONARY_COLUMNS, *MEDIA_COLUMNS])
def test_special_columns_exist(column: str) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(ROW_SCHEMA.empty_table(), sink)
    parsed = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    assert column in {parsed.column(number).path for number in range(len(parsed.names))}
