"""One row of the data set, as Arrow and as ``datasets`` features."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

_IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
_MASK = pa.struct(
    {
        "mask": _IMAGE,
        "object": pa.string(),
        "label": pa.string(),
        "instance": pa.int32(),
        "rater": pa.int32(),
        "area": pa.int32(),
        "bbox": pa.list_(pa.int32(), 4),
    }
)
_FIELDS: dict[str, pa.DataType] = {
    "image": _IMAGE,
    "objects": pa.list_(_MASK),
    "modality": pa.string(),
    "source": pa.string(),
    "release": pa.string(),
    "case_id": pa.string(),
    "subject_id": pa.string(),
    "group_id": pa.string(),
    "image_id": pa.string(),
    "split": pa.string(),
    "fold": pa.int8(),
    "height": pa.int32(),
    "width": pa.int32(),
    "plane": pa.string(),
    "slice_index": pa.int32(),
    "n_slices": pa.int32(),
    "spacing": pa.list_(pa.float32(), 2),
    "slice_spacing": pa.float32(),
    "intensity_range": pa.list_(pa.float32(), 2),
}
_INDEX_FIELDS: dict[str, pa.DataType] = {
    **{name: _FIELDS[name] for name in ("image_id", "source", "modality")},
    **{name: _MASK.field(name).type for name in ("object", "label", "instance", "rater", "area", "bbox")},
    **{name: _FIELDS[name] for name in ("case_id", "group_id", "split", "fold", "height", "width")},
    "shard": pa.string(),
    "row_group": pa.int32(),
    "row": pa.int32(),
}
#: Short repeated strings are stored once a page; media are compressed already.
DICTIONARY_COLUMNS = [
    *("modality", "source", "release", "case_id", "subject_id", "group_id", "split", "plane"),
    *("objects.list.element.object", "objects.list.element.label"),
]
MEDIA_COLUMNS = ["image.bytes", "objects.list.element.mask.bytes"]


_DTYPES = {pa.float32(): "float32"}  # the one type here that Arrow names otherwise than `datasets`


def _feature(kind: pa.DataType) -> Any:
    """The ``datasets`` feature of an Arrow type, in the JSON form that parquet files carry."""
    if kind == _IMAGE:
        return {"_type": "Image"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_fixed_size_list(kind):
        return {"feature": _feature(kind.value_type), "length": kind.list_size, "_type": "List"}
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    return {"dtype": _DTYPES.get(kind, str(kind)), "_type": "Value"}


def _schema(fields: dict[str, pa.DataType]) -> pa.Schema:
    # This key is how `datasets` finds the features of a parquet file, streaming included.
    features = {name: _feature(kind) for name, kind in fields.items()}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(list(fields.items()), metadata=metadata)


#: The schema of the shards, one row an image.
ROW_SCHEMA = _schema(_FIELDS)
#: The schema of the index, one row a mask, without pixels.
INDEX_SCHEMA = _schema(_INDEX_FIELDS)
