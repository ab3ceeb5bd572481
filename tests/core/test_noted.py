"""Notes in JSON that are damaged, hostile, or of something else: one error that names the file."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.noted import misfits, read_noted


@dataclass
class _Inner:
    name: str
    number: float = 0.0
    table: dict[str, list[int]] = field(default_factory=dict)


class _Note(TypedDict):
    text: str | None
    inner: NotRequired[_Inner]


@pytest.mark.parametrize(
    ("value", "misfit"),
    [
        ({"text": None}, ""),
        ({"text": "a", "inner": {"name": "b", "number": 1, "table": {"c": [1]}, "further": {}}}, ""),
        ([], "it is no object"),
        ({}, "it lacks text"),
        ({"text": 1}, "text is no text or null"),
        ({"text": "", "inner": {}}, "inner lacks name"),
        ({"text": "", "inner": {"name": "", "number": True}}, "number is no number"),
        (
            {"text": "", "inner": {"name": "", "table": {"c": [1.5]}}},
            "an entry of an entry of table is no whole number",
        ),
    ],
)
def test_the_first_misfit_is_told(value: Any, misfit: str) -> None:
    assert next(misfits(value, _Note), "") == misfit


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.sampled_from(["text", "inner", "name", "table"]), part),
)


@given(_JSON)
def test_what_has_no_misfit_is_of_its_shape(value: Any) -> None:
    if not any(misfits(value, _Note)):
        assert isinstance(value["text"], str | None)
        assert isinstance(value.get("inner", {"name": ""})["name"], str)


_BROKEN = {
    "deep": b"[" * 100_000,
    "no UTF-8": b'{"text": "\xff"}',
    "empty": b"",
    "NUL": b"\0" * 100,
    "another": b'{"text": 5}',
    "a long number": b'{"text": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("content", _BROKEN.values(), ids=_BROKEN)
def test_damaged_notes_are_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(CosmosError, match=r"run\.json: cannot be read \(.+\); make it again\.$") as caught:
        read_noted(path, _Note, "make it again")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "nothing"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "run.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    with pytest.raises(CosmosError, match=r"run\.json: cannot be read"):
        read_noted(path, _Note, "make it again")
