"""Downloading one file from a real server on loopback."""

import hashlib
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_server import Served, serving

from cosmos_datasets.download import fetch as fetch_module
from cosmos_datasets.download.fetch import fetch, file_name
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.source import Download

_BODY = bytes(range(256)) * 20_000
_CHUNK = 65_536  # what is received is kept in these
_SHA256 = hashlib.sha256(_BODY).hexdigest()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(fetch_module, "_PAUSES", (0, 0))
    with serving(data__bin=_BODY) as server:
        yield server


def _file(served: Served, **facts: object) -> Download:
    return Download(served.url("data.bin"), **facts)  # type: ignore[arg-type]


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole(served: Served, tmp_path: Path) -> None:
    assert fetch(_file(served, sha256=_SHA256, size=len(_BODY)), tmp_path / "data.bin") == _SHA256
    assert (tmp_path / "data.bin").read_bytes() == _BODY
    assert _files(tmp_path) == ["data.bin"]


def test_a_broken_connection_goes_on_where_it_broke(served: Served, tmp_path: Path) -> None:
    served.cut = [20 * _CHUNK, 30 * _CHUNK]
    assert fetch(_file(served), tmp_path / "data.bin") == _SHA256
    assert [wanted for _, wanted in served.asked] == [None, f"bytes={20 * _CHUNK}-", f"bytes={50 * _CHUNK}-"]


def test_a_server_that_keeps_failing_leaves_what_came_for_the_next_call(served: Served, tmp_path: Path) -> None:
    served.cut, served.statuses = [10 * _CHUNK], [200, 503, 503, 503]
    with pytest.raises(CosmosError, match="What was received is kept"):
        fetch(_file(served), tmp_path / "data.bin")
    assert (tmp_path / "data.bin.part").stat().st_size == 10 * _CHUNK
    assert fetch(_file(served), tmp_path / "data.bin") == _SHA256
    assert served.asked[-1][1] == f"bytes={10 * _CHUNK}-"
    assert _files(tmp_path) == ["data.bin"]


def test_a_server_without_ranges_sends_everything_again(served: Served, tmp_path: Path) -> None:
    served.cut, served.ranges = [1_000_000], False
    assert fetch(_file(served), tmp_path / "data.bin") == _SHA256


def test_a_file_that_changed_meanwhile_is_begun_anew(served: Served, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").write_bytes(b"the beginning of another version")
    (tmp_path / "data.bin.part.tag").write_text('"other"')
    assert fetch(_file(served), tmp_path / "data.bin") == _SHA256


def test_a_part_that_nobody_can_vouch_for_is_begun_anew(served: Served, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").write_bytes(b"?" * 1000)
    assert fetch(_file(served), tmp_path / "data.bin") == _SHA256


def test_a_complete_part_is_taken(served: Served, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").write_bytes(_BODY)
    (tmp_path / "data.bin.part.tag").write_text(f'"{hash(_BODY)}"')
    assert fetch(_file(served), tmp_path / "data.bin") == _SHA256


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"sha256": "0" * 64}, "SHA-256 is"),
        ({"size": 17}, "17 were expected"),
    ],
)
def test_another_file_than_the_published_one_is_not_kept(
    served: Served, tmp_path: Path, facts: dict[str, object], reason: str
) -> None:
    with pytest.raises(CosmosError, match=reason):
        fetch(_file(served, **facts), tmp_path / "data.bin")
    assert _files(tmp_path) == []


def test_a_missing_file_is_an_error_at_once(served: Served, tmp_path: Path) -> None:
    with pytest.raises(CosmosError, match="404"):
        fetch(Download(served.url("gone.zip")), tmp_path / "gone.zip")
    assert len(served.asked) == 1


def test_a_web_page_instead_of_the_file(served: Served, tmp_path: Path) -> None:
    served.content_type = "text/html; charset=utf-8"
    with pytest.raises(CosmosError, match="a web page came instead"):
        fetch(_file(served), tmp_path / "data.bin")
    assert _files(tmp_path) == []


def test_nobody_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "_PAUSES", (0,))
    with serving() as server:
        url = server.url("data.bin")
    with pytest.raises(CosmosError, match="the connection fails"):
        fetch(Download(url), tmp_path / "data.bin")


def test_a_full_disk_is_told_before_anything_is_written(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(fetch_module.shutil, "disk_usage", lambda _: usage(10, 9, 1000))
    with pytest.raises(CosmosError, match="GB are free"):
        fetch(_file(served), tmp_path / "data.bin")
    assert _files(tmp_path) == []


def test_names_come_from_the_address_unless_given() -> None:
    assert file_name(Download("https://example.org/a%20b/c%20d.zip?download=1")) == "c d.zip"
    assert file_name(Download("https://example.org/files/123", name="data.zip")) == "data.zip"
    assert file_name(Download("https://example.org/..%2f..%2fevil.zip")) == "evil.zip"


def test_what_came_before_is_not_written_through(served: Served, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "raw"
    folder.mkdir()
    (folder / "data.bin.part").symlink_to(outside)
    (folder / "data.bin.part.tag").symlink_to(outside)
    assert fetch(_file(served), folder / "data.bin") == _SHA256
    assert not outside.exists()


def test_a_redirect_is_followed_and_another_host_is_told(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served.moved = {"old.bin": "/data.bin", "far.bin": served.url("data.bin").replace("127.0.0.1", "localhost")}
    assert fetch(Download(served.url("old.bin")), tmp_path / "near") == _SHA256
    assert capsys.readouterr().err == ""
    hosts: list[str] = []
    assert fetch(Download(served.url("far.bin")), tmp_path / "far", led_to=hosts.append) == _SHA256
    assert hosts == ["localhost"]
    assert capsys.readouterr().err == "127.0.0.1 leads to localhost\n"


def test_https_never_goes_on_without_it(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served.moved = {"safe.bin": served.url("data.bin")}
    get = fetch_module.requests.get

    def as_if_safe(url: str, **kwargs: object) -> object:
        return get(url.replace("https:", "http:"), **kwargs)

    monkeypatch.setattr(fetch_module.requests, "get", as_if_safe)
    with pytest.raises(CosmosError, match="leads away from https, to http://127"):
        fetch(Download(served.url("safe.bin").replace("http:", "https:")), tmp_path / "data.bin")
    served.moved = {"file.bin": "file:///etc/hostname", "round.bin": "/round.bin"}
    with pytest.raises(CosmosError, match="leads away from https, to file:"):
        fetch(Download(served.url("file.bin")), tmp_path / "data.bin")
    with pytest.raises(CosmosError, match="without an end"):
        fetch(Download(served.url("round.bin")), tmp_path / "data.bin")
    assert _files(tmp_path) == []
