"""Official lists and tables, as published and as programs save them again; and what is no list."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_datasets.errors import TableError
from cosmos_datasets.noticing import noticing
from cosmos_datasets.tables import (
    file_name,
    find_list,
    notice_absent,
    plain_name,
    read_names,
    read_table,
    read_text,
    unnamed,
)

_ROWS = [{"image_id": "s0000", "split": "train"}, {"image_id": "s0011", "split": "test"}]
_PLAIN = "image_id;age;study_type;split\ns0000;60;ct abdomen;train\ns0011;;ct, thorax;test\n"
_COMMAS = "age,image_id,split,note\n60,s0000,train,\n,s0011,test,a;b\n"
_QUOTED = '"image_id","study","split"\n"s0000","ct, abdomen","train"\n"s0011","a ""b""","test"\n'
_VARIANTS = {
    "as published": _PLAIN.encode(),
    "with a mark": codecs.BOM_UTF8 + _PLAIN.encode(),
    "Windows": _PLAIN.replace("\n", "\r\n").encode(),
    "old Mac": _PLAIN.replace("\n", "\r").encode(),
    "without a last line end": _PLAIN.strip().encode(),
    "UTF-16": _PLAIN.encode("utf-16"),
    "UTF-16 big": codecs.BOM_UTF16_BE + _PLAIN.encode("utf-16-be"),
    "UTF-16 without mark": _PLAIN.encode("utf-16-le"),
    "Latin letters": _PLAIN.replace("abdomen", "Bäuche").encode("cp1252"),
    "commas": _COMMAS.encode(),
    "tabs": _PLAIN.replace(";", "\t").encode(),
    "bars": _PLAIN.replace(";", "|").encode(),
    "quotes": _QUOTED.encode(),
    "quoted lines": "".join(f'"{line}"\n' for line in _PLAIN.splitlines()).encode(),
    "an odd quote": _PLAIN.replace("ct abdomen", '5" abdomen').encode(),
    "blank lines": ("\n\n" + _PLAIN.replace("\n", "\n \n")).encode(),
    "blanks": _PLAIN.replace(";", " ; ").encode(),
    "capitals": _PLAIN.replace("image_id", "Image_ID").replace("split", "SPLIT").encode(),
    "trailing columns": "".join(f"{line};;;\n" for line in _PLAIN.splitlines()).encode(),
}


@pytest.mark.parametrize("variant", _VARIANTS)
def test_a_table_saved_by_any_program_is_the_same_table(variant: str, tmp_path: Path) -> None:
    path = tmp_path / "meta.csv"
    path.write_bytes(_VARIANTS[variant])
    with noticing() as noticed:
        assert read_table(path, "image_id", "split") == _ROWS
    assert noticed.tables == [path]


_CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=9).map(str.strip)


@given(rows=st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=5), delimiter=st.sampled_from(",;\t|"))
def test_whatever_csv_writes_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("b", "a"), *rows])
    path = Path("unused")
    wanted = [{"a": a, "b": b} for b, a in rows if a or b]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cosmos_datasets.tables.read_text", lambda _: stream.getvalue().replace("\r\n", "\n"))
        if wanted:
            assert read_table(path, "a", "b") == wanted
        else:
            with pytest.raises(TableError, match="no rows"):
                read_table(path, "a", "b")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b" \r\n\n", "nothing where a text"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\n  <html lang='en'>", "a web page"),
        (b"PK\x03\x04\x14\0\x06\0", "binary data"),  # a spreadsheet itself
        (b"image_id;age\ns0000;3\n", "no column image_id or split; its first line is 'image_id;age'"),
        (b"image_id;split;split\ns0000;a;b\n", "no column"),
        (b"image_id;split\n", "a head and no rows"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (bytes(range(128, 256)), "no column"),
    ],
)
def test_what_is_no_table_is_refused_by_name(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "meta.csv"
    path.write_bytes(content)
    with noticing(), pytest.raises(TableError, match=reason) as error:
        read_table(path, "image_id", "split")
    assert str(path) in str(error.value)


def test_a_list_that_is_missing_or_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(TableError, match=str(path)):
            read_text(path)


def test_names_of_a_list(tmp_path: Path) -> None:
    path = tmp_path / "test.txt"
    path.write_bytes(b'\xef\xbb\xbfp1\r\n\r\n images\\P2.jpg \r\n"a/b/p3.nii.gz"\r\np4,1\r\n./p5\t0\r\n')
    assert read_names(path) == ["p1", "p2", "p3", "p4", "p5"]


def test_files_that_cells_name() -> None:
    assert [file_name(text) for text in ("a/B.jpg", "a\\B.jpg", ' "B.jpg" ', "B.jpg")] == ["B.jpg"] * 4
    assert plain_name("x\\S0001.nii.gz") == "s0001"


def test_a_list_is_found_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "Test.TXT").touch()
    assert find_list(tmp_path, "test.txt") == tmp_path / "Test.TXT"
    (tmp_path / "test.txt").symlink_to("gone")
    assert find_list(tmp_path, "test.txt") == tmp_path / "test.txt"
    assert find_list(tmp_path, "train.txt") is None
    assert find_list(tmp_path / "none", "train.txt") is None


def test_what_a_list_does_not_name_and_what_is_not_here() -> None:
    assert unnamed("t.csv", {"a", "b", "z"}, ["a", "b", "c"]) == ["c"]
    assert unnamed("t.csv", {"a", "b", "z"}, []) == []
    with noticing() as noticed:
        notice_absent("t.csv", {"a", "b", "z"}, ["a", "b", "c"])
    assert [(one.what, one.where) for one in noticed.findings] == [
        ("t.csv names what is not here; is the download partial?", "z")
    ]
    with pytest.raises(TableError, match=r"t\.csv does not name 2 of the 3 that are here \(b, c\)"):
        unnamed("t.csv", {"a"}, ["a", "b", "c"])
